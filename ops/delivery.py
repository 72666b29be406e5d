"""A message on its way to a phone, followed to its last status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.otp.ledger import Outcome
from chalicelib.otp.receipts import Stage as Receipt
from chalicelib.otp.sealed_codes import SID_PREFIX
from ops.errors import OperatorError
from ops.errors.codes import TEST_NOT_DELIVERED
from ops.http_api import ApiError
from ops.trace import history

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chalicelib.application import Portaria
    from chalicelib.otp.ledger import LedgerEntry
    from ops.twilio import Twilio

KEPT = "kept for portaria test-code"
_LAST = frozenset({KEPT, Receipt.DELIVERED, Receipt.UNDELIVERED, Receipt.FAILED, Receipt.CANCELED})
WAIT_SECONDS, PAUSE_SECONDS = 90.0, 0.5


@dataclass(frozen=True, slots=True)
class Delivery:
    """The way of a stage's codes, as an operator follows one."""

    portaria: Portaria
    twilio: Twilio

    def follow(self, number: str, send: Callable[[], None]) -> Iterator[str]:
        """Send, and yield each new status; the last is Twilio's last one.

        A test number's code is kept here and gets none of Twilio's. Ends after 90 s with "sent"
        where the carrier reports nothing. Raises OperatorError where
        the message was not sent or not delivered.
        """
        clock, last = self.portaria.clock, "accepted"  # Twilio calls its first status so, too
        before = {each.message_id for each in self._entries(number)}
        send()
        yield last
        ends_at = clock() + WAIT_SECONDS
        while clock() < ends_at:
            status = self._status(number, before)
            if status and status != last:
                last = status
                yield status
            if last in _LAST:
                break
            self.portaria.sleep(PAUSE_SECONDS)
        if last not in {KEPT, Receipt.DELIVERED, Receipt.SENT}:
            raise OperatorError(TEST_NOT_DELIVERED, f"The last status is {last}.")

    def _status(self, number: str, before: set[str]) -> str:
        found = [each for each in self._entries(number) if each.message_id not in before]
        if not found or found[0].result is None:
            return ""
        result = found[0].result
        if result.outcome is not Outcome.SENT:
            code = "" if result.error_code is None else f" ({result.error_code})"
            raise OperatorError(
                TEST_NOT_DELIVERED, f"The code ended as {result.outcome.value}{code}."
            )
        if result.message_sid is None:
            return ""
        if result.message_sid.startswith(SID_PREFIX):
            return KEPT
        try:
            return self.twilio.message_status(result.message_sid).status
        except ApiError:
            receipt = found[0].receipt
            return receipt.stage if receipt else ""

    def _entries(self, number: str) -> list[LedgerEntry]:
        return history(self.portaria.ledger, self.portaria.ledger_keys(), number, 5)
