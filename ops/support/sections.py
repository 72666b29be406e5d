"""The parts of a support bundle: each returns what it names, and nothing else of what it reads."""

from __future__ import annotations

import json
import platform
import re
from collections import Counter
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from chalicelib import __version__
from chalicelib.otp.texts import problems
from chalicelib.settings import Settings
from ops.aws_errors import explained
from ops.dead_letters import DeadLetterQueue
from ops.doctor.checks import CHECKS
from ops.doctor.command import as_data
from ops.doctor.context import NotAsked
from ops.doctor.run import run
from ops.errors import OperatorError
from ops.support.log_lines import is_metric, kept
from ops.template import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.doctor.context import Context
    from ops.stage_logs import LogLine, StageLogs

RECENT_SECONDS = 15 * 60
TROUBLE_SECONDS = 24 * 3600
TROUBLES = ("WARNING", "ERROR", "timed out")
MOST_LINES = 2000
_FREE_TEXTS = {"logto_app_id", "logto_scopes", "logto_resources", "api_resource"}
_USAGE_TYPES = {"SignIn", "Register", "ForgotPassword", "Generic"}
_REASON = re.compile(r"[a-z_]{1,32}")
_QUEUE = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
    "MessageRetentionPeriod",
    "VisibilityTimeout",
)
_TABLE = ("TableStatus", "ItemCount", "TableSizeBytes", "DeletionProtectionEnabled")
_STACK = ("StackStatus", "CreationTime", "LastUpdatedTime")


def collected(context: Context, logs: Callable[[], StageLogs]) -> dict[str, Any]:
    """Return the parts by their files' names; a part that can't be read says why."""
    parts: dict[str, Callable[[], Any]] = {
        "versions.json": versions,
        "settings.json": lambda: settings(context),
        "doctor.json": lambda: [as_data(each) for each in run(CHECKS, context)],
        "stack.json": lambda: stack(context),
        "parameters.json": lambda: parameters(context),
        "texts.json": lambda: texts(context),
        "tables.json": lambda: tables(context),
        "queues.json": lambda: queues(context),
        "logs.json": lambda: log_lines(logs(), context.clock()),
    }
    return {name: _guarded(part) for name, part in parts.items()}


def versions() -> dict[str, Any]:
    """Return the versions of the project, of Python and of the required packages."""
    required = re.findall(
        r"^([\w.-]+)==", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    return {
        "portaria": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": {name: _version(name) for name in (*required, "chalice")},
    }


def settings(context: Context) -> dict[str, Any]:
    """Return the product's settings; of free texts only whether and how they differ."""
    found = context.settings
    return {
        each.name.upper(): _free(getattr(found, each.name))
        if each.name in _FREE_TEXTS
        else getattr(found, each.name)
        for each in fields(Settings)
    }


def stack(context: Context) -> dict[str, Any]:
    """Return the stack's state, and that of each of its resources."""
    if context.stage.is_local:
        raise NotAsked("the sandbox has no stack")
    cloudformation = context.client("cloudformation")
    (found,) = cloudformation.describe_stacks(StackName=context.stack_name)["Stacks"]
    pages = cloudformation.get_paginator("list_stack_resources")
    return {
        **{name: str(found[name]) for name in _STACK if name in found},
        "outputs": sorted(each["OutputKey"] for each in found.get("Outputs", [])),
        "parameters": sorted(each["ParameterKey"] for each in found.get("Parameters", [])),
        "resources": {
            each["LogicalResourceId"]: each.get("ResourceStatus")
            for page in pages.paginate(StackName=context.stack_name)
            for each in page["StackResourceSummaries"]
        },
    }


def parameters(context: Context) -> list[dict[str, Any]]:
    """Return which parameters there are, in which version, and no value."""
    return [
        {"name": name, "kind": each.kind, "version": each.version, "length": len(each.value)}
        for name, each in sorted(context.parameters.items())
    ]


def texts(context: Context) -> dict[str, list[str]]:
    """Return the problems of each text, and none of its words."""
    found = context.texts.items()
    return {name: [each.value for each in problems(text)] for name, text in sorted(found)}


def tables(context: Context) -> dict[str, Any]:
    """Return the state of both tables, and no item."""
    return {
        which: {
            **{key: found[key] for key in _TABLE if key in found},
            "indexes": [each["IndexName"] for each in found.get("GlobalSecondaryIndexes", [])],
        }
        for which, found in (
            ("sessions", context.table(context.settings.sessions_table)),
            ("ledger", context.table(context.settings.ledger_table)),
        )
    }


def queues(context: Context) -> dict[str, Any]:
    """Return the state of both queues, and how many dead letters there are of each kind."""
    found = context.settings
    now = context.clock()
    with DeadLetterQueue.of(context.stage).taken() as letters:
        kinds = Counter(
            (
                letter.reason if _REASON.fullmatch(letter.reason) else "another",
                _usage_type(letter.request.usage_type) if letter.request else None,
                letter.action(now).value,
            )
            for letter in letters
        )
    return {
        "otp": _queue(context, found.otp_queue_url),
        "dead_letters": _queue(context, found.otp_dead_letter_queue_url),
        "dead_letters_by_kind": [
            {"reason": reason, "type": usage_type, "action": action, "count": count}
            for (reason, usage_type, action), count in kinds.items()
        ],
    }


def log_lines(logs: StageLogs, now: float) -> list[dict[str, Any]]:
    """Return all events of the last minutes, and what went wrong within a day; oldest first."""
    found: dict[str, LogLine] = {line.id: line for line in logs.read(now - RECENT_SECONDS)}
    for each in TROUBLES:
        found |= {line.id: line for line in logs.read(now - TROUBLE_SECONDS, containing=each)}
    events = sorted(
        (line for line in found.values() if not is_metric(line)), key=lambda line: line.at
    )
    return [kept(line) for line in events[-MOST_LINES:]]


def _guarded(part: Callable[[], Any]) -> Any:
    """Return what a part returns, or why there is none: a stage that is broken needs help most."""
    try:
        return part()
    except NotAsked as error:
        return {"not_asked": str(error)}
    except OperatorError as error:
        return {"error": error.problem.code, "detail": error.detail}
    except Exception as error:  # noqa: BLE001 - its text may have a secret in it
        known = explained(error)
        return {"error": type(error).__name__, "detail": known.detail if known else None}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _free(value: str | None) -> str | None:
    return f"set, {len(value)} characters" if value else value


def _usage_type(name: str) -> str:
    return name if name in _USAGE_TYPES else "another"


def _queue(context: Context, url: str) -> dict[str, int | None]:
    found = context.queue(url)
    policy = json.loads(found.get("RedrivePolicy") or "{}")
    return {
        **{name: int(found[name]) for name in _QUEUE if name in found},
        "maxReceiveCount": policy.get("maxReceiveCount"),
    }
