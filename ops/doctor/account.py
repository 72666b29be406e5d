"""Checks of the AWS account: credentials, permissions, clock, quota, the functions' Python."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ops.aws_errors import is_denied
from ops.doctor.check import Check, Result, failed, fine, warning
from ops.doctor.context import NotAsked
from ops.errors.doctor.aws import (
    CLOCK_WRONG,
    IDENTITY_UNKNOWN,
    PERMISSIONS_LACKING,
    QUOTA_SMALL,
    RUNTIME_OLD,
)
from ops.template import merged, values_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.doctor.context import Context

_SKEW_SECONDS = 60
_WARN_BEFORE = timedelta(days=180)


# When AWS deprecates a runtime: its functions still run, without security fixes. Source:
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html, looked up on 2026-11-25, and for
# 3.9, which is no longer there, https://endoflife.date/aws-lambda of 2026-08-22, which agrees.
RUNTIME_ENDS = {
    "python3.9": date(2025, 12, 15),
    "python3.10": date(2026, 10, 31),
    "python3.11": date(2027, 6, 30),
    "python3.12": date(2028, 10, 31),
    "python3.13": date(2029, 6, 30),
    "python3.14": date(2029, 6, 30),
}


def identity(context: Context) -> Result:
    """Whose credentials are used."""
    try:
        caller = context.client("sts").get_caller_identity()
    except ClientError as error:
        return failed(f"AWS answered with {error.response['Error']['Code']}.")
    except Exception as error:  # noqa: BLE001 - whatever boto3 finds on the way
        return failed(f"AWS can't be asked who this is: {type(error).__name__}.")
    return fine(f"account {caller['Account']}")


def permissions(context: Context) -> Result:
    """Whether the credentials may read what the other checks look at."""
    settings = context.settings
    asked: dict[str, Callable[[], object]] = {
        "dynamodb:DescribeTable": lambda: context.table(settings.sessions_table),
        "sqs:GetQueueAttributes": lambda: context.queue(settings.otp_queue_url),
        "ssm:GetParametersByPath": lambda: context.parameters,
    }
    if not context.stage.is_local:
        asked |= {
            "cloudformation:ListStackResources": lambda: context.resource("SendOtp"),
            "lambda:GetFunctionConfiguration": lambda: context.worker,
            "lambda:ListEventSourceMappings": lambda: context.event_sources,
        }
    lacking = [action for action, ask in asked.items() if _is_refused(ask)]
    if lacking:
        return warning(f"Not allowed: {', '.join(lacking)}.")
    return fine(f"{len(asked)} kinds of calls are allowed")


def clock(context: Context) -> Result:
    """Whether this machine's clock and AWS's agree."""
    answer = context.client("sts").get_caller_identity()
    return skew(answer["ResponseMetadata"]["HTTPHeaders"].get("date"), "AWS", context)


def skew(header: str | None, service: str, context: Context) -> Result:
    """Compare a Date header with this machine's clock."""
    try:
        said = datetime.strptime(header or "", "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    except ValueError:
        raise NotAsked(f"{service} did not say what time it is") from None
    seconds = context.today.timestamp() - said.timestamp()
    if abs(seconds) > _SKEW_SECONDS:
        ahead = "ahead of" if seconds > 0 else "behind"
        return failed(f"This machine's clock is {abs(seconds):.0f} s {ahead} {service}'s.")
    return fine(f"within {_SKEW_SECONDS} s of {service}'s")


def concurrency(context: Context) -> Result:
    """Whether the account runs as many functions at once as the stage needs."""
    context.need_deployment()
    worker = int(values_of(context.stage.name, merged())["WorkerConcurrency"])
    limits = context.client("lambda").get_account_settings()["AccountLimit"]
    free = int(limits.get("UnreservedConcurrentExecutions", limits["ConcurrentExecutions"]))
    if free <= worker:
        return failed(
            f"The account runs {free} functions at once, and the worker alone may take {worker}: "
            "sign-ins are turned away while codes are sent."
        )
    if free < 2 * worker:
        return warning(f"The account runs {free} functions at once, {worker} of them the worker.")
    return fine(f"{free} at once, {worker} of them the worker at most")


def runtime(context: Context) -> Result:
    """How long AWS keeps the functions' Python patched."""
    name = str(context.function("APIHandler")["Runtime"])
    ends = RUNTIME_ENDS.get(name)
    if ends is None:
        raise NotAsked(f"the end of {name} is not known")
    left = ends - context.today.date()
    if left < timedelta():
        return failed(f"AWS has not patched {name} since {ends}.")
    if left < _WARN_BEFORE:
        return warning(f"AWS patches {name} until {ends} only.")
    return fine(f"{name}, patched until {ends}")


def _is_refused(ask: Any) -> bool:
    try:
        ask()
    except Exception as error:  # noqa: BLE001 - what else fails is found elsewhere
        return is_denied(error)
    return False


CHECKS = [
    Check("AWS credentials", IDENTITY_UNKNOWN, identity),
    Check("AWS permissions", PERMISSIONS_LACKING, permissions),
    Check("clock and AWS's", CLOCK_WRONG, clock),
    Check("concurrency quota", QUOTA_SMALL, concurrency),
    Check("Python runtime", RUNTIME_OLD, runtime),
]
