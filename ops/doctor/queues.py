"""Checks of the OTP queue and of its dead-letter queue."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ops.aws_errors import is_absent
from ops.doctor.check import Change, Check, Result, failed, fine
from ops.doctor.context import NotAsked
from ops.errors.doctor.aws import (
    DEAD_LETTERS,
    QUEUE_IN_CLEAR,
    QUEUE_MISSING,
    REDRIVE_WRONG,
    RETENTION_SHORT,
    VISIBILITY_SHORT,
)

if TYPE_CHECKING:
    from ops.doctor.context import Context

_VISIBILITY_FACTOR = 6  # of the function's time-out: AWS's advice for event sources
_RETENTION_FACTOR = 2  # of a code's life, which an attempt may begin at the end of


def queue(context: Context) -> Result:
    """Whether the OTP queue is there."""
    return _queue(context.settings.otp_queue_url, context)


def dead_letter_queue(context: Context) -> Result:
    """Whether the dead-letter queue is there."""
    return _queue(context.settings.otp_dead_letter_queue_url, context)


def redrive(context: Context) -> Result:
    """Whether messages that fail again and again go to the dead-letter queue."""
    queue, dead = both(context)
    policy = json.loads(queue.get("RedrivePolicy") or "{}")
    if not policy:
        return failed("The OTP queue has no redrive policy.")
    if policy.get("deadLetterTargetArn") != dead["QueueArn"]:
        return failed("The OTP queue's dead letters go to another queue.")
    return fine(f"after {policy.get('maxReceiveCount')} receives")


def visibility(context: Context) -> Result:
    """Whether a message stays hidden for longer than the worker may take."""
    seconds, least = _visibility(context)
    if seconds < least:
        return failed(
            f"The OTP queue hides a message for {seconds} s, which should be {least} s, six times "
            "the worker's time-out: a code may be worked on twice.",
            seconds=str(least),
            url=context.settings.otp_queue_url,
        )
    return fine(f"{seconds} s, at least {least} s")


def fix_visibility(context: Context) -> list[Change]:
    """Set the visibility time-out to six times the worker's time-out."""
    seconds, least = _visibility(context)
    return [_attribute(context, "VisibilityTimeout", seconds, least)]


def retention(context: Context) -> Result:
    """Whether the OTP queue keeps a message for as long as its code may be sent."""
    seconds, least = _retention(context)
    if seconds < least:
        return failed(
            f"The OTP queue drops messages after {seconds} s, sooner than twice a code's life "
            f"({least} s).",
            seconds=str(least),
            url=context.settings.otp_queue_url,
        )
    return fine(f"{seconds} s")


def fix_retention(context: Context) -> list[Change]:
    """Let the OTP queue keep messages for as long as the deployment does."""
    seconds, least = _retention(context)
    return [_attribute(context, "MessageRetentionPeriod", seconds, least)]


def encryption(context: Context) -> Result:
    """Whether both queues, whose messages have numbers and codes in them, are encrypted."""
    context.need_deployment()
    for name, each in zip(("OTP", "dead-letter"), both(context), strict=True):
        if each.get("SqsManagedSseEnabled") != "true" and not each.get("KmsMasterKeyId"):
            return failed(f"The {name} queue is not encrypted.")
    return fine("both queues")


def dead_letters(context: Context) -> Result:
    """Whether messages lie in the dead-letter queue."""
    count = int(both(context)[1]["ApproximateNumberOfMessages"])
    if count:
        return failed(f"{count} in the dead-letter queue.")
    return fine("none")


def _queue(url: str, context: Context) -> Result:
    try:
        found = context.queue(url)
    except ClientError as error:
        if is_absent(error):
            return failed(f"There is no queue {url}.")
        raise
    return fine(f"{found['ApproximateNumberOfMessages']} waiting")


def both(context: Context) -> tuple[Any, Any]:
    """Return the attributes of both queues. Raises NotAsked where one is missing."""
    settings = context.settings
    try:
        return (
            context.queue(settings.otp_queue_url),
            context.queue(settings.otp_dead_letter_queue_url),
        )
    except ClientError as error:
        if is_absent(error):
            raise NotAsked("a queue is missing") from None
        raise


def _visibility(context: Context) -> tuple[int, int]:
    # The sandbox's worker has the time-out of .chalice/config.json, too.
    timeout = 60 if context.stage.is_local else int(context.worker["Timeout"])
    return int(both(context)[0]["VisibilityTimeout"]), _VISIBILITY_FACTOR * timeout


def _retention(context: Context) -> tuple[int, int]:
    least = _RETENTION_FACTOR * context.settings.code_lifetime_seconds
    return int(both(context)[0]["MessageRetentionPeriod"]), least


def _attribute(context: Context, name: str, before: int, after: int) -> Change:
    url = context.settings.otp_queue_url
    change = partial(
        context.client("sqs").set_queue_attributes, QueueUrl=url, Attributes={name: str(after)}
    )
    return Change(f"{name} of the OTP queue", f"{before} s", f"{after} s", change)


CHECKS = [
    Check("OTP queue", QUEUE_MISSING, queue),
    Check("dead-letter queue", QUEUE_MISSING, dead_letter_queue),
    Check("redrive policy", REDRIVE_WRONG, redrive),
    Check("visibility time-out", VISIBILITY_SHORT, visibility, fix_visibility),
    Check("message retention", RETENTION_SHORT, retention, fix_retention),
    Check("queue encryption", QUEUE_IN_CLEAR, encryption),
    Check("dead letters", DEAD_LETTERS, dead_letters),
]
