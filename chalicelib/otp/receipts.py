"""Delivery receipts: what Twilio tells of a message after it was handed over.

They come as signed form posts, in any order, now and then twice, and sometimes before the
worker has written down which message a code went out in. So the address that Twilio calls
names the attempt that the message comes from, and Twilio's signature covers it. Source:
https://www.twilio.com/docs/messaging/guides/track-outbound-message-status.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qs, urlencode, urlsplit

from chalicelib import log
from chalicelib.otp.errors import LedgerUnavailable, SignatureInvalid
from chalicelib.otp.ledger import AttemptId

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chalicelib.otp.limits import RefusedNumbers

ATTEMPT = "attempt"
"""The query parameter of a callback's address. There is one: API Gateway does not say in which
order parameters came, and Twilio signs the address as it was written."""
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
        """Return the id of the entry whose code went out in this message."""

    def advance(
        self, entry_id: str, claim_id: str | None, receipt: Receipt, now: float
    ) -> ReceivedEntry | None:
        """Write a receipt to its entry; None where it is no news, or of another message.

        The entry's own message is the one whose SID it has; while it has none, whatever comes
        from its latest claim.
        """


class SignatureCheck(Protocol):
    """Whoever knows the key that Twilio signs its callbacks with."""

    def __call__(
        self, signature: str | None, url: str, parameters: Mapping[str, Sequence[str]]
    ) -> bool:
        """Return whether Twilio signed a callback to `url` with these form parameters.

        Raises SenderMisconfigured where the key can't be read.
        """


@dataclass(frozen=True, slots=True)
class Receipts:
    """Takes Twilio's callbacks, and remembers numbers that can't be reached for good."""

    is_signed: SignatureCheck
    store: ReceiptStore
    clock: Callable[[], float]
    refused_numbers: RefusedNumbers

    def receive(self, url: str, body: bytes, signature: str | None) -> None:
        """Take a form that was posted to `url`, the address as Twilio knows it.

        Raises SignatureInvalid, SenderMisconfigured and LedgerUnavailable.
        """
        # Blank values are signed, too. Bytes that are no UTF-8 break the signature, as they should.
        form = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        if not self.is_signed(signature, url, form):
            raise SignatureInvalid
        receipt = Receipt.read(form)
        if receipt is None:
            log.event("receipt_ignored")
            return
        try:
            self._record(_attempt(url), receipt)
        except LedgerUnavailable as error:
            # Twilio tells each stage once: after this, only the log has it.
            log.failure("receipt_unrecorded", error, **_fields(receipt))
            log.count("ReceiptUnrecorded")
            raise

    def _record(self, attempt: AttemptId | None, receipt: Receipt) -> None:
        if attempt is not None:
            entry_id, claim_id = attempt.entry_id, attempt.claim_id
        else:
            # The address of a message that was sent by an earlier version, or the one that stands
            # in Twilio's console where PUBLIC_URL is unset. Only an outcome has the SID, so what
            # comes before it is found by nothing.
            found = self.store.find(receipt.message_sid)
            if found is None:
                log.event("receipt_unknown", **_fields(receipt))
                return
            entry_id, claim_id = found, None
        entry = self.store.advance(entry_id, claim_id, receipt, round(self.clock(), 3))
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


def callback_url(base_url: str, attempt: AttemptId) -> str:
    """Return the address for the receipts of an attempt's message."""
    return f"{base_url}?{urlencode({ATTEMPT: str(attempt)})}"


def _attempt(url: str) -> AttemptId | None:
    return AttemptId.read(_only(parse_qs(urlsplit(url).query), ATTEMPT))


def _fields(receipt: Receipt) -> dict[str, str | int | None]:
    return {
        "message_sid": receipt.message_sid,
        "message_status": receipt.stage.value,
        "error_code": receipt.error_code,
    }


def _only(form: Mapping[str, Sequence[str]], name: str) -> str:
    values = form.get(name, ())
    return values[0] if len(values) == 1 else ""
