"""The limits' counters on DynamoDB, in the ledger's table: every step is one conditional update.

A number's item holds the moments of its latest codes, `n0` the newest, and each new code
shifts them by one: it may pass where the moment that stands `limit` places back is older
than the window. So no stretch of time has more codes than allowed, wherever it begins. The
mark of a number that Twilio refused stands in the same item.

One item takes about 1,000 writes a second, refused ones included. The shared ones are far
from it: their hourly limits end a flood, and a flood of one number stops at its own item.
When a counter is throttled all the same, more is asked of it than any limit allows, so that
it counts as full: to fail open then would lift the limits for just the attack they are for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import log
from chalicelib.otp.errors import LedgerUnavailable, Limit
from chalicelib.otp.limits import HOUR_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from chalicelib.otp.limits import Tally, Window

PREFIX = "limit#"
NEVER = 0
THROTTLED = frozenset(
    {"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"}
)


@dataclass(frozen=True, slots=True)
class DynamoDBLimits:
    """Counters and marks in the table `table_name`.

    A refused number is remembered for `refused_seconds`; a number's item is deleted
    `number_item_seconds` after its last write, which is as long as anything in it matters.
    """

    client: DynamoDBClient
    table_name: str
    refused_seconds: int
    number_item_seconds: int

    def take_number(self, recipient_hash: str, windows: Sequence[Window], now: int) -> Limit | None:
        """Count a code to a number in one step; gives what holds it back instead."""
        # Every right-hand side is the item as it was.
        shifted = [f"n{i} = if_not_exists(n{i - 1}, :never)" for i in _places(windows, back=True)]
        free = [
            f"(attribute_not_exists(n{window.limit - 1}) OR n{window.limit - 1} <= :since{i})"
            for i, window in enumerate(windows)
        ]
        values = {f":since{i}": now - window.seconds for i, window in enumerate(windows)}
        if shifted:  # DynamoDB refuses a value that nothing uses
            values[":never"] = NEVER
        found = self._take(
            _number_id(recipient_hash),
            f"SET {', '.join([*shifted, 'n0 = :now', 'expires_at = :expires_at'])}",
            " AND ".join(["(attribute_not_exists(refused_until) OR refused_until <= :now)", *free]),
            values | {":now": now, ":expires_at": now + self.number_item_seconds},
        )
        return None if found is None else _in_the_way(found, windows, now)

    def give_back_number(self, recipient_hash: str, windows: Sequence[Window], now: int) -> None:
        """Forget the latest code to a number where it was counted at `now`."""
        shifted = [f"n{i - 1} = if_not_exists(n{i}, :never)" for i in _places(windows)]
        self._update(
            _number_id(recipient_hash),
            f"SET {', '.join([*shifted, f'n{len(shifted)} = :never'])}",
            "n0 = :now",
            {":now": now, ":never": NEVER},
        )

    def take(self, tally: Tally) -> bool:
        """Count one more; False where the tally is full, and then nothing is counted."""
        found = self._take(
            _tally_id(tally),
            "SET expires_at = :expires_at ADD taken :one",
            "attribute_not_exists(taken) OR taken < :limit",
            {":one": 1, ":limit": tally.limit, ":expires_at": tally.hour + 2 * HOUR_SECONDS},
        )
        return found is None

    def give_back(self, tally: Tally) -> None:
        """Count one less."""
        self._update(
            _tally_id(tally), "ADD taken :less", "taken > :none", {":less": -1, ":none": 0}
        )

    def remember(self, recipient_hash: str, code: int, now: int) -> None:
        """Hold codes for this recipient back for a while, from `now` on."""
        self._update(
            _number_id(recipient_hash),
            "SET refused_code = :code, refused_until = :until, expires_at = :expires_at",
            None,
            {
                ":code": code,
                ":until": now + self.refused_seconds,
                ":expires_at": now + self.number_item_seconds,
            },
        )

    def _take(
        self, item_id: str, update: str, condition: str, values: dict[str, int]
    ) -> dict[str, int] | None:
        try:
            return self._update(item_id, update, condition, values)
        except _Throttled as error:
            log.failure("counter_throttled", error)
            return {}

    def _update(
        self, item_id: str, update: str, condition: str | None, values: dict[str, int]
    ) -> dict[str, int] | None:
        """Update an item; gives None, or the item's numbers where the condition failed."""
        wanted: dict[str, Any] = {
            "TableName": self.table_name,
            "Key": {"id": {"S": item_id}},
            "UpdateExpression": update,
            "ExpressionAttributeValues": {name: {"N": str(n)} for name, n in values.items()},
        }
        if condition is not None:
            wanted["ConditionExpression"] = condition
            wanted["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        try:
            self.client.update_item(**wanted)
        except self.client.exceptions.ConditionalCheckFailedException as error:
            refused: Any = error.response
            item = refused.get("Item", {})
            return {name: int(value["N"]) for name, value in item.items() if "N" in value}
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "unknown")
            raise (_Throttled if code in THROTTLED else LedgerUnavailable)(code) from error
        except BotoCoreError as error:
            raise LedgerUnavailable(type(error).__name__) from error
        return None


class _Throttled(LedgerUnavailable):
    """More writes were asked of an item or of the table than DynamoDB takes."""


def _places(windows: Sequence[Window], *, back: bool = False) -> range:
    kept = max(window.limit for window in windows)
    return range(kept - 1, 0, -1) if back else range(1, kept)


def _in_the_way(found: dict[str, int], windows: Sequence[Window], now: int) -> Limit:
    if found.get("refused_until", NEVER) > now:
        return Limit.NUMBER_REFUSED
    for window in windows:
        if found.get(f"n{window.limit - 1}", NEVER) > now - window.seconds:
            return window.name
    return windows[0].name  # throttled: nobody looked


def _number_id(recipient_hash: str) -> str:
    return f"{PREFIX}number#{recipient_hash}"


def _tally_id(tally: Tally) -> str:
    return f"{PREFIX}{tally.id}#{tally.hour}"
