"""Checks of the stage's tables."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ops.aws_errors import is_absent
from ops.doctor.check import Change, Check, Result, failed, fine, warning
from ops.doctor.context import NotAsked
from ops.errors.doctor.aws import (
    BACKUPS_OFF,
    INDEX_MISSING,
    TABLE_WRONG,
    TTL_OFF,
)
from ops.template import merged

if TYPE_CHECKING:
    from ops.doctor.context import Context


TTL_ATTRIBUTE = "expires_at"
TABLES = {"sessions": "SessionsTable", "ledger": "LedgerTable"}


def table(which: str, context: Context) -> Result:
    """Whether a table is there, with the right key."""
    name = _table_name(which, context)
    try:
        found = context.table(name)
    except ClientError as error:
        if is_absent(error):
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
    context.need_deployment()
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


def _table_name(which: str, context: Context) -> str:
    name: str = getattr(context.settings, f"{which}_table")
    return name


def _existing(which: str, context: Context) -> str:
    name = _table_name(which, context)
    try:
        context.table(name)
    except ClientError as error:
        if is_absent(error):
            raise NotAsked("there is no such table") from None
        raise
    return name


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
    *_of_table("sessions"),
    *_of_table("ledger"),
]
