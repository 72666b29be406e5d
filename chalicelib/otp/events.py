"""What the worker logs: a line for each step of a code, and the metrics beside it.

Metrics go by usage type and by country, never by number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib import log
from chalicelib.otp.ledger import Outcome

if TYPE_CHECKING:
    from chalicelib.otp.errors import OtpError, RequestInvalid
    from chalicelib.otp.ledger import LedgerEntry, LedgerResult
    from chalicelib.otp.queue_messages import QueuedCode
    from chalicelib.otp.request import OtpRequest
    from chalicelib.otp.retry import Retry
    from chalicelib.otp.sender import Failure, Misconfigured


def ended(entry: LedgerEntry, result: LedgerResult, age_seconds: float) -> None:
    """Log how a code ended."""
    log.event("code_ended", **_fields(entry, result, age_seconds))
    by = {"usage_type": entry.usage_type, "region": entry.region}
    match result.outcome:
        case Outcome.REFUSED:
            log.count("Refused", **by, error_code=str(result.error_code))
        case _:
            log.count(result.outcome.value.capitalize(), **by)


def unrecorded(
    entry: LedgerEntry, result: LedgerResult, age_seconds: float, error: OtpError
) -> None:
    """Log that a code's outcome could not be written down."""
    log.failure("outcome_unrecorded", error, **_fields(entry, result, age_seconds))
    log.count("Unrecorded")


def sent_after(entry: LedgerEntry, age_seconds: float, seconds: float) -> None:
    """Log how old a code was when it was handed over, and how long the channel took."""
    by = {"usage_type": entry.usage_type, "region": entry.region}
    log.measure_seconds({"AgeAtSend": age_seconds, "TwilioLatency": seconds}, **by)


def misconfigured(queued: QueuedCode, result: Misconfigured) -> None:
    """Log that the channel refuses our account, token or sender for every message."""
    log.error("twilio_misconfigured", message_id=queued.message_id, reason=str(result))
    log.count("Misconfigured")


def postponed(
    queued: QueuedCode,
    retry: Retry,
    cause: OtpError | Failure,
    code: OtpRequest | LedgerEntry | None,
) -> None:
    """Log that a code will be tried again; without `code`, an unreadable message."""
    fields: dict[str, str | int] = {
        "message_id": queued.message_id,
        "reason": str(cause),
        "receive_count": queued.receive_count,
        "delay_seconds": retry.delay_seconds,
    }
    if isinstance(cause, Exception):
        log.failure("code_postponed", cause, **fields)
    else:
        log.error("code_postponed", error=type(cause).__name__, **fields)
    by = {"usage_type": code.usage_type, "region": code.region} if code else {}
    log.count("Retried", **by)


def waiting(queued: QueuedCode, retry: Retry) -> None:
    """Log that a code waits for another worker."""
    log.event(
        "code_waiting",
        message_id=queued.message_id,
        receive_count=queued.receive_count,
        delay_seconds=retry.delay_seconds,
    )


def had_ended(queued: QueuedCode, result: LedgerResult | None) -> None:
    """Log that a message came whose code had ended before."""
    outcome = result.outcome.value if result else None
    log.event("code_already_ended", message_id=queued.message_id, outcome=outcome)


def unreadable(queued: QueuedCode, error: RequestInvalid) -> None:
    """Log that a message went to the dead-letter queue."""
    log.warning("message_unreadable", message_id=queued.message_id, problem=error.problem)
    log.count("Poison")


def _fields(
    entry: LedgerEntry, result: LedgerResult, age_seconds: float
) -> dict[str, str | int | float | None]:
    return {
        "message_id": entry.message_id,
        "usage_type": entry.usage_type,
        "region": entry.region,
        "outcome": result.outcome.value,
        "error_code": result.error_code,
        "message_sid": result.message_sid,
        "age_seconds": round(age_seconds, 3),
    }
