"""What Logto's Management API knows, and the credential that opens it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


OSS_RESOURCE = "https://default.logto.app/api"
"""The Management API's resource indicator at Logto OSS; Logto Cloud's is
`https://<tenant>.logto.app/api`, also where the tenant has a domain of its own."""


HTTP_SMS, TWILIO_SMS = "http-sms", "twilio-short-message-service"

_CODE_SECONDS = 600  # where the tenant's policy names no other


@dataclass(frozen=True, slots=True)
class Credential:
    """A machine-to-machine application's id and secret, and the resource indicator of the API."""

    id: str
    secret: str = field(repr=False)
    resource: str = OSS_RESOURCE

    @classmethod
    def from_json(cls, text: str) -> Credential:
        """Read the parameter `logto/management`; raises ValueError, which does not quote it."""
        try:
            given = json.loads(text)
            values = [given["id"], given["secret"], given["resource"]]
        except (ValueError, KeyError, TypeError):
            values = [None]
        if not all(isinstance(each, str) and each for each in values):
            raise ValueError("not a JSON object with id, secret and resource")
        return cls(*values)


@dataclass(frozen=True, slots=True)
class Application:
    """An application; `metadata` is its `oidcClientMetadata`, all of it."""

    id: str
    name: str
    kind: str
    metadata: Mapping[str, Any]

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Application:
        """Read what Logto answers."""
        return cls(given["id"], given["name"], given["type"], given["oidcClientMetadata"])


@dataclass(frozen=True, slots=True)
class AppSecret:
    """One of an application's secrets; `expires_at` in milliseconds since the epoch, or None."""

    name: str
    value: str = field(repr=False)
    expires_at: int | None

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> AppSecret:
        """Read what Logto answers."""
        return cls(given["name"], given["value"], given["expiresAt"])

    def lives_at(self, milliseconds: float) -> bool:
        """Return whether it opens the application at a moment, in milliseconds since the epoch."""
        return self.expires_at is None or self.expires_at > milliseconds


@dataclass(frozen=True, slots=True)
class Connector:
    """A connector; `kind` is Logto's `connectorId`, and `config` has its secrets in clear."""

    id: str
    kind: str
    type: str
    config: Mapping[str, Any] = field(repr=False)

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Connector:
        """Read what Logto answers."""
        return cls(given["id"], given["connectorId"], given["type"], given["config"])


@dataclass(frozen=True, slots=True)
class User:
    """A user; `phone` in E.164, which Logto writes without the "+"."""

    id: str
    phone: str | None = field(repr=False)
    suspended: bool

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> User:
        """Read what Logto answers."""
        digits = given["primaryPhone"]
        return cls(given["id"], f"+{digits}" if digits else None, given["isSuspended"])


def code_seconds(experience: Mapping[str, Any]) -> int:
    """Return for how long Logto accepts a code, by the sign-in experience, public or not."""
    policy = experience.get("verificationCodePolicy") or {}
    seconds: int = policy.get("expirationDuration", _CODE_SECONDS)
    return seconds
