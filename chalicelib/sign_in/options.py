"""What a link to the sign-in page may ask of Logto, checked before it is passed on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.sign_in.visit import Visit

MAX_LENGTH = 256
FIRST_SCREENS = frozenset(
    {
        "sign_in",
        "register",
        "reset_password",
        "identifier:sign_in",
        "identifier:register",
        "single_sign_on",
    }
)
IDENTIFIERS = frozenset({"email", "phone", "username"})
_DIRECT_SIGN_IN = re.compile(r"(social|sso):[\w.-]{1,128}", re.ASCII)
_UI_LOCALES = re.compile(r"[A-Za-z0-9-]{1,35}( [A-Za-z0-9-]{1,35}){0,9}")


@dataclass(frozen=True, slots=True)
class SignInOptions:
    """Parameters of Logto's authorization endpoint; None leaves one out.

    Source: https://docs.logto.io/end-user-flows/authentication-parameters
    """

    sign_up: bool = False
    first_screen: str | None = None
    identifier: str | None = None
    login_hint: str | None = None
    direct_sign_in: str | None = None
    ui_locales: str | None = None

    @classmethod
    def from_visit(cls, visit: Visit, *, sign_up: bool = False) -> SignInOptions:
        """Take the known parameters from a query; what does not fit is left out.

        A wrong one never stops a sign-in: it comes from a link, and the visitor who
        followed the link can't mend it.
        """
        hint = visit.parameter("login_hint")
        return cls(
            sign_up=sign_up,
            first_screen=_one_of(FIRST_SCREENS, visit.parameter("first_screen")),
            identifier=_all_of(IDENTIFIERS, visit.parameter("identifier")),
            login_hint=hint if hint and len(hint) <= MAX_LENGTH and hint.isprintable() else None,
            direct_sign_in=_matching(_DIRECT_SIGN_IN, visit.parameter("direct_sign_in")),
            ui_locales=_matching(_UI_LOCALES, visit.parameter("ui_locales")),
        )


def _one_of(known: frozenset[str], value: str | None) -> str | None:
    return value if value in known else None


def _all_of(known: frozenset[str], value: str | None) -> str | None:
    names = (value or "").split()
    return " ".join(names) if names and known.issuperset(names) else None


def _matching(pattern: re.Pattern[str], value: str | None) -> str | None:
    return value if value and pattern.fullmatch(value) else None
