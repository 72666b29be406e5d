"""Sealed codes of test numbers on DynamoDB, each in an item of its own in the ledger's table.

An item's id and key come from the number, the entry and the ledger's key: neither the number nor
the code can be read there, and no item opens in another's place. It expires with its code.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from chalicelib.otp.errors import LedgerUnavailable
from chalicelib.sealing import Seal
from chalicelib.table import Change, Table, Written

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient

    from chalicelib.otp.ledger_keys import LedgerKeys

SEAL = Seal("test code")
PREFIX = "sealed."


class DynamoDBSealedCodes:
    """Codes in the table `table_name`; `clock` is in seconds since the epoch."""

    def __init__(
        self,
        client: DynamoDBClient,
        table_name: str,
        keys: Callable[[], LedgerKeys],
        clock: Callable[[], float],
    ) -> None:
        self.table = Table(client, table_name, LedgerUnavailable)
        self._keys, self._clock = keys, clock

    def keep(self, recipient: str, entry_id: str, code: str, seconds: float) -> None:
        """Keep an entry's code for so long, unless it is or was kept already.

        By an update, which the worker may make anyway.
        """
        token, now = self._keys().sealed_code(recipient, entry_id), self._clock()
        expires_at = now + seconds
        sealed = SEAL.seal(token, json.dumps([code, expires_at]).encode())
        self.table.update_if(
            item_id(token),
            Change(set=["sealed = :sealed", "expires_at = :expires_at"]),
            # DynamoDB deletes what has expired within days; the same digits may be drawn before.
            "attribute_not_exists(expires_at) OR expires_at <= :now",
            {
                ":sealed": {"B": sealed},
                ":expires_at": {"N": str(int(expires_at))},
                ":now": {"N": str(int(now))},
            },
        )

    def take(self, recipient: str, entry_id: str) -> str | None:
        """Return an entry's code and delete it; None where there is none, or it has expired.

        What remains of the item keeps the worker from sealing the code again.
        """
        token = self._keys().sealed_code(recipient, entry_id)
        found = (self.table.get(item_id(token)) or {}).get("sealed")
        if found is None:
            return None
        code, expires_at = json.loads(SEAL.unseal(token, found["B"]))
        if self._clock() >= expires_at:
            return None
        taken = self.table.update_if(
            item_id(token), Change(remove=["sealed"]), "sealed = :sealed", {":sealed": found}
        )
        return str(code) if isinstance(taken, Written) else None


def item_id(token: str) -> str:
    """Return the id of the item that a token opens."""
    return f"{PREFIX}{SEAL.record_id(token)}"
