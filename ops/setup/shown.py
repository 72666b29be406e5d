"""What is at Logto, in words for the plan; secrets are masked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ops.setup.plan import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Mapping

_PUBLIC = frozenset({"accountSID", "fromMessagingServiceSID", "disableRiskCheck", "phoneNumberId"})
_FACTORS = {
    "WebAuthn": "passkey",
    "Totp": "authenticator app",
    "BackupCode": "backup codes",
    "EmailVerificationCode": "code by e-mail",
    "PhoneVerificationCode": "code by SMS",
}
_POLICIES = {"UserControlled": "optional", "Mandatory": "mandatory"}


def masked(config: Mapping[str, Any]) -> str:
    """Return a connector's configuration; only what is known to be no secret is in it."""
    return ", ".join(f"{name}={_public(name, value)}" for name, value in config.items())


def metadata_shown(value: Any) -> str:
    """Return one value of an application's metadata."""
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "session required" if value else "session not required"
    return "none" if value is None else str(value)


def experience_shown(name: str, value: Any) -> str:
    """Return one value of the sign-in experience by its name."""
    if name == "signIn":
        return f"sign in with {', '.join(map(_method, value.get('methods', []))) or 'nothing'}"
    if name == "signUp":
        ways = [
            word for key, word in (("password", "password"), ("verify", "code")) if value.get(key)
        ]
        by = " or ".join(value.get("identifiers", [])) or "nothing"
        *first, last = [by, *ways]
        return f"sign up with {', '.join(first)}{' and ' if first else ''}{last}"
    if name == "mfa":
        factors = ", ".join(_FACTORS.get(each, each) for each in (value or {}).get("factors", []))
        policy = str((value or {}).get("policy"))
        return f"{factors}, {_POLICIES.get(policy, policy)}" if factors else "none"
    if name == "forgotPasswordMethods":
        return ", ".join(_FACTORS.get(each, each) for each in value or []) or "none"
    if name == "passkeySignIn":
        return "on" if (value or {}).get("enabled") else "off"
    return "none" if value is None else str(value)


def _public(name: str, value: Any) -> str:
    if name == "templates" and isinstance(value, list):
        return f"{len(value)} texts"
    if name == "endpoint":
        # Its query, or what is before the host, may be a password.
        found = urlsplit(str(value))
        return f"{found.scheme}://{found.netloc.rpartition('@')[2]}{found.path}"
    return str(value) if name in _PUBLIC else HIDDEN


def _method(given: Mapping[str, Any]) -> str:
    ways = [
        word
        for word, is_on in (("code", given["verificationCode"]), ("password", given["password"]))
        if is_on
    ]
    return f"{given['identifier']} by {' or '.join(ways)}"
