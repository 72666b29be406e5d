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
