"""What `setup` asks and changes: P050 to P058, and P070 to P079."""

from __future__ import annotations

from ops.errors import Problem, Status

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
    "LOGTO_APP_ID must name a Traditional web application, or none: setup then makes one.",
    "portaria deploy --stage {stage} LOGTO_APP_ID=pending",
)
MFA_BY_SMS = Problem(
    "P056",
    "A code by SMS as second factor excludes sign-in by SMS.",
    "Logto refuses to have both. Passkeys and authenticator apps can be the second factor. "
    "Nothing was changed.",
    "portaria setup --stage {stage} --mfa passkey --mfa authenticator",
)
TWILIO_ACCOUNT = Problem(
    "P057",
    "Twilio's account can't be used as it is set.",
    "The parameter twilio has the Account SID, the Auth Token and the messaging service. The "
    "account must be active and have that service.",
    "aws ssm put-parameter --overwrite --type SecureString --name {name} --value VALUE",
)
BACKUP_FAILED = Problem(
    "P058",
    "The connector's configuration could not be saved, so the connector was not replaced.",
    "The folder can't be written to, or the disk is full.",
    "portaria setup --stage {stage} --backups FOLDER",
)
CHOICES_CONTRADICT = Problem(
    "P070",
    "What was chosen of the sign-in experience does not fit together.",
    "Logto refuses backup codes without another second factor, and a user name needs a password. "
    "Nothing was changed.",
    "portaria setup --stage {stage} --choose",
    Status.USAGE,
)
