"""People and what is kept of them, and events that are triggered: P180 to P189."""

from __future__ import annotations

from ops.errors import Problem, Status

LOGTO_SESSIONS_NOT_ENDED = Problem(
    "P180",
    "The sessions here ended, but not all of those at Logto.",
    "Logto did not answer, or logto/management holds a credential that does not open its "
    "Management API. A device that Logto knows may be signed in again without a code. Run again, "
    "the command does the rest.",
    "portaria doctor --stage {stage}",
)
FORGET_INCOMPLETE = Problem(
    "P181",
    "Not everything could be deleted.",
    "Twilio deletes a message only minutes after its last status, and in rare cases two weeks "
    "after it; an entry stays with its message. An item that was written to at the same moment "
    "stays, too. Run again, the command does the rest.",
    "portaria forget NUMBER --stage {stage}",
)
EVENT_UNKNOWN = Problem(
    "P182",
    "There is no such event.",
    "Events are called otp.SignIn, receipt.delivered and the like; hostile stands for all that "
    "must be turned away.",
    "portaria trigger --list",
    Status.USAGE,
)
REAL_TEXT = Problem(
    "P183",
    "Nothing was posted: the stage's texts and records are real.",
    "An honest code is sent to a phone and costs money, so that it needs a number and --yes. A "
    "receipt about a message of the stage changes what the ledger says of it, and needs --yes.",
    "portaria trigger {event} --to NUMBER --yes --stage NAME",
    Status.USAGE,
)
