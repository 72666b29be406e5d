"""A stage that is watched: P160 to P169."""

from __future__ import annotations

from ops.errors import Problem

LOGS_UNKNOWN = Problem(
    "P160",
    "It is not known where the stage's logs are.",
    "The stack's outputs ApiLogGroup and WorkerLogGroup name the log groups. A stack that an older "
    "version of the project deployed does not have them.",
    "portaria deploy --stage {stage}",
)
