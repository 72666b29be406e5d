"""The ledger's names: HMACs of codes, texts and numbers, so that none stands there in clear.

A plain hash would not do: there are so few phone numbers, and a million codes, that anybody could
try them all.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.otp.errors import LedgerUnavailable
from chalicelib.otp.ledger import LedgerEntry

if TYPE_CHECKING:
    from chalicelib.otp.request import OtpRequest


@dataclass(frozen=True, slots=True)
class LedgerKeys:
    """Makes the ledger's names for codes, texts and recipients, with a secret key."""

    key: bytes

    @classmethod
    def from_base64(cls, text: str) -> LedgerKeys:
        """Read the key as it stands in SSM: base64 of 32 random bytes.

        Raises LedgerUnavailable where it is no base64.
        """
        try:
            return cls(base64.b64decode(text, validate=True))
        except ValueError:
            raise LedgerUnavailable("ledger-key: no base64") from None

    def entry(self, request: OtpRequest, message_id: str, accepted_at: float) -> LedgerEntry:
        """Return the entry of a request, as it is before anything happened to it."""
        return LedgerEntry(
            # By Logto's spelling of the number, for which it has codes of their own.
            id=self._hash("code", request.recipient, *_purpose(request, message_id), request.code),
            recipient_hash=self.recipient(request.recipient),
            usage_type=request.usage_type,
            region=request.region,
            message_id=message_id,
            accepted_at=accepted_at,
        )

    def latest_id(self, request: OtpRequest, message_id: str) -> str:
        """Name what is kept about the newest code of a request's phone and type."""
        return "latest." + self._hash("latest", *subject(request, message_id))

    def recipient(self, recipient: str) -> str:
        """Name a number, given as E.164, by its spelling.

        What is counted for a phone is named by `OtpRequest.phone`; what became of a message, or
        what Twilio says of a number, belongs to the spelling that Twilio was given: it may refuse
        one and take the other.
        """
        return self._hash("recipient", recipient)

    def sealed_code(self, recipient: str, entry_id: str) -> str:
        """Return the token that opens an entry's sealed code; only this key makes it."""
        return self._hash("sealed code", recipient, entry_id)

    def text(self, text: str) -> str:
        """Name a text so that it is known again by what the channel shows of it.

        Twilio's smart encoding replaces typographic characters by plain ones; letters and digits
        survive that.
        """
        return self._hash("text", _letters_and_digits(text))

    def _hash(self, *parts: str) -> str:
        digest = hmac.digest(self.key, "\0".join(parts).encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def subject(request: OtpRequest, message_id: str) -> tuple[str, ...]:
    """Return what a code is about: of all with the same subject only the newest counts.

    That is the phone and the type, whichever spelling of its number Logto used: a phone that gets
    two codes shows the later one on top.
    """
    return (request.phone, *_purpose(request, message_id))


def _purpose(request: OtpRequest, message_id: str) -> tuple[str, ...]:
    # The Console's test message always has the same code: each one is a subject of its own,
    # so that none is taken for another, nor replaced by it.
    own = (message_id,) if request.is_connector_test else ()
    return (request.usage_type, *own)


def _letters_and_digits(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text)))
