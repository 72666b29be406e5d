"""Reads a snapshot of a stage, its parts side by side; a part that can't be read is left out."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ops.aws_errors import explained
from ops.dead_letters import DeadLetterQueue
from ops.doctor.context import Context, NotAsked
from ops.http_api import ApiError
from ops.stage_logs import StageLogs
from ops.status.figures import HOUR_SECONDS, CloudWatchMetrics, LoggedMetrics, by_minute
from ops.status.headroom import Quotas, limits
from ops.status.snapshot import DeadLetters, Queue, Snapshot
from ops.status.spend import bill, spend

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ops.costs.bill import Bill
    from ops.errors import OperatorError
    from ops.stage import Stage
    from ops.status.figures import Figures, Metrics
    from ops.twilio_resources import Money

HOURS = 24
_QUEUE_SECONDS = 7200  # as long as the OTP queue keeps a message
_AGE_SECONDS = 600  # SQS reports an age each minute, some minutes late
_OLDEST = "AWS/SQS", "ApproximateAgeOfOldestMessage"
_ACCEPTED, _ENDS = "code_accepted", {"code_ended", "message_unreadable"}


@dataclass
class Reader:
    """One stage, read as often as wanted."""

    context: Context
    metrics: Metrics
    logs: StageLogs
    _known_reasons: Mapping[str, int] = field(default_factory=dict, init=False)

    @classmethod
    def of(cls, stage: Stage) -> Reader:
        """Return the reader of a stage. Raises OperatorError."""
        logs, context = StageLogs.of(stage), Context(stage)
        if stage.is_local:
            return cls(context, LoggedMetrics(logs), logs)
        return cls(context, CloudWatchMetrics(context.client("cloudwatch"), stage.name), logs)

    def read(self) -> Snapshot:
        """Return a snapshot. Raises OperatorError where neither queue nor metrics can be read."""
        quotas = Quotas(self.context, lambda: self._bill)
        parts: dict[str, Callable[[], Any]] = {
            "queue": self._queue,
            "codes": self._figures,
            "dead letters": self._dead_letters,
            "reasons of dead letters": self._reasons,
            "Lambda's concurrency": quotas.concurrency,
            "SSM's calls": quotas.ssm,
            "Twilio's spend": self._spent,
            "Twilio's balance": self._balance,
        }
        with ThreadPoolExecutor(len(parts)) as threads:
            found = dict(zip(parts, threads.map(_asked, parts.values()), strict=True))
        known = {name: value for name, (value, _) in found.items()}
        failures = {name: error for name, (_, error) in found.items() if error is not None}
        if {"queue", "codes"} <= failures.keys():
            raise failures["queue"]
        unknown = {
            name: getattr(each, "detail", "") or str(each) for name, each in failures.items()
        }
        return self._snapshot(known, unknown)

    def _snapshot(self, known: Mapping[str, Any], unknown: Mapping[str, str]) -> Snapshot:
        figures: Figures | None = known["codes"]
        letters: int | None = known["dead letters"]
        now = self.context.clock()
        headroom = [] if figures is None else list(limits(self.context, figures))
        headroom += [each for each in (known["Lambda's concurrency"], known["SSM's calls"]) if each]
        money = known["Twilio's spend"], known["Twilio's balance"]
        return Snapshot(
            stage=self.context.stage.name,
            at=now,
            queue=known["queue"],
            dead_letters=None
            if letters is None
            else DeadLetters(letters, known["reasons of dead letters"]),
            figures=figures,
            headroom=headroom,
            spend=None if figures is None else spend(self._bill, figures, now, *money),
            unknown=unknown,
        )

    def _queue(self) -> Queue:
        waiting, in_flight = self._depth(self.context.settings.otp_queue_url)
        oldest = self._oldest() if waiting + in_flight else None
        return Queue(waiting, in_flight, oldest)

    def _oldest(self) -> float | None:
        now = self.context.clock()
        if not self.context.stage.is_local:
            queue = {"QueueName": self.context.settings.otp_queue_url.rpartition("/")[2]}
            cloudwatch = self.context.client("cloudwatch")
            found = by_minute(cloudwatch, _OLDEST, queue, (now - _AGE_SECONDS, now))
            return found[0] if found else None
        lines = self.logs.read(now - _QUEUE_SECONDS, events={_ACCEPTED, *_ENDS})
        # The worker may write of a code before the API does.
        ended = {line.fields.get("message_id") for line in lines if line.event in _ENDS}
        waiting = (
            now - line.at
            for line in lines
            if line.event == _ACCEPTED and line.fields.get("message_id") not in ended
        )
        return max(waiting, default=None)

    def _dead_letters(self) -> int:
        return sum(self._depth(self.context.settings.otp_dead_letter_queue_url))

    def _reasons(self) -> Mapping[str, int]:
        # Looking at a letter hides it for a moment from everybody else, `redrive` included.
        if self._dead_letters() != sum(self._known_reasons.values()):
            with DeadLetterQueue.of(self.context.stage).taken() as letters:
                reasons = Counter(letter.reason for letter in letters)
            self._known_reasons = dict(reasons.most_common())
        return self._known_reasons

    def _spent(self) -> Money | None:
        return self.context.twilio.spent_today()

    def _balance(self) -> Money:
        return self.context.twilio.balance()

    def _figures(self) -> Figures:
        now = self.context.clock()
        this_hour = now - now % HOUR_SECONDS
        return self.metrics.read(this_hour - (HOURS - 1) * HOUR_SECONDS, HOURS)

    @cached_property
    def _bill(self) -> Bill:
        return bill()

    def _depth(self, url: str) -> tuple[int, int]:
        """Return how many messages a queue shows, and how many are hidden at the moment."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        sqs = self.context.client("sqs")
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        visible, hidden = (int(found[name]) for name in names)
        return visible, hidden


def _asked(ask: Callable[[], Any]) -> tuple[Any, NotAsked | ApiError | OperatorError | None]:
    """Return what a part is, or why it can't be known."""
    try:
        return ask(), None
    except (ApiError, NotAsked) as error:
        return None, error
    except Exception as error:
        found = explained(error)
        if found is None:
            raise
        return None, found
