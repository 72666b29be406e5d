"""People, their sessions and what is kept of them: P180 to P189."""

from __future__ import annotations

from ops.errors import Problem

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
