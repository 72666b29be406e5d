"""Test numbers and reviewers: P190 to P199."""

from __future__ import annotations

from ops.errors import Problem, Status

NOT_A_TEST_NUMBER = Problem(
    "P190",
    "This is no test number of the stage.",
    "Only the codes of the numbers in TEST_NUMBERS are kept. Those of all others go to the phone, "
    "and nothing shows them. A deployed stage has the setting in .chalice/config.json, the sandbox "
    "in the environment of `make up`.",
    "portaria trace NUMBER --stage {stage}",
    Status.USAGE,
)
NO_TEST_CODE = Problem(
    "P191",
    "There is no code for the test number.",
    "None was asked for within the life of a code, 10 minutes by default, or a limit held it back, "
    "or it was shown: a code is shown once. Of several the newest counts.",
    "portaria trace NUMBER --stage {stage}",
)
TEST_CODE_FORGED = Problem(
    "P192",
    "The code is not as the worker wrote it.",
    "Someone with write access to the ledger's table changed it. It opens with the stage's "
    "ledger-key, for its own number and message only.",
    "portaria doctor --stage {stage}",
)
TEST_NUMBERS_QUESTIONABLE = Problem(
    "P193",
    "Test numbers are not as they should be.",
    "In production, anyone who may read the stage's secrets and its ledger can sign in as the "
    "users of test numbers. In any stage, Logto's pages refuse area codes that don't exist, and "
    "ALLOWED_COUNTRIES holds for test numbers as for all others.",
    "portaria deploy --stage {stage}",
)
ONE_TIME_TOKEN_REFUSED = Problem(
    "P194",
    "Logto made no one-time token.",
    "guard.invalid_input means that the e-mail address can't be used, auth.forbidden that the "
    "credential's application lacks a role, and http.404 that this Logto has no one-time tokens.",
    "portaria doctor --stage {stage}",
)
LOGTO_CREDENTIAL_MISSING = Problem(
    "P195",
    "The stage can't ask Logto for a one-time token.",
    "It needs the application's address, and the parameter logto/management with the credential of "
    "Logto's Management API.",
    "portaria setup --stage {stage} --logto-credential FILE",
)
