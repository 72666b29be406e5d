"""Delivery receipts: what a channel reports of a message after it was handed over.

They come as signed callbacks, in any order, now and then twice, and sometimes before the worker has
written down which message a code went out in. So the address that the channel calls names the
attempt that the message comes from, and the channel's signature covers it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qs, urlencode, urlsplit

from chalicelib import log
from chalicelib.otp.errors import LedgerUnavailable
from chalicelib.otp.ledger import AttemptId

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.otp.limits import RefusedNumbers

ATTEMPT = "attempt"
"""The query parameter of a callback's address. There is one: API Gateway does not say in which
order parameters came, and Twilio signs the address as it was written."""


class Stage(StrEnum):
    """How far a message has come, as Twilio calls it."""

    ACCEPTED = "accepted"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    """The carrier has it."""
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    """The carrier could not deliver it."""
    FAILED = "failed"
    """Twilio could not send it."""
    CANCELED = "canceled"

    @property
    def is_recorded(self) -> bool:
        """Whether it says more than that Twilio has the message, which the outcome says."""
        return self not in {Stage.ACCEPTED, Stage.QUEUED, Stage.SENDING}

    @property
    def is_final(self) -> bool:
        """Whether nothing can come after it."""
        return self.is_recorded and self is not Stage.SENT

    @property
    def rank(self) -> int:
        """Later stages rank higher. The last ones rank alike, so that the first of them stays.

        In the ledger 0 and 1 are `queued` and `sending`, which earlier versions recorded.
        """
        return _FINAL_RANK if self.is_final else _FINAL_RANK - 1


_FINAL_RANK = 3


@dataclass(frozen=True, slots=True)
class Receipt:
    """One callback: a message's stage, with the channel's error code where it failed."""

    message_sid: str
    stage: Stage
    error_code: int | None = None
    is_for_the_number: bool = False
    """Whether the code says that this number won't get a message next time either."""


@dataclass(frozen=True, slots=True)
class ReceivedEntry:
    """What the ledger knows of a code whose message a receipt is about."""

    recipient_hash: str
    usage_type: str
    region: str
    message_id: str


class ReceiptStore(Protocol):
    """The ledger, as far as receipts go. Each method raises LedgerUnavailable."""

    def find(self, message_sid: str) -> str | None:
        """Return the id of the entry whose code went out in this message."""

    def advance(
        self, entry_id: str, claim_id: str | None, receipt: Receipt, now: float
    ) -> ReceivedEntry | None:
        """Write a receipt to its entry; None where it is no news, or of another message.

        That is one write, without a read before it. The entry's own message is the one whose SID
        it has; while it has none, whatever comes from its latest claim.
        """


class Callbacks(Protocol):
    """A channel's callbacks: how they are signed and what they say."""

    def read(self, url: str, body: bytes, signature: str | None) -> Receipt | None:
        """Read what was posted to `url`; None where it is about no message or stage of ours.

        Raises SignatureInvalid, and SenderMisconfigured where the key can't be read.
        """


@dataclass(frozen=True, slots=True)
class Receipts:
    """Takes a channel's callbacks, and remembers numbers that can't be reached for good."""

    callbacks: Callbacks
    store: ReceiptStore
    clock: Callable[[], float]
    refused_numbers: RefusedNumbers

    def receive(self, url: str, body: bytes, signature: str | None) -> None:
        """Take what was posted to `url`, the address as the channel knows it.

        Raises SignatureInvalid, SenderMisconfigured and LedgerUnavailable.
        """
        receipt = self.callbacks.read(url, body, signature)
        if receipt is None or not receipt.stage.is_recorded:
            # Half of the receipts: nothing is written, nor read, for what the outcome says as well.
            log.event("receipt_ignored", **(_fields(receipt) if receipt else {}))
            return
        try:
            entry = self._write(_attempt(url), receipt)
        except LedgerUnavailable as error:
            # Twilio reports each stage once: after this, only the log has it.
            log.failure("receipt_unrecorded", error, **_fields(receipt))
            log.count("ReceiptUnrecorded")
            raise
        if entry is None:
            return
        _log(receipt, entry)
        if receipt.is_for_the_number and receipt.error_code is not None:
            self._remember_refused(entry, receipt.error_code)

    def _write(self, attempt: AttemptId | None, receipt: Receipt) -> ReceivedEntry | None:
        if attempt is not None:
            entry_id, claim_id = attempt.entry_id, attempt.claim_id
        else:
            # The address of a message that was sent by an earlier version, or the one that stands
            # in Twilio's console where PUBLIC_URL is unset. Only an outcome has the SID, so what
            # comes before it is found by nothing.
            found = self.store.find(receipt.message_sid)
            if found is None:
                log.event("receipt_unknown", **_fields(receipt))
                return None
            entry_id, claim_id = found, None
        return self.store.advance(entry_id, claim_id, receipt, round(self.clock(), 3))

    def _remember_refused(self, entry: ReceivedEntry, code: int) -> None:
        try:
            self.refused_numbers.remember(entry.recipient_hash, code, int(self.clock()))
        except LedgerUnavailable as error:
            # The next code for this number is sent in vain, and remembers it.
            log.failure("refused_number_unremembered", error, message_id=entry.message_id)
            raise


def callback_url(base_url: str, attempt: AttemptId) -> str:
    """Return the address for the receipts of an attempt's message."""
    return f"{base_url}?{urlencode({ATTEMPT: str(attempt)})}"


def _attempt(url: str) -> AttemptId | None:
    named = parse_qs(urlsplit(url).query).get(ATTEMPT, ())
    return AttemptId.read(named[0]) if len(named) == 1 else None


def _log(receipt: Receipt, entry: ReceivedEntry) -> None:
    kind = {"usage_type": entry.usage_type, "region": entry.region}
    log.event("receipt", message_id=entry.message_id, **_fields(receipt), **kind)
    if receipt.stage is Stage.DELIVERED:
        log.count("Delivered", **kind)
    elif receipt.stage.is_final:
        log.count("Undelivered", error_code=str(receipt.error_code), **kind)
    if receipt.stage.is_final:
        log.share("DeliveryRate", hit=receipt.stage is Stage.DELIVERED, **kind)


def _fields(receipt: Receipt) -> dict[str, str | int | None]:
    return {
        "message_sid": receipt.message_sid,
        "message_status": receipt.stage.value,
        "error_code": receipt.error_code,
    }
