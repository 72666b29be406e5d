"""The stage and AWS: P010 to P019."""

from __future__ import annotations

from ops.errors import Problem, Status

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
    "portaria {command}",
)
STAGE_NOT_DEPLOYED = Problem(
    "P013",
    "The stage is not deployed in this account and region.",
    "CloudFormation has no stack of the stage's name. It may be in another region or account: "
    "`aws sts get-caller-identity` shows whose credentials are used.",
    "portaria deploy --stage {stage} LOGTO_ENDPOINT=https://foo.logto.app",
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
    "portaria {command} --stage {stage}",
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
    "decrypt it. docs/reference/command-line.md lists what commands need.",
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
