"""Dead letters, a stage's logs and support bundles: P170 to P179."""

from __future__ import annotations

from ops.errors import Problem, Status

LEDGER_STILL_AWAY = Problem(
    "P170",
    "The ledger can't be read, so nothing was put back.",
    "Without the ledger the worker can't send a code nor record what became of it: the message "
    "would come back here after 50 receives.",
    "portaria doctor --stage {stage}",
    Status.UNREACHABLE,
)
REFERENCE_WRONG = Problem(
    "P171",
    "That can't be a reference.",
    "References, message ids and SIDs are 8 to 64 letters, digits and hyphens.",
    "portaria {command}",
    Status.USAGE,
)
REFERENCE_NOT_FOUND = Problem(
    "P172",
    "The logs don't have this reference.",
    "It may be misread, another stage's, or older than what was searched. CloudWatch shows a line "
    "up to half a minute after it was written.",
    "portaria {command} --days 90",
)
BUNDLE_EXISTS = Problem(
    "P173",
    "There is such a file already.",
    "An archive is never written over.",
    "portaria {command} --out ANOTHER.tar.gz",
    Status.USAGE,
)
