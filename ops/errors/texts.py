"""The texts of the messages, and their import: P030 to P039."""

from __future__ import annotations

from ops.errors import Problem

TEXT_USELESS = Problem(
    "P030",
    "A text can't be used.",
    "Nobody could sign in with it: {{code}} is missing, or it is longer than the 1,600 characters "
    "that Twilio takes. Nothing was changed.",
    "portaria texts lint --folder {folder}",
)
TEXT_UNKNOWN = Problem(
    "P031",
    "There is no such text.",
    "A text is named by its usage type and, for another language than the default one, its "
    "locale: SignIn, or SignIn/pt-BR.",
    "portaria texts list --stage {stage}",
)
NO_TEXTS = Problem(
    "P032",
    "There are no texts.",
    "Texts are files called SignIn.txt or, in another language, SignIn.pt-BR.txt in one folder; in "
    "a stage they are the SSM parameters under templates/.",
    "portaria texts pull --stage {stage}",
)
CONNECTOR_UNREADABLE = Problem(
    "P033",
    "This is no configuration of Logto's Twilio connector.",
    "What is imported is JSON as Logto's Management API has it: the answer of GET /api/connectors, "
    "one connector in it, or its `config` with accountSID, authToken and templates.",
    "portaria texts import --help",
)
