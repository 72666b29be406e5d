"""The limits' counters on DynamoDB, in the ledger's table: every step is one conditional update.

A number's item holds the moments of its latest codes, `n0` the newest, and each new code
shifts them by one: it may pass where the moment that stands `limit` places back is older
than the window. So no stretch of time has more codes than allowed, wherever it begins. The
mark of a number that Twilio refused stands in the same item.

A step whose answer was lost and that boto3 repeats counts once, unless another code was
counted in between. That seldom happens in a number's item; in one that all share it does, and
then the code counts twice there, or is given back twice.

One item takes about 1,000 writes a second, refused ones included. The shared ones are far
from it: their hourly limits end a flood, and a flood of one number stops at its own item.
When a counter is throttled all the same, more is asked of it than any limit allows, so that
it counts as full: to fail open then would lift the limits for just the attack they are for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib import log
from chalicelib.otp.errors import LedgerUnavailable, Limit
from chalicelib.otp.limits import HOUR_SECONDS
from chalicelib.table import Change, Table, Written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from chalicelib.otp.limits import Tally, Window
    from chalicelib.settings import Settings

PREFIX = "limit#"
NEVER = 0
THROTTLED = frozenset(
    {"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"}
)


class DynamoDBCounters:
    """Counters and marks in the table `table_name`.

    A refused number is remembered for `refused_seconds`; a number's item is deleted
    `number_item_seconds` after its last write, which is as long as anything in it matters.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        table_name: str,
        *,
        refused_seconds: int,
        number_item_seconds: int,
    ) -> None:
        self.table = Table(client, table_name, _unavailable)
        self._refused_seconds = refused_seconds
        self._number_item_seconds = number_item_seconds

    @classmethod
    def from_settings(cls, settings: Settings, client: DynamoDBClient) -> DynamoDBCounters:
        """Return the counters in a deployment's table."""
        return cls(
            client,
            settings.ledger_table,
            refused_seconds=settings.refused_number_seconds,
            number_item_seconds=max(
                settings.number_short_seconds,
                settings.number_long_seconds,
                settings.refused_number_seconds,
            ),
        )

    def take_number(self, recipient_hash: str, windows: Sequence[Window], now: int) -> Limit | None:
        """Count a code to a number in one step; return what holds it back instead."""
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
            number_id(recipient_hash),
            Change(set=[*shifted, "n0 = :now", "expires_at = :expires_at"]),
            " AND ".join(["(attribute_not_exists(refused_until) OR refused_until <= :now)", *free]),
            values | {":now": now, ":expires_at": now + self._number_item_seconds},
        )
        return None if found is None else _in_the_way(found, windows, now)

    def give_back_number(self, recipient_hash: str, windows: Sequence[Window], now: int) -> None:
        """Forget the latest code to a number where it was counted at `now`."""
        shifted = [f"n{i - 1} = if_not_exists(n{i}, :never)" for i in _places(windows)]
        self.table.update_if(
            number_id(recipient_hash),
            Change(set=[*shifted, f"n{len(shifted)} = :never"]),
            "n0 = :now",
            _numbers({":now": now, ":never": NEVER}),
        )

    def take(self, tally: Tally) -> bool:
        """Count one more; False where the tally is full, and then nothing is counted."""
        found = self._take(
            _tally_id(tally),
            Change(set=["expires_at = :expires_at"], add=["taken :one"]),
            "attribute_not_exists(taken) OR taken < :limit",
            {":one": 1, ":limit": tally.limit, ":expires_at": tally.hour + 2 * HOUR_SECONDS},
        )
        return found is None

    def give_back(self, tally: Tally) -> None:
        """Count one less."""
        self.table.update_if(
            _tally_id(tally),
            Change(add=["taken :less"]),
            "taken > :none",
            _numbers({":less": -1, ":none": 0}),
        )

    def remember(self, recipient_hash: str, code: int, now: int) -> None:
        """Hold codes for this recipient back for a while, from `now` on."""
        marked = ["refused_code = :code", "refused_until = :until", "expires_at = :expires_at"]
        self.table.update_if(
            number_id(recipient_hash),
            Change(set=marked),
            "",
            _numbers(
                {
                    ":code": code,
                    ":until": now + self._refused_seconds,
                    ":expires_at": now + self._number_item_seconds,
                }
            ),
        )

    def _take(
        self, item_id: str, change: Change, condition: str, values: dict[str, int]
    ) -> dict[str, int] | None:
        """Count; return None, or the item's numbers where the condition failed."""
        try:
            done = self.table.update_if(item_id, change, condition, _numbers(values))
        except _Throttled as error:
            log.failure("counter_throttled", error)
            return {}
        if isinstance(done, Written):
            return None
        return {name: int(value["N"]) for name, value in done.item.items() if "N" in value}


def number_id(recipient_hash: str) -> str:
    """Return the id of a number's item."""
    return f"{PREFIX}number#{recipient_hash}"


class _Throttled(LedgerUnavailable):
    """More writes were asked of an item or of the table than DynamoDB takes."""


def _unavailable(reason: str) -> LedgerUnavailable:
    return (_Throttled if reason in THROTTLED else LedgerUnavailable)(reason)


def _numbers(values: dict[str, int]) -> dict[str, dict[str, str]]:
    return {name: {"N": str(value)} for name, value in values.items()}


def _places(windows: Sequence[Window], *, back: bool = False) -> range:
    kept = max(window.limit for window in windows)
    return range(kept - 1, 0, -1) if back else range(1, kept)


def _in_the_way(found: dict[str, int], windows: Sequence[Window], now: int) -> Limit:
    if found.get("refused_until", NEVER) > now:
        return Limit.NUMBER_REFUSED
    for window in windows:
        if found.get(f"n{window.limit - 1}", NEVER) > now - window.seconds:
            return window.name
    return windows[0].name  # throttled: no window was looked at


def _tally_id(tally: Tally) -> str:
    return f"{PREFIX}{tally.id}#{tally.hour}"
