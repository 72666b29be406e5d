"""A batch from the queue: each message gets an outcome or goes back, none holds up another."""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from chalicelib import log
from chalicelib.otp.errors import QueueUnavailable
from chalicelib.otp.queue_messages import Group, QueuedCode, grouped
from chalicelib.otp.retry import MAX_DELAY_SECONDS, Retry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chalicelib.otp.delivery import Delivery
    from chalicelib.otp.queue_messages import OtpQueue


MAX_BATCH = 10  # the event source's `BatchSize`


@dataclass(frozen=True, slots=True)
class Worker:
    """Delivers batches; needs `seconds_for_one` of the Lambda's time for each message.

    The messages of a batch are delivered side by side: ten take as long as the slowest. Only
    those of one number and type follow each other.
    """

    delivery: Delivery
    queue: OtpQueue
    seconds_for_one: float
    threads: Executor = field(
        default_factory=lambda: ThreadPoolExecutor(MAX_BATCH, thread_name_prefix="delivery")
    )

    def handle(
        self, records: Sequence[Mapping[str, Any]], remaining_seconds: Callable[[], float]
    ) -> dict[str, list[dict[str, str]]]:
        """Deliver a batch; returns Lambda's partial batch response with what goes back."""
        batch = [QueuedCode.from_record(record) for record in records]
        deliver = partial(self._deliver, remaining_seconds=remaining_seconds)
        groups = grouped(batch)
        # Most batches are one code, which is delivered sooner without a change of threads.
        deliver_all = map if len(groups) == 1 else self.threads.map
        back = {each for group in deliver_all(deliver, groups) for each in group}
        failures = [queued.message_id for queued in batch if queued.message_id in back]
        return {"batchItemFailures": [{"itemIdentifier": each} for each in failures]}

    def _deliver(self, group: Group, remaining_seconds: Callable[[], float]) -> list[str]:
        """Deliver a group's messages; return the ids of those that go back."""
        newer = cache(lambda: self.delivery.entry_of(group.newest[0]))
        older = [(queued, newer) for queued in group.older]
        back = []
        for queued, newer_entry in [*older, *((queued, None) for queued in group.newest)]:
            retry: Retry | None = Retry(0)
            # When Lambda stops a send, its outcome stays unknown.
            if remaining_seconds() >= self.seconds_for_one:
                try:
                    retry = self.delivery.deliver(queued, remaining_seconds, newer_entry)
                except Exception as error:  # noqa: BLE001 - a bug must not hold up the others
                    log.failure("delivery_failed", error, message_id=queued.message_id)
                    retry = Retry(int(MAX_DELAY_SECONDS))
            if retry is not None:
                back.append(queued.message_id)
                self._hide(queued, retry)
        return back

    def _hide(self, queued: QueuedCode, retry: Retry) -> None:
        try:
            self.queue.hide(queued.receipt_handle, retry.delay_seconds)
        except QueueUnavailable as error:
            # It comes back all the same, after the queue's own time-out.
            log.failure("visibility_unchanged", error, message_id=queued.message_id)
