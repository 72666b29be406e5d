"""Packaging and deployment: P020 to P029."""

from __future__ import annotations

from ops.errors import Problem, Status

PARAMETER_WRONG = Problem(
    "P020",
    "A value for the stack can't be used.",
    "Values are written NAME=VALUE, and each must match the pattern that .chalice/resources.yaml "
    "has for its parameter. Nothing was written.",
    "portaria deploy --help",
)
FIRST_DEPLOYMENT = Problem(
    "P021",
    "The first deployment needs to know Logto's endpoint.",
    "It is the address of the tenant. The application need not exist: `portaria setup` makes it "
    "afterwards, and sets its id in the stack. Later deployments keep both.",
    "portaria deploy --stage {stage} LOGTO_ENDPOINT=https://foo.logto.app",
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
SAM_MISSING = Problem(
    "P027",
    "AWS's SAM CLI could not be installed.",
    "It is installed from PyPI into an environment of its own, .cache/tools/sam, before the first "
    "deployment. The lines above say why that failed.",
    "scripts/tool sam",
    Status.UNREACHABLE,
)
STACK_UNCHANGED = Problem(
    "P026",
    "The stack could not be changed.",
    "CloudFormation put everything back as it was; the stack's events say why.",
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
OPERATION_UNREADABLE = Problem(
    "P028",
    "The package would lack operations of AWS that the code calls by a name it puts together.",
    "The package holds the models of the services and operations that are named in the code. A "
    "call whose service or operation is known only while the code runs would fail on AWS: write "
    "the name as a string where it is called, or call the client's method.",
    "portaria package --stage dev",
)
PYTHON_MISSING = Problem(
    "P029",
    "The package is for a version of Python that this machine doesn't have.",
    "What Lambda runs is compiled by a Python of its version. Looked for are the running Python, "
    "python3.N on the PATH, and what pyenv and uv have installed. --python names another version.",
    "uv python install {python}",
)
