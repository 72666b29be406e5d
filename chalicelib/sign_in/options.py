"""What the start of a sign-in may ask for: of Logto, and where to go afterwards.

An open redirect on a sign-in page is a phishing tool, so a `return_to` that is not plainly a
path of this application is answered with the home page (CWE-601).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.sign_in.browser_request import BrowserRequest

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
PROMPTS = frozenset({"login", "consent"})
_DIRECT_SIGN_IN = re.compile(r"(social|sso):[\w.-]{1,128}", re.ASCII)
_UI_LOCALES = re.compile(r"[A-Za-z0-9-]{1,35}( [A-Za-z0-9-]{1,35}){0,9}")
_ONE_TIME_TOKEN = re.compile(r"[\w.~-]{1,256}", re.ASCII)

HOME = "/"
MAX_RETURN_TO_LENGTH = 2048

# Browsers drop tabs and newlines from URLs and read "\" as "/", so "/\t/evil" and "/\evil"
# leave the site although they look local. A lone surrogate has no encoding.
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\xa0\\\ud800-\udfff]")
_FORBIDDEN_DECODED = re.compile(r"[\x00-\x1f\x7f-\x9f\\]")
_ALLOWED_AS_IS = "/%:@!$&'()*+,;=-._~?"

# Parameters that make a sign-in safe, or ours: nobody may overwrite them.
RESERVED = frozenset(
    {
        "client_id",
        "code_challenge",
        "code_challenge_method",
        "nonce",
        "redirect_uri",
        "request",
        "request_uri",
        "response_mode",
        "response_type",
        "scope",
        "state",
    }
)


@dataclass(frozen=True, slots=True)
class SignInOptions:
    """Parameters of Logto's authorization endpoint; None leaves one out.

    `prompt` is "login" to ask for the phone number again even where Logto still knows the
    visitor; from code also "none", to ask for nothing. `one_time_token` comes with an
    invitation or a magic link, beside its `login_hint`. `extra` is for parameters that Logto adds
    later; ValueError for one that the sign-in itself depends on.

    Source: https://docs.logto.io/end-user-flows/authentication-parameters
    """

    sign_up: bool = False
    first_screen: str | None = None
    identifier: str | None = None
    login_hint: str | None = None
    direct_sign_in: str | None = None
    ui_locales: str | None = None
    prompt: str | None = None
    one_time_token: str | None = field(default=None, repr=False)
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        reserved = RESERVED.intersection(self.extra)
        if reserved:
            raise ValueError(f"not to be overwritten: {', '.join(sorted(reserved))}")

    @classmethod
    def from_request(cls, request: BrowserRequest, *, sign_up: bool = False) -> SignInOptions:
        """Take the known parameters from a query; what does not fit is left out.

        A wrong one never stops a sign-in: it comes from a link, and the visitor who
        followed the link can't correct it.
        """
        hint = request.parameter("login_hint")
        return cls(
            sign_up=sign_up,
            first_screen=_one_of(FIRST_SCREENS, request.parameter("first_screen")),
            identifier=_all_of(IDENTIFIERS, request.parameter("identifier")),
            login_hint=hint if hint and len(hint) <= MAX_LENGTH and hint.isprintable() else None,
            direct_sign_in=_matching(_DIRECT_SIGN_IN, request.parameter("direct_sign_in")),
            ui_locales=_matching(_UI_LOCALES, request.parameter("ui_locales")),
            prompt=_all_of(PROMPTS, request.parameter("prompt")),
            one_time_token=_matching(_ONE_TIME_TOKEN, request.parameter("one_time_token")),
        )

    def parameters(self) -> dict[str, str]:
        """Return what goes into the authorization request, besides what is always there."""
        named = {
            "first_screen": self.first_screen,
            "identifier": self.identifier,
            "login_hint": self.login_hint,
            "direct_sign_in": self.direct_sign_in,
            "ui_locales": self.ui_locales,
            "prompt": self._prompt(),
            "one_time_token": self.one_time_token,
        }
        return {**self.extra, **{name: value for name, value in named.items() if value}}

    def _prompt(self) -> str | None:
        # Without "consent" Logto issues no refresh token, and could not be asked later whether
        # the user is still welcome. "none" can't be combined with anything.
        if self.prompt in {None, "none"} or "consent" in str(self.prompt).split():
            return self.prompt
        return f"{self.prompt} consent"


def local_path(value: str | None) -> str:
    """Return `value` as a path (with its query) of this application, or "/" where it is none."""
    if not value or len(value) > MAX_RETURN_TO_LENGTH or _FORBIDDEN.search(value):
        return HOME
    if not value.startswith("/") or value.startswith("//"):
        return HOME
    path = urlsplit(value).path
    if _FORBIDDEN_DECODED.search(unquote(path)) or any(
        segment in {".", ".."} for segment in unquote(path).split("/")
    ):
        return HOME
    without_fragment = value.partition("#")[0]
    path = quote(without_fragment, safe=_ALLOWED_AS_IS)
    return path if len(path) <= MAX_RETURN_TO_LENGTH else HOME


def _one_of(known: frozenset[str], value: str | None) -> str | None:
    return value if value in known else None


def _all_of(known: frozenset[str], value: str | None) -> str | None:
    names = (value or "").split()
    return " ".join(names) if names and known.issuperset(names) else None


def _matching(pattern: re.Pattern[str], value: str | None) -> str | None:
    return value if value and pattern.fullmatch(value) else None
