"""The errors that an operator can be shown: a code, its cause and the command to run next.

A code never changes its meaning, so that it can be searched for. `portaria explain CODE` and
`docs/reference/errors.md` say more about each.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Status(IntEnum):
    """The exit statuses of every command."""

    FINE = 0
    FAILED = 1
    """The command found something that is wrong, or what it was asked to do failed."""
    USAGE = 2
    """The command line itself is wrong; nothing was done."""
    UNREACHABLE = 3
    """AWS, Logto, Twilio or the sandbox could not be asked: no answer, or no right to ask."""
    INTERRUPTED = 130
    """Ctrl-C, as shells count it."""
    PIPE_CLOSED = 141
    """Who read the output has stopped reading, as shells count it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One entry of the catalogue.

    `command` may have {names}, filled in where it is raised; {command} is the one that failed.
    """

    code: str
    title: str
    cause: str
    command: str
    status: Status = Status.FAILED


class OperatorError(Exception):
    """A problem, with what is special about this time as `detail`: one sentence.

    `detail` has no secret, code or full phone number in it.
    """

    def __init__(self, problem: Problem, detail: str = "", **names: str) -> None:
        self.problem = problem
        self.detail = detail or problem.title
        self.names = names
        super().__init__(f"{problem.code}: {self.detail} Next: {self.command}")

    @property
    def command(self) -> str:
        """What to run next; a name that is not known is in capital letters, to be filled in."""
        return self.problem.command.format_map(_Named(self.names))


class _Named(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return name.upper()


# The stage, and AWS

NO_CREDENTIALS = Problem(
    "P010",
    "AWS does not accept the credentials, or there are none.",
    "No credentials were found in the environment or in the AWS profile, or they have expired. "
    "Single sign-on sessions end after a few hours.",
    "aws sts get-caller-identity",
    Status.UNREACHABLE,
)
NO_REGION = Problem(
    "P011",
    "No AWS region is set.",
    "Neither AWS_REGION nor the AWS profile names the region that the stage is in.",
    "export AWS_REGION=us-east-1",
    Status.UNREACHABLE,
)
STAGE_UNKNOWN = Problem(
    "P012",
    "There is no such stage.",
    "The name is misspelt, or the stage has no values in .chalice/resources.yaml. Stages are "
    "called dev and prod unless more were added; local is the sandbox.",
    "portaria deploy --stage dev",
)
STAGE_NOT_DEPLOYED = Problem(
    "P013",
    "The stage is not deployed in this account and region.",
    "CloudFormation has no stack of the stage's name. It may be in another region or account: "
    "`aws sts get-caller-identity` shows whose credentials are used.",
    "portaria deploy --stage {stage} LOGTO_ENDPOINT=https://foo.logto.app LOGTO_APP_ID=abc",
)
SANDBOX_NOT_RUNNING = Problem(
    "P014",
    "No sandbox is running on this machine.",
    "The stage `local` is the sandbox, which `make up` runs until Ctrl-C. Where several run, "
    "SETTINGS_FILE chooses one: .cache/sandbox.json, or .cache/sandbox-PORT.json where AWS's "
    "stand-in has another port than 4566.",
    "make up",
    Status.UNREACHABLE,
)
SETTINGS_INCOMPLETE = Problem(
    "P015",
    "Settings are missing or wrong.",
    "Without --stage, the product's settings are read from the environment, as its Lambda "
    "functions have them. docs/settings.md lists them.",
    "portaria {command} --stage dev",
)
AWS_UNREACHABLE = Problem(
    "P016",
    "AWS does not answer.",
    "The network, a proxy or AWS_ENDPOINT_URL keeps this machine from reaching AWS.",
    "aws sts get-caller-identity",
    Status.UNREACHABLE,
)
AWS_DENIED = Problem(
    "P017",
    "The credentials are not allowed to do this.",
    "An IAM policy does not allow the call, or the KMS key of a SecureString does not allow to "
    "decrypt it. docs/guides/deployment.md lists what an operator needs.",
    "aws sts get-caller-identity",
    Status.UNREACHABLE,
)
AWS_REFUSED = Problem(
    "P018",
    "A call to AWS failed.",
    "AWS answered with an error. Its name says which; throttling and internal errors pass by "
    "themselves.",
    "portaria {command}",
)

PARAMETER_MISSING = Problem(
    "P019",
    "A parameter is missing in SSM.",
    "The stage's secrets and texts are parameters under PARAMETER_PREFIX. A deployment makes those "
    "that it can choose; Logto's and Twilio's secrets are put there by an operator.",
    "aws ssm put-parameter --type SecureString --name {name} --value VALUE",
)

# Deployment

PARAMETER_WRONG = Problem(
    "P020",
    "A value for the stack can't be used.",
    "Values are written NAME=VALUE, and each must match the pattern that .chalice/resources.yaml "
    "has for its parameter. Nothing was written.",
    "portaria deploy --help",
)
FIRST_DEPLOYMENT = Problem(
    "P021",
    "The first deployment needs to know Logto's endpoint and application.",
    "Both are in Logto's Console, on the application's page. Later deployments keep them.",
    "make deploy STAGE={stage} LOGTO_ENDPOINT=https://foo.logto.app LOGTO_APP_ID=abc",
)
STACK_NEVER_MADE = Problem(
    "P022",
    "The first deployment failed and left an empty stack behind.",
    "CloudFormation can't update a stack whose creation was rolled back. Its events say what "
    "failed; what is in SSM stays.",
    "make destroy STAGE={stage}",
)
SAM_FAILED = Problem(
    "P023",
    "AWS's SAM CLI failed.",
    "The last lines that it printed say why, and CloudFormation's events say it in full.",
    "aws cloudformation describe-stack-events --stack-name {stack}",
)
WOULD_CUT_OFF = Problem(
    "P024",
    "The deployment would close the address that Logto or browsers still use.",
    "DISABLE_DEFAULT_ENDPOINT=true closes API Gateway's own address. A domain must answer, and be "
    "in Logto's Console, before.",
    "make deploy STAGE={stage} DISABLE_DEFAULT_ENDPOINT={value}",
)
PACKAGING_FAILED = Problem(
    "P025",
    "The package can't be made.",
    "What Chalice packaged is not as expected. A library that was added may need compiling for "
    "Lambda, or lacks a file that is imported.",
    "portaria package --stage dev",
)

# Texts

TEXT_USELESS = Problem(
    "P030",
    "A text can't be used.",
    "Nobody could sign in with it: {{code}} is missing, or it is longer than the 1,600 characters "
    "that Twilio takes. Nothing was changed.",
    "portaria texts lint",
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
TWILIO_UNREADABLE = Problem(
    "P034",
    "The parameter twilio can't be read.",
    "It must be JSON with accountSID, authToken and fromMessagingServiceSID or from.",
    "portaria texts import connector.json --stage {stage}",
)

# One-time codes

NOT_A_NUMBER = Problem(
    "P040",
    "That can't be a phone number.",
    "A number is written with all of its digits and its country code.",
    "portaria {command} +12125550100",
    Status.USAGE,
)

# Setting up

ANSWER_MISSING = Problem(
    "P050",
    "An answer is missing, and there is no terminal to ask at.",
    "What can't be found is asked for on a terminal. On a pipe and in CI it must be given by an "
    "option or in the environment.",
    "portaria setup --help",
    Status.USAGE,
)
CREDENTIAL_UNREADABLE = Problem(
    "P051",
    "The credential of Logto's Management API can't be read.",
    'It is a JSON object: {"id": "…", "secret": "…", "resource": "…"}, of a machine-to-machine '
    'application with the role "Logto Management API access". `resource` is needed for a tenant '
    "of Logto Cloud with a domain of its own.",
    "portaria setup --stage {stage} --logto-credential FILE",
    Status.USAGE,
)
LOGTO_REFUSED = Problem(
    "P052",
    "Logto refused a call.",
    "invalid_client means that the credential's id or secret is wrong for this tenant, "
    "invalid_target that its `resource` is, and auth.forbidden that its application lacks the role "
    '"Logto Management API access".',
    "portaria setup --stage {stage} --dry-run",
)
TWILIO_REFUSED = Problem(
    "P053",
    "Twilio refused a call.",
    "20003 means that the Account SID or the Auth Token is wrong, 21712 that another messaging "
    "service has the number. https://www.twilio.com/docs/api/errors explains the other codes.",
    "portaria setup --stage {stage} --dry-run",
)
PROVIDER_UNREACHABLE = Problem(
    "P054",
    "Logto or Twilio does not answer.",
    "The network or a proxy keeps this machine from reaching it, or it is down. What was asked for "
    "may have happened; running the command again completes it.",
    "portaria setup --stage {stage}",
    Status.UNREACHABLE,
)
APPLICATION_WRONG = Problem(
    "P055",
    "The stage's application at Logto is of another type.",
    "LOGTO_APP_ID must name a Traditional web application.",
    "portaria deploy --stage {stage} LOGTO_APP_ID=abc",
)
MFA_BY_SMS = Problem(
    "P056",
    "The tenant asks for a code by SMS as second factor, which excludes sign-in by SMS.",
    "Logto refuses to have both. Choose passkeys (WebAuthn) or an authenticator app as second "
    "factor in Logto's Console under Multi-factor auth, or keep sign-in by password. Nothing was "
    "changed.",
    "portaria setup --stage {stage}",
)
TWILIO_ACCOUNT = Problem(
    "P057",
    "Twilio's account can't be used as it is set.",
    "The parameter twilio has the Account SID, the Auth Token and the messaging service. The "
    "account must be active and have that service.",
    "portaria setup --stage {stage} --dry-run",
)
BACKUP_FAILED = Problem(
    "P058",
    "The connector's configuration could not be saved, so the connector was not replaced.",
    "The folder can't be written to, or the disk is full.",
    "portaria setup --stage {stage} --backups FOLDER",
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
# Asking before something is changed

NOT_CONFIRMED = Problem(
    "P080",
    "Nothing was changed, because nobody could be asked.",
    "Changes are shown and confirmed on a terminal. Scripts say --yes.",
    "portaria {command} --yes",
    Status.USAGE,
)
SECRETS_TO_STDOUT = Problem(
    "P081",
    "Secrets are not printed.",
    "What is printed stays in logs and in the terminal's history. A file gets them that only its "
    "owner can read.",
    "portaria texts export --with-secrets --out connector.json",
    Status.USAGE,
)

# What `doctor` finds

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
    "A parameter of the type String can be read by whoever may list parameters. SSM changes "
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
    "Visitors who know that a code expires ask for a new one instead of for help.",
    "portaria texts lint --stage {stage}",
)
LANGUAGES_INCOMPLETE = Problem(
    "P115",
    "Texts are missing in some languages.",
    "Visitors get the default language's text for some types.",
    "portaria doctor --stage {stage} --fix",
)
IDENTITY_UNKNOWN = Problem(
    "P116",
    "AWS does not know the credentials.",
    "They are missing, expired or wrong, or AWS can't be reached.",
    "aws sts get-caller-identity",
)
PERMISSIONS_LACKING = Problem(
    "P117",
    "The credentials lack permissions.",
    "Some checks could not be asked. docs/guides/deployment.md lists what an operator needs.",
    "aws sts get-caller-identity",
)
CLOCK_WRONG = Problem(
    "P118",
    "This machine's clock is wrong.",
    "AWS refuses requests and tokens are taken for expired when clocks differ.",
    "timedatectl set-ntp true",
)
QUOTA_SMALL = Problem(
    "P119",
    "The account runs too few functions at once.",
    "New accounts have a quota of 10 concurrent executions. AWS raises it on request.",
    "aws service-quotas request-service-quota-increase --service-code lambda --quota-code "
    "L-B99A9384 --desired-value 1000",
)
RUNTIME_OLD = Problem(
    "P120",
    "The functions' Python reaches its end of life.",
    "AWS no longer patches a deprecated runtime. The functions get the Python that the "
    "package is made with.",
    "portaria deploy --stage {stage}",
)
TABLE_WRONG = Problem(
    "P121",
    "A table is missing or not as it should be.",
    "It was deleted or made by hand.",
    "portaria deploy --stage {stage}",
)
TTL_OFF = Problem(
    "P122",
    "A table's items don't expire.",
    "Old sessions and codes' outcomes would be kept, and paid for, for ever.",
    "aws dynamodb update-time-to-live --table-name {name} --time-to-live-specification "
    "Enabled=true,AttributeName=expires_at",
)
INDEX_MISSING = Problem(
    "P123",
    "A table's index is missing or not as it should be.",
    "Sign-outs, receipts and traces are looked up in it.",
    "portaria deploy --stage {stage}",
)
BACKUPS_OFF = Problem(
    "P124",
    "A table can't be restored.",
    "Point-in-time recovery is off.",
    "aws dynamodb update-continuous-backups --table-name {name} "
    "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true",
)
QUEUE_MISSING = Problem(
    "P125",
    "A queue is missing.",
    "It was deleted, or its setting has another one's address.",
    "portaria deploy --stage {stage}",
)
REDRIVE_WRONG = Problem(
    "P126",
    "The redrive policy is missing or wrong.",
    "Messages that fail again and again would be tried until they are dropped, unseen.",
    "portaria deploy --stage {stage}",
)
VISIBILITY_SHORT = Problem(
    "P127",
    "The queue's visibility time-out is too short.",
    "AWS asks for six times the function's time-out: a message that appears again while it is "
    "worked on costs a second SMS.",
    "aws sqs set-queue-attributes --queue-url {url} --attributes VisibilityTimeout={seconds}",
)
RETENTION_SHORT = Problem(
    "P128",
    "The queue drops messages too soon.",
    "A code that waits for its retry would be lost.",
    "aws sqs set-queue-attributes --queue-url {url} --attributes MessageRetentionPeriod={seconds}",
)
QUEUE_IN_CLEAR = Problem(
    "P129",
    "A queue is not encrypted.",
    "Its messages have phone numbers in them.",
    "portaria deploy --stage {stage}",
)
DEAD_LETTERS = Problem(
    "P130",
    "Messages lie in the dead-letter queue.",
    'They could not be read, or the ledger was away for long. The runbook, "Dead letters", '
    "says how to look at them.",
    "portaria explain P130",
)
EVENT_SOURCE_WRONG = Problem(
    "P131",
    "The queue does not feed the worker.",
    "The event source is missing or disabled: codes wait until they are dead.",
    "aws lambda update-event-source-mapping --enabled --uuid {uuid}",
)
BATCHES_WRONG = Problem(
    "P132",
    "The worker's batches are not as they should be.",
    "Without partial responses one failed message has its whole batch repeated; a window "
    "makes visitors wait.",
    "portaria deploy --stage {stage}",
)
WORKER_LIMIT_WRONG = Problem(
    "P133",
    "The worker's concurrency is not the template's.",
    "Somebody changed the event source by hand.",
    "portaria deploy --stage {stage}",
)
ALARM_RINGS = Problem(
    "P134",
    "An alarm is missing or rings.",
    "The runbook says under each alarm's name what it means and what to do.",
    "aws cloudwatch describe-alarms --state-value ALARM",
)
ALARMS_UNHEARD = Problem(
    "P135",
    "Nobody is told of alarms.",
    "The topic has no confirmed subscription.",
    "aws sns subscribe --protocol email --topic-arn {topic} --notification-endpoint "
    "YOU@example.com",
)
LOGTO_UNREACHABLE = Problem(
    "P136",
    "Logto does not answer as it should.",
    "LOGTO_ENDPOINT is not the tenant's address, or Logto is down.",
    "curl -i {endpoint}/oidc/.well-known/openid-configuration",
)
ISSUER_WRONG = Problem(
    "P137",
    "Logto's issuer is another one.",
    "Every ID token would be refused: LOGTO_ENDPOINT must be the address that Logto itself "
    "has, a custom domain included.",
    "portaria deploy --stage {stage}",
)
MANAGEMENT_REFUSED = Problem(
    "P138",
    "Logto refuses the Management API's credential.",
    "The machine-to-machine application is unknown, its secret or resource is wrong, or it "
    'lacks the role "Logto Management API access".',
    "aws ssm put-parameter --overwrite --type SecureString --name {name} --value VALUE",
)
APPLICATION_UNFIT = Problem(
    "P139",
    "Logto's application is missing or of another type.",
    "LOGTO_APP_ID must be that of a Traditional web application.",
    "portaria setup --stage {stage}",
)
URI_MISSING = Problem(
    "P140",
    "Logto lacks one of the application's URIs.",
    "Logto refuses sign-ins and sign-outs that lead to another address than those in its Console.",
    "portaria setup --stage {stage}",
)
BACK_CHANNEL_WRONG = Problem(
    "P141",
    "Logto does not tell us of sign-outs.",
    "Whoever signs out elsewhere stays signed in here.",
    "portaria setup --stage {stage}",
)
APP_SECRET_WRONG = Problem(
    "P142",
    "The application's secret is wrong or expires.",
    "Logto would refuse to redeem sign-ins. Its Console shows the application's secrets.",
    "aws ssm put-parameter --overwrite --type SecureString --name {name} --value VALUE",
)
CONNECTOR_WRONG = Problem(
    "P143",
    "Logto does not send codes to us.",
    "A tenant has one SMS connector, which must be HTTP SMS with our address. Two stages need "
    "two tenants.",
    "portaria setup --stage {stage}",
)
CONNECTOR_SECRET_WRONG = Problem(
    "P144",
    "The connector's secret is another one.",
    "We refuse its calls, and nobody gets a code.",
    "portaria setup --stage {stage}",
)
LIFETIME_DIFFERS = Problem(
    "P145",
    "Logto and we disagree how long a code lives.",
    "Codes would be sent that are dead, or texts would say the wrong time. Change Logto's "
    "verificationCodePolicy or CODE_LIFETIME_SECONDS.",
    "portaria deploy --stage {stage}",
)
PHONE_NOT_OFFERED = Problem(
    "P146",
    "The sign-in experience does not offer the phone.",
    "Logto's Console has it under Sign-in experience, Sign-up and sign-in.",
    "portaria setup --stage {stage}",
)
DEAD_TABS = Problem(
    "P147",
    "A dead tab does not lead to the sign-in.",
    "Without unknownSessionRedirectUrl whoever reloads an old tab sees Logto's error page.",
    "portaria setup --stage {stage}",
)
TWILIO_ACCOUNT_REFUSED = Problem(
    "P148",
    "Twilio refuses the account.",
    "The account or its token is wrong, the account is suspended, or Twilio does not answer.",
    "aws ssm put-parameter --overwrite --type SecureString --name {name} --value VALUE",
)
TWILIO_TRIAL = Problem(
    "P149",
    "The account is a trial.",
    "Twilio sends to verified numbers only, with a line of its own in each text. An upgrade "
    "in its Console ends that.",
    "portaria explain P149",
)
SENDER_WRONG = Problem(
    "P150",
    "The sender can't send texts.",
    "The messaging service or number is another account's, has no number, or its numbers have "
    "no SMS.",
    "portaria setup --stage {stage}",
)
COUNTRIES_NOT_PERMITTED = Problem(
    "P151",
    "Twilio does not send to countries that get codes.",
    "Messaging, Settings, Geo permissions in Twilio's Console names the countries; "
    "ALLOWED_COUNTRIES asks for more.",
    "portaria setup --stage {stage}",
)
TOKEN_NOT_PRIMARY = Problem(
    "P152",
    "Our token does not sign callbacks.",
    "Twilio signs receipts with the primary Auth Token alone, so each would be refused.",
    "aws ssm put-parameter --overwrite --type SecureString --name {name} --value VALUE",
)
MESSAGES_REDACTED = Problem(
    "P153",
    "RECONCILE is on, and Twilio hides messages.",
    "With Message Redaction a lost answer can't be looked up. Set RECONCILE=false in "
    ".chalice/config.json.",
    "portaria deploy --stage {stage}",
)
FIX_FAILED = Problem(
    "P154",
    "A change failed.",
    "What was changed before it stays.",
    "portaria doctor --stage {stage}",
)

# The project itself

PAGE_OUTDATED = Problem(
    "P090",
    "A generated page is out of date.",
    "What the page is made from has changed since.",
    "portaria {noun}",
)
CODE_UNKNOWN = Problem(
    "P091",
    "There is no error with this code.",
    "Codes are a P and three digits, as errors show them.",
    "portaria explain",
    Status.USAGE,
)


def catalogue() -> dict[str, Problem]:
    """Return every problem by its code, in order."""
    found = [each for each in globals().values() if isinstance(each, Problem)]
    return {each.code: each for each in sorted(found, key=lambda problem: problem.code)}
