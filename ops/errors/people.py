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
