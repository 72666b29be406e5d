"""A batch from the queue: each message gets an outcome or goes back, none holds up another."""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib import log
from chalicelib.otp.errors import QueueUnavailable
from chalicelib.otp.queue_messages import QueuedCode, Turn, turns
from chalicelib.otp.retry import MAX_DELAY_SECONDS, Retry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chalicelib.otp.delivery import Delivery


MAX_BATCH = 10  # the event source's `BatchSize`


class Visibility(Protocol):
    """The queue, as far as the worker puts messages back on it."""

    def hide(self, receipt_handle: str, seconds: int) -> None:
        """Let a message come back after `seconds`; raises QueueUnavailable."""


@dataclass(frozen=True, slots=True)
class Worker:
    """Delivers batches; needs `seconds_for_one` of the Lambda's time for each message.

    The messages of a batch are delivered side by side: ten take as long as the slowest. Only
    those of one number and type follow each other.
    """

    delivery: Delivery
    queue: Visibility
    seconds_for_one: float
    threads: Executor = field(
        default_factory=lambda: ThreadPoolExecutor(MAX_BATCH, thread_name_prefix="delivery")
    )

    def handle(
        self, records: Sequence[Mapping[str, Any]], remaining_seconds: Callable[[], float]
    ) -> dict[str, list[dict[str, str]]]:
        """Deliver a batch; returns Lambda's partial batch response with what goes back."""
        batch = [QueuedCode.from_record(record) for record in records]
        groups = self.threads.map(
            lambda group: [self._finish(turn, remaining_seconds) for turn in group], turns(batch)
        )
        back = {message_id for group in groups for message_id in group}
        failures = [queued.message_id for queued in batch if queued.message_id in back]
        return {"batchItemFailures": [{"itemIdentifier": each} for each in failures]}

    def _finish(self, turn: Turn, remaining_seconds: Callable[[], float]) -> str | None:
        """Deliver one message; return its id where it goes back."""
        # A send that Lambda cuts off is one whose outcome nobody knows.
        if remaining_seconds() < self.seconds_for_one:
            retry: Retry | None = Retry(0)
        else:
            retry = self._deliver(turn, remaining_seconds)
        if retry is None:
            return None
        self._put_back(turn.queued, retry)
        return turn.queued.message_id

    def _deliver(self, turn: Turn, remaining_seconds: Callable[[], float]) -> Retry | None:
        try:
            return self.delivery.deliver(turn.queued, remaining_seconds, turn.newer)
        except Exception as error:  # noqa: BLE001 - one message's bug must not hold up the others
            log.failure("delivery_failed", error, message_id=turn.queued.message_id)
            return Retry(int(MAX_DELAY_SECONDS))

    def _put_back(self, queued: QueuedCode, retry: Retry) -> None:
        try:
            self.queue.hide(queued.receipt_handle, retry.delay_seconds)
        except QueueUnavailable as error:
            # It comes back all the same, after the queue's own time-out.
            log.failure("visibility_unchanged", error, message_id=queued.message_id)
