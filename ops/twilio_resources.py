"""What Twilio's account APIs answer, as far as the operator's command line needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Account:
    """Whose credentials they are: `status` is active, suspended or closed; `kind` Trial or Full."""

    sid: str
    name: str
    status: str
    kind: str

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Account:
        """Read what Twilio answers, leaving the Auth Token there."""
        return cls(given["sid"], given["friendly_name"], given["status"], given["type"])


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the account, in E.164; whether it sends texts (SMS)."""

    sid: str
    phone_number: str
    sends_texts: bool

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Number:
        """Read an entry of the account's numbers, or of a messaging service's pool."""
        able = given["capabilities"]  # {"sms": true, …} there, ["SMS", …] here
        texts = able.get("sms") is True if isinstance(able, dict) else "SMS" in able
        return cls(given["sid"], given["phone_number"], texts)


@dataclass(frozen=True, slots=True)
class MessagingService:
    """A messaging service."""

    sid: str
    name: str

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> MessagingService:
        """Read what Twilio answers."""
        return cls(given["sid"], given["friendly_name"])


@dataclass(frozen=True, slots=True)
class MessageStatus:
    """How far a message has come, in Twilio's words, and why it failed."""

    status: str
    error_code: int | None

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> MessageStatus:
        """Read what Twilio answers, leaving number and text there."""
        return cls(given["status"], given["error_code"])


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in Twilio's currency for the account, such as USD."""

    amount: float
    currency: str

    @classmethod
    def from_balance(cls, given: Mapping[str, Any]) -> Money:
        """Read what is left on the account."""
        return cls(float(given["balance"]), given["currency"].upper())

    @classmethod
    def from_usage(cls, given: Mapping[str, Any]) -> Money:
        """Read what a usage record costs."""
        return cls(float(given["price"]), given["price_unit"].upper())
