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
    "decrypt it. docs/deployment.md lists what an operator needs.",
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
    "portaria trace --stage {stage} NUMBER",
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
