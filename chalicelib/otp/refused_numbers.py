"""Numbers that Twilio refused for good: for a while, nobody asks it again.

The mark stands where the number's codes are counted, so that looking for it costs no call.
"""

from __future__ import annotations

from typing import Protocol


class RefusedNumbers(Protocol):
    """Where such numbers are remembered."""

    def remember(self, recipient_hash: str, code: int, now: int) -> None:
        """Hold codes for this recipient back for a while, from `now` on.

        `recipient_hash` is the ledger's name for the recipient, `code` Twilio's error code.
        Raises LedgerUnavailable.
        """
