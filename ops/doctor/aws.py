"""Checks of what the stage has in AWS."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ops.doctor.check import Change, Check, Result, failed, fine, warning
from ops.doctor.context import NOT_IN_THE_SANDBOX, NotAsked, denied
from ops.errors.doctor.aws import (
    ALARM_RINGS,
    ALARMS_UNHEARD,
    BACKUPS_OFF,
    BATCHES_WRONG,
    CLOCK_WRONG,
    DEAD_LETTERS,
    EVENT_SOURCE_WRONG,
    IDENTITY_UNKNOWN,
    INDEX_MISSING,
    PERMISSIONS_LACKING,
    QUEUE_IN_CLEAR,
    QUEUE_MISSING,
    QUOTA_SMALL,
    REDRIVE_WRONG,
    RETENTION_SHORT,
    RUNTIME_OLD,
    TABLE_WRONG,
    TTL_OFF,
    VISIBILITY_SHORT,
    WORKER_LIMIT_WRONG,
)
from ops.template import merged, values_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.doctor.context import Context

TTL_ATTRIBUTE = "expires_at"
TABLES = {"sessions": "SessionsTable", "ledger": "LedgerTable"}
_VISIBILITY_FACTOR = 6  # of the function's time-out: AWS's advice for event sources
_RETENTION_FACTOR = 2  # of a code's life, which an attempt may begin at the end of
_SKEW_SECONDS = 60
_WARN_BEFORE = timedelta(days=180)
# When AWS deprecates a runtime: its functions still run, without security fixes. Source:
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
RUNTIME_ENDS = {
    "python3.9": date(2025, 12, 15),
    "python3.10": date(2026, 10, 31),
    "python3.11": date(2027, 6, 30),
    "python3.12": date(2028, 10, 31),
    "python3.13": date(2029, 6, 30),
    "python3.14": date(2029, 6, 30),
}
_MISSING = {
    "ResourceNotFoundException",
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
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
    lacking = [action for action, ask in asked.items() if _is_denied(ask)]
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
    if context.stage.is_local:
        raise NotAsked(NOT_IN_THE_SANDBOX)
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


def table(which: str, context: Context) -> Result:
    """Whether a table is there, with the right key."""
    name = _table_name(which, context)
    try:
        found = context.table(name)
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            return failed(f"There is no table {name}.")
        raise
    keys = [each["AttributeName"] for each in found["KeySchema"]]
    if found["TableStatus"] not in {"ACTIVE", "UPDATING"}:
        return failed(f"The table {name} is {found['TableStatus']}.")
    if keys != ["id"]:
        return failed(f"The key of {name} is {', '.join(keys)} instead of id.")
    return fine(f"{name} is {found['TableStatus'].lower()}")


def ttl(which: str, context: Context) -> Result:
    """Whether a table's items expire."""
    name = _existing(which, context)
    found = context.client("dynamodb").describe_time_to_live(TableName=name)
    state = found["TimeToLiveDescription"]
    status, attribute = state["TimeToLiveStatus"], state.get("AttributeName")
    if status not in {"ENABLED", "ENABLING"}:
        return failed(f"Nothing in {name} expires: its TTL is {status.lower()}.", name=name)
    if attribute != TTL_ATTRIBUTE:
        return failed(f"The TTL of {name} reads {attribute}, not {TTL_ATTRIBUTE}.", name=name)
    return fine(f"by {attribute}")


def fix_ttl(which: str, context: Context) -> list[Change]:
    """Turn a table's TTL on."""
    name = _existing(which, context)
    wanted = {"AttributeName": TTL_ATTRIBUTE, "Enabled": True}
    dynamodb = context.client("dynamodb")
    state = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if state["TimeToLiveStatus"] != "DISABLED":
        return []  # AWS refuses to change it for an hour, or somebody chose another attribute
    change = partial(dynamodb.update_time_to_live, TableName=name, TimeToLiveSpecification=wanted)
    return [Change(f"TTL of {name}", "off", f"by {TTL_ATTRIBUTE}", change)]


def indexes(which: str, context: Context) -> Result:
    """Whether a table has its indexes."""
    name = _existing(which, context)
    properties = merged()["Resources"][TABLES[which]]["Properties"]
    wanted = {each["IndexName"]: each["KeySchema"] for each in properties["GlobalSecondaryIndexes"]}
    found = {
        each["IndexName"]: each for each in context.table(name).get("GlobalSecondaryIndexes", [])
    }
    missing = [each for each in wanted if each not in found]
    if missing:
        return failed(f"{name} has no index {', '.join(missing)}.")
    wrong = [each for each, keys in wanted.items() if found[each]["KeySchema"] != keys]
    if wrong:
        return failed(f"The key of the index {', '.join(wrong)} of {name} is another one.")
    building = [each for each in wanted if found[each].get("IndexStatus", "ACTIVE") != "ACTIVE"]
    if building:
        return warning(f"The index {', '.join(building)} of {name} is not active yet.")
    return fine(", ".join(wanted))


def backups(which: str, context: Context) -> Result:
    """Whether a table can be restored to any second of the last 35 days."""
    if context.stage.is_local:
        raise NotAsked(NOT_IN_THE_SANDBOX)
    name = _existing(which, context)
    found = context.client("dynamodb").describe_continuous_backups(TableName=name)
    state = found["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    if state["PointInTimeRecoveryStatus"] != "ENABLED":
        return warning(f"{name} can't be restored: point-in-time recovery is off.", name=name)
    return fine("to any second of the last 35 days")


def fix_backups(which: str, context: Context) -> list[Change]:
    """Turn a table's point-in-time recovery on."""
    name = _existing(which, context)
    change = partial(
        context.client("dynamodb").update_continuous_backups,
        TableName=name,
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
    )
    return [Change(f"point-in-time recovery of {name}", "off", "on", change)]


def queue(context: Context) -> Result:
    """Whether the OTP queue is there."""
    return _queue(context.settings.otp_queue_url, context)


def dead_letter_queue(context: Context) -> Result:
    """Whether the dead-letter queue is there."""
    return _queue(context.settings.otp_dead_letter_queue_url, context)


def redrive(context: Context) -> Result:
    """Whether messages that fail again and again go to the dead-letter queue."""
    queue, dead = _queues(context)
    policy = json.loads(queue.get("RedrivePolicy") or "{}")
    if not policy:
        return failed("The OTP queue has no redrive policy.")
    if policy.get("deadLetterTargetArn") != dead["QueueArn"]:
        return failed("The OTP queue's dead letters go to another queue.")
    return fine(f"after {policy.get('maxReceiveCount')} receives")


def visibility(context: Context) -> Result:
    """Whether a message stays hidden for longer than the worker may take."""
    seconds, least = _visibility(context)
    if seconds < least:
        return failed(
            f"The OTP queue hides a message for {seconds} s, which should be {least} s, six times "
            "the worker's time-out: a code may be worked on twice.",
            seconds=str(least),
            url=context.settings.otp_queue_url,
        )
    return fine(f"{seconds} s, at least {least} s")


def fix_visibility(context: Context) -> list[Change]:
    """Set the visibility time-out to six times the worker's time-out."""
    seconds, least = _visibility(context)
    return [_attribute(context, "VisibilityTimeout", seconds, least)]


def retention(context: Context) -> Result:
    """Whether the OTP queue keeps a message for as long as its code may be sent."""
    seconds, least = _retention(context)
    if seconds < least:
        return failed(
            f"The OTP queue drops messages after {seconds} s, sooner than twice a code's life "
            f"({least} s).",
            seconds=str(least),
            url=context.settings.otp_queue_url,
        )
    return fine(f"{seconds} s")


def fix_retention(context: Context) -> list[Change]:
    """Let the OTP queue keep messages for as long as the deployment does."""
    seconds, least = _retention(context)
    return [_attribute(context, "MessageRetentionPeriod", seconds, least)]


def encryption(context: Context) -> Result:
    """Whether both queues, whose messages have numbers and codes in them, are encrypted."""
    if context.stage.is_local:
        raise NotAsked(NOT_IN_THE_SANDBOX)
    for name, each in zip(("OTP", "dead-letter"), _queues(context), strict=True):
        if each.get("SqsManagedSseEnabled") != "true" and not each.get("KmsMasterKeyId"):
            return failed(f"The {name} queue is not encrypted.")
    return fine("both queues")


def dead_letters(context: Context) -> Result:
    """Whether messages lie in the dead-letter queue."""
    count = int(_queues(context)[1]["ApproximateNumberOfMessages"])
    if count:
        return failed(f"{count} in the dead-letter queue.")
    return fine("none")


def event_source(context: Context) -> Result:
    """Whether the OTP queue feeds the worker."""
    source = _source(context)
    if source is None:
        return failed("Nothing takes messages from the OTP queue to the worker.")
    if source["State"] not in {"Enabled", "Enabling", "Updating"}:
        return failed(f"The worker's event source is {source['State']}.", uuid=source["UUID"])
    return fine(source["State"].lower())


def batches(context: Context) -> Result:
    """Whether a failed message comes back alone, and whether batches are as they should be."""
    source = _source(context)
    if source is None:
        raise NotAsked("there is no event source")
    if "ReportBatchItemFailures" not in (source.get("FunctionResponseTypes") or []):
        return failed(
            "One failed message brings its whole batch back, and codes that were sent with it: "
            "ReportBatchItemFailures is off."
        )
    size, window = source.get("BatchSize"), source.get("MaximumBatchingWindowInSeconds", 0)
    if size != 10 or window:  # noqa: PLR2004 - as .chalice/resources.yaml says
        return warning(f"Batches are of {size} messages and wait {window} s, not of 10 and 0 s.")
    return fine("of 10, failures reported one by one")


def worker_limit(context: Context) -> Result:
    """Whether the worker's concurrency is the template's."""
    source = _source(context)
    if source is None:
        raise NotAsked("there is no event source")
    wanted = int(values_of(context.stage.name, merged())["WorkerConcurrency"])
    found = source.get("ScalingConfig", {}).get("MaximumConcurrency")
    if found != wanted:
        return warning(f"The worker runs {found or 'without limit'} at once, not {wanted}.")
    return fine(f"{found} at once")


def alarms(context: Context) -> Result:
    """Whether an alarm rings."""
    if context.stage.is_local:
        raise NotAsked(NOT_IN_THE_SANDBOX)
    pages = context.client("cloudwatch").get_paginator("describe_alarms")
    found = [
        each
        for page in pages.paginate(AlarmNamePrefix=f"{context.stack_name}-")
        for each in page["MetricAlarms"]
    ]
    ringing = [each["AlarmName"] for each in found if each["StateValue"] == "ALARM"]
    if not found:
        return failed("The stage has no alarms.")
    if ringing:
        return failed(f"In alarm: {', '.join(ringing)}.")
    return fine(f"{len(found)}, all quiet")


def subscription(context: Context) -> Result:
    """Whether somebody is told of alarms."""
    topic = context.resource("AlarmTopic")
    found = context.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    confirmed = [each for each in found if each["SubscriptionArn"] != "PendingConfirmation"]
    if confirmed:
        return fine(f"{len(confirmed)} subscribed")
    if found:
        return warning("The subscription waits for the link in AWS's e-mail.", topic=topic)
    return warning("Nobody is told of alarms.", topic=topic)


def _is_denied(ask: Any) -> bool:
    try:
        ask()
    except Exception as error:  # noqa: BLE001 - what else fails is found elsewhere
        return denied(error)
    return False


def _table_name(which: str, context: Context) -> str:
    name: str = getattr(context.settings, f"{which}_table")
    return name


def _existing(which: str, context: Context) -> str:
    name = _table_name(which, context)
    try:
        context.table(name)
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            raise NotAsked("there is no such table") from None
        raise
    return name


def _queue(url: str, context: Context) -> Result:
    try:
        found = context.queue(url)
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            return failed(f"There is no queue {url}.")
        raise
    return fine(f"{found['ApproximateNumberOfMessages']} waiting")


def _queues(context: Context) -> tuple[Any, Any]:
    settings = context.settings
    try:
        return (
            context.queue(settings.otp_queue_url),
            context.queue(settings.otp_dead_letter_queue_url),
        )
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            raise NotAsked("a queue is missing") from None
        raise


def _visibility(context: Context) -> tuple[int, int]:
    # The sandbox's worker has the time-out of .chalice/config.json, too.
    timeout = 60 if context.stage.is_local else int(context.worker["Timeout"])
    return int(_queues(context)[0]["VisibilityTimeout"]), _VISIBILITY_FACTOR * timeout


def _retention(context: Context) -> tuple[int, int]:
    least = _RETENTION_FACTOR * context.settings.code_lifetime_seconds
    return int(_queues(context)[0]["MessageRetentionPeriod"]), least


def _attribute(context: Context, name: str, before: int, after: int) -> Change:
    url = context.settings.otp_queue_url
    change = partial(
        context.client("sqs").set_queue_attributes, QueueUrl=url, Attributes={name: str(after)}
    )
    return Change(f"{name} of the OTP queue", f"{before} s", f"{after} s", change)


def _source(context: Context) -> Any:
    arn = _queues(context)[0]["QueueArn"]
    return next((each for each in context.event_sources if each["EventSourceArn"] == arn), None)


def _of_table(which: str) -> list[Check]:
    return [
        Check(f"{which} table", TABLE_WRONG, partial(table, which)),
        Check(f"{which} expire", TTL_OFF, partial(ttl, which), partial(fix_ttl, which)),
        Check(f"{which} indexes", INDEX_MISSING, partial(indexes, which)),
        Check(
            f"{which} backups",
            BACKUPS_OFF,
            partial(backups, which),
            partial(fix_backups, which),
        ),
    ]


CHECKS = [
    Check("AWS credentials", IDENTITY_UNKNOWN, identity),
    Check("AWS permissions", PERMISSIONS_LACKING, permissions),
    Check("clock and AWS's", CLOCK_WRONG, clock),
    Check("concurrency quota", QUOTA_SMALL, concurrency),
    Check("Python runtime", RUNTIME_OLD, runtime),
    *_of_table("sessions"),
    *_of_table("ledger"),
    Check("OTP queue", QUEUE_MISSING, queue),
    Check("dead-letter queue", QUEUE_MISSING, dead_letter_queue),
    Check("redrive policy", REDRIVE_WRONG, redrive),
    Check("visibility time-out", VISIBILITY_SHORT, visibility, fix_visibility),
    Check("message retention", RETENTION_SHORT, retention, fix_retention),
    Check("queue encryption", QUEUE_IN_CLEAR, encryption),
    Check("dead letters", DEAD_LETTERS, dead_letters),
    Check("worker's event source", EVENT_SOURCE_WRONG, event_source),
    Check("worker's batches", BATCHES_WRONG, batches),
    Check("worker's concurrency", WORKER_LIMIT_WRONG, worker_limit),
    Check("alarms", ALARM_RINGS, alarms),
    Check("alarms' subscription", ALARMS_UNHEARD, subscription),
]
