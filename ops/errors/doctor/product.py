"""What `doctor` finds in settings, secrets and texts: P100 to P115, and P154."""

from __future__ import annotations

from ops.errors import Problem

SETTINGS_WRONG = Problem(
    "P100",
    "Settings are missing or wrong.",
    "The functions can't start without them. docs/settings.md lists every one.",
    "portaria deploy --stage {stage}",
)
SETTINGS_CONTRADICT = Problem(
    "P101",
    "Settings contradict each other.",
    "A short window as long as the long one, or a limit over another, never takes effect.",
    "portaria deploy --stage {stage}",
)
COUNTRIES_OPEN = Problem(
    "P102",
    "Codes go to every country.",
    "In SMS pumping, bots have codes sent to expensive numbers abroad whose owners share in "
    "the price. ALLOWED_COUNTRIES in .chalice/config.json names the countries that your users "
    "live in.",
    "portaria deploy --stage {stage}",
)
APPLICATION_SILENT = Problem(
    "P103",
    "The application does not answer, or in another version.",
    "What is deployed is not what is here, or PUBLIC_URL is not the application's address.",
    "portaria deploy --stage {stage}",
)
SECRETS_MISSING = Problem(
    "P104",
    "Secrets are missing in SSM.",
    "The deployment makes those that can be chosen, and so does --fix; Logto's and Twilio's "
    "are put by an operator.",
    "aws ssm put-parameter --type SecureString --name {name} --value VALUE",
)
SECRETS_IN_CLEAR = Problem(
    "P105",
    "Secrets are in SSM in clear.",
    "A parameter of the type String can be read by everybody who may list parameters. SSM changes "
    "no parameter's type: delete it, and put it again as a SecureString.",
    "aws ssm delete-parameter --name {name}",
)
AUTHORIZATION_MALFORMED = Problem(
    "P106",
    "otp/authorization is malformed or short.",
    'Logto sends it with every code in the Authorization header, so it is "Bearer " and a '
    "random token. Logto's connector must get the same value.",
    "portaria setup --stage {stage}",
)
LEDGER_KEY_WRONG = Problem(
    "P107",
    "ledger-key is no key.",
    "It is base64 of 32 random bytes. A new key makes earlier codes untraceable.",
    "openssl rand -base64 32",
)
TWILIO_UNREADABLE = Problem(
    "P108",
    "The parameter twilio can't be read.",
    "It is JSON with accountSID, authToken and fromMessagingServiceSid or from, as Logto's "
    "Twilio connector has it.",
    "aws ssm put-parameter --overwrite --type SecureString --name {name} --value VALUE",
)
MANAGEMENT_UNREADABLE = Problem(
    "P109",
    "The parameter logto/management can't be read.",
    "It is JSON with id, secret and resource of a machine-to-machine application.",
    "aws ssm put-parameter --overwrite --type SecureString --name {name} --value VALUE",
)
TEXTS_MISSING = Problem(
    "P110",
    "Texts are missing.",
    "A type without a text gets Generic's, and without that no code.",
    "portaria doctor --stage {stage} --fix",
)
TEXTS_USELESS = Problem(
    "P111",
    "Texts are of no use.",
    "A text has no {{code}} in it, or is longer than the 1600 characters that Twilio takes. "
    "In SSM a placeholder is written [[code]].",
    "portaria texts lint --stage {stage}",
)
PLACEHOLDERS_UNKNOWN = Problem(
    "P112",
    "Texts have unknown placeholders.",
    "They would reach phones as they stand.",
    "portaria texts lint --stage {stage}",
)
TEXTS_LONG = Problem(
    "P113",
    "Texts take more than one SMS.",
    "Each is paid for. One character outside GSM-7 halves what fits into an SMS.",
    "portaria texts lint --stage {stage}",
)
TEXTS_TIMELESS = Problem(
    "P114",
    "Texts don't say how long a code lives.",
    "Visitors who know that a code expires ask for a new one instead of for help. {{minutes}} in "
    "the files and a push of them add it.",
    "portaria texts pull --stage {stage}",
)
LANGUAGES_INCOMPLETE = Problem(
    "P115",
    "Texts are missing in some languages.",
    "Visitors get the default language's text for some types.",
    "portaria doctor --stage {stage} --fix",
)
FIX_FAILED = Problem(
    "P154",
    "A change failed.",
    "What was changed before it stays.",
    "portaria doctor --stage {stage}",
)
