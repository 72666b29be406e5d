"""One-time codes, sent and traced: P040 to P049, and P059 to P069."""

from __future__ import annotations

from ops.errors import Problem, Status

NOT_A_NUMBER = Problem(
    "P040",
    "That can't be a phone number.",
    "A number is written with all of its digits and its country code.",
    "portaria {command}",
    Status.USAGE,
)
TEST_NOT_DELIVERED = Problem(
    "P059",
    "The test message did not arrive.",
    "The code's steps show how far it came: through Logto's connector, the queue, the worker, "
    "Twilio and the carrier.",
    "portaria trace NUMBER --stage {stage}",
)
CODE_REFUSED = Problem(
    "P060",
    "The application did not accept the code.",
    "It answers as it answers Logto's connector: 401 where the Authorization value in SSM was just "
    "changed, 403 and 429 where the country, the kind of number or a limit holds the code back, "
    "503 where the queue or the limits can't be reached.",
    "portaria doctor --stage {stage}",
)
APPLICATION_UNREACHABLE = Problem(
    "P061",
    "The application does not answer.",
    "PUBLIC_URL or the stack's address leads nowhere, or the function fails before it answers.",
    "portaria doctor --stage {stage}",
    Status.UNREACHABLE,
)
STAGE_INCOMPLETE = Problem(
    "P062",
    "The stage lacks what is needed to send a code.",
    "A code needs the application's address, the connector's Authorization value and Twilio's "
    "account.",
    "portaria setup --stage {stage}",
)
