"""Checks of the worker's event source, and of what watches over the stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ops.doctor.check import Check, Result, failed, fine, warning
from ops.doctor.context import NotAsked
from ops.doctor.queues import both
from ops.errors.doctor.aws import (
    ALARM_RINGS,
    ALARMS_UNHEARD,
    BATCHES_WRONG,
    EVENT_SOURCE_WRONG,
    WORKER_LIMIT_WRONG,
)
from ops.template import merged, values_of

if TYPE_CHECKING:
    from ops.doctor.context import Context


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
    context.need_deployment()
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


def _source(context: Context) -> Any:
    arn = both(context)[0]["QueueArn"]
    return next((each for each in context.event_sources if each["EventSourceArn"] == arn), None)


CHECKS = [
    Check("worker's event source", EVENT_SOURCE_WRONG, event_source),
    Check("worker's batches", BATCHES_WRONG, batches),
    Check("worker's concurrency", WORKER_LIMIT_WRONG, worker_limit),
    Check("alarms", ALARM_RINGS, alarms),
    Check("alarms' subscription", ALARMS_UNHEARD, subscription),
]
