"""The signed-in user, as a route wants to know them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class User:
    """Who is signed in, by the claims of their verified ID token."""

    claims: dict[str, Any] = field(repr=False)

    @property
    def sub(self) -> str:
        """The user's id at Logto: what to keep beside whatever is theirs."""
        return str(self.claims["sub"])

    @property
    def name(self) -> str | None:
        """The user's name, if Logto knows one."""
        return self._text("name") or self._text("username")

    @property
    def phone_number(self) -> str | None:
        """The phone number in E.164, if the scope `phone` was asked for; Logto leaves "+" out."""
        number = self._text("phone_number")
        return f"+{number.removeprefix('+')}" if number else None

    @property
    def authenticated_at(self) -> int | None:
        """When the user last proved the phone number to Logto, in seconds since the epoch.

        None where Logto does not say so: it does after a sign-in with `prompt=login`.
        """
        moment = self.claims.get("auth_time")
        return moment if isinstance(moment, int) and not isinstance(moment, bool) else None

    def _text(self, claim: str) -> str | None:
        value = self.claims.get(claim)
        return value if isinstance(value, str) and value.strip() else None
