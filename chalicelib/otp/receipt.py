"""Delivery receipts: what Twilio tells of a message after it was handed over.

They come as signed form posts, in any order, now and then twice, and sometimes before the
worker has written down which message a code went out in. Source:
https://www.twilio.com/docs/messaging/guides/track-outbound-message-status.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qs

from chalicelib import log
from chalicelib.otp.errors import LedgerUnavailable, SignatureInvalid
from chalicelib.otp.twilio_signature import is_signed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chalicelib.otp.refused_numbers import RefusedNumbers

RECIPIENT_CODES = frozenset({30004, 30005, 30006})
"""Blocked, unknown or a landline: this number won't get a message next time either."""

_MESSAGE_SID = re.compile(r"(?:SM|MM)[0-9a-f]{32}", re.ASCII)
_ERROR_CODE = re.compile(r"[0-9]{1,6}", re.ASCII)


class Stage(StrEnum):
    """How far a message has come, as Twilio calls it."""

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
    def rank(self) -> int:
        """Later stages rank higher. The last ones rank alike, so that the first of them stays."""
        return _RANKS.get(self, len(_RANKS))

    @property
    def is_final(self) -> bool:
        """Whether nothing can come after it."""
        return self not in _RANKS


_RANKS = {Stage.QUEUED: 0, Stage.SENDING: 1, Stage.SENT: 2}


@dataclass(frozen=True, slots=True)
class Receipt:
    """One callback: a message's stage, with Twilio's error code where it failed."""

    message_sid: str
    stage: Stage
    error_code: int | None = None

    @classmethod
    def read(cls, form: Mapping[str, Sequence[str]]) -> Receipt | None:
        """Read a callback's form; None where it tells of no message or no stage of ours.

        Twilio adds parameters and states as it pleases; those we don't know are ignored.
        """
        message_sid = _only(form, "MessageSid")
        try:
            stage = Stage(_only(form, "MessageStatus"))
        except ValueError:
            return None
        if not _MESSAGE_SID.fullmatch(message_sid):
            return None
        code = _only(form, "ErrorCode")
        return cls(message_sid, stage, int(code) if _ERROR_CODE.fullmatch(code) else None)


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
        """Give the id of the entry whose code went out in this message."""

    def advance(self, entry_id: str, receipt: Receipt, now: float) -> ReceivedEntry | None:
        """Write a receipt to its entry; None where it is no news, or the entry has moved on."""

    def keep_early(self, receipt: Receipt, now: float) -> None:
        """Keep a receipt that has no entry yet, unless a later one is kept already."""

    def early(self, message_sid: str) -> Receipt | None:
        """Give the receipt that was kept for this message."""

    def forget_early(self, message_sid: str) -> None:
        """Drop it, now that its entry has it."""


@dataclass(frozen=True, slots=True)
class Receipts:
    """Takes Twilio's callbacks, and remembers numbers that can't be reached for good."""

    auth_token: Callable[[], str]
    store: ReceiptStore
    clock: Callable[[], float]
    refused_numbers: RefusedNumbers

    def receive(self, url: str, body: bytes, signature: str | None) -> None:
        """Take a form that was posted to `url`, the address as Twilio knows it.

        Raises SignatureInvalid, SenderMisconfigured and LedgerUnavailable.
        """
        # Blank values are signed, too. Bytes that are no UTF-8 break the signature, as they should.
        form = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        if not is_signed(signature, self.auth_token(), url, form):
            raise SignatureInvalid
        receipt = Receipt.read(form)
        if receipt is None:
            log.event("receipt_ignored")
            return
        try:
            self._record(receipt)
        except LedgerUnavailable as error:
            # Twilio tells each stage once: after this, only the log has it.
            log.failure("receipt_unrecorded", error, **_fields(receipt))
            log.count("ReceiptUnrecorded")
            raise

    def catch_up(self, entry_id: str, message_sid: str) -> None:
        """Take the receipt that came early, for whoever has just written this SID to this entry.

        The index would not find the entry yet. Raises LedgerUnavailable.
        """
        early = self.store.early(message_sid)
        if early is not None:
            self._advance(entry_id, early, early)

    def _record(self, receipt: Receipt) -> None:
        entry_id = self.store.find(receipt.message_sid)
        if entry_id is None:
            # The worker has not written the SID yet, or it is not a message of ours at all: to
            # keep a small item for a while is the same in both cases.
            self.store.keep_early(receipt, self._now())
            log.event("receipt_early", **_fields(receipt))
            return
        early = self.store.early(receipt.message_sid)
        latest = early if early and early.stage.rank > receipt.stage.rank else receipt
        self._advance(entry_id, latest, early)

    def _advance(self, entry_id: str, receipt: Receipt, early: Receipt | None) -> None:
        entry = self.store.advance(entry_id, receipt, self._now())
        if early is not None:
            self.store.forget_early(early.message_sid)
        if entry is not None:
            self._tell(receipt, entry)

    def _tell(self, receipt: Receipt, entry: ReceivedEntry) -> None:
        kind = {"usage_type": entry.usage_type, "region": entry.region}
        log.event("receipt", message_id=entry.message_id, **_fields(receipt), **kind)
        if receipt.stage is Stage.DELIVERED:
            log.count("Delivered", **kind)
        elif receipt.stage.is_final:
            log.count("Undelivered", error_code=str(receipt.error_code), **kind)
        if receipt.stage.is_final:
            log.share("DeliveryRate", hit=receipt.stage is Stage.DELIVERED, **kind)
        if receipt.error_code in RECIPIENT_CODES:
            self.refused_numbers.remember(
                entry.recipient_hash, receipt.error_code, int(self.clock())
            )

    def _now(self) -> float:
        return round(self.clock(), 3)


def _fields(receipt: Receipt) -> dict[str, str | int | None]:
    return {
        "message_sid": receipt.message_sid,
        "message_status": receipt.stage.value,
        "error_code": receipt.error_code,
    }


def _only(form: Mapping[str, Sequence[str]], name: str) -> str:
    values = form.get(name, ())
    return values[0] if len(values) == 1 else ""
