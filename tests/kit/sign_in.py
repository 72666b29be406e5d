"""The sign-in on a store and a provider that a test chooses, and a browser in front of it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from chalicelib.application import Portaria
from chalicelib.settings import Settings
from chalicelib.sign_in.browser_request import BrowserRequest, Redirect
from chalicelib.sign_in.options import SignInOptions
from tests.kit.browser import take_cookies

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.sign_in.provider import Provider, UserSessions
    from chalicelib.sign_in.store import RecordStore

ATTEMPT_SECONDS = 600
REVALIDATE_SECONDS, GRACE_SECONDS = 900, 86_400
ENVIRONMENT = {
    "STAGE": "test",
    "LOGTO_ENDPOINT": "https://logto.test",
    "LOGTO_APP_ID": "portaria",
    "SESSIONS_TABLE": "sessions",
    "LEDGER_TABLE": "ledger",
    "OTP_QUEUE_URL": "http://127.0.0.1:1/otp",
    "OTP_DEAD_LETTER_QUEUE_URL": "http://127.0.0.1:1/dead",
    "PARAMETER_PREFIX": "/portaria/test",
    "ATTEMPT_SECONDS": str(ATTEMPT_SECONDS),
    "REVALIDATE_SECONDS": str(REVALIDATE_SECONDS),
    "REVALIDATE_GRACE_SECONDS": str(GRACE_SECONDS),
}


class SignInParts(Portaria):
    """The application on a store and a provider that a test chooses."""

    def __init__(
        self,
        store: RecordStore,
        provider: Provider,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        **environment: str,
    ) -> None:
        super().__init__(Settings.from_env(ENVIRONMENT | environment), clock=clock, sleep=sleep)
        self.record_store, self.provider = store, provider

    def user_sessions(self) -> UserSessions | None:
        """Return None, as where SSM has no credential to end sessions at Logto."""
        return None


class Browser:
    """A browser that calls the flow directly, without HTTP, and keeps cookies."""

    def __init__(self, parts: SignInParts, public_url: str = "http://localhost:8000") -> None:
        self.parts = parts
        self.public_url = public_url
        self.cookies: dict[str, str] = {}

    def request(self, **query: str | list[str]) -> BrowserRequest:
        header = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        lists = {
            name: value if isinstance(value, list) else [value] for name, value in query.items()
        }
        return BrowserRequest(self.public_url, header, lists)

    def begin(self, **query: str) -> str:
        redirect = self.parts.sign_in.begin(self.request(**query), SignInOptions())
        self.keep(redirect)
        return parse_qs(urlsplit(redirect.location).query)["state"][0]

    def come_back(self, **query: str | list[str]) -> Redirect:
        return self.keep(self.parts.sign_in.complete(self.request(**query)))

    def sign_in_completely(self) -> Redirect:
        return self.come_back(state=self.begin(), code="code")

    def leave(self) -> Redirect:
        result = self.parts.sign_out.leave(self.request())
        assert isinstance(result, Redirect)
        return self.keep(result)

    def leave_everywhere(self) -> Redirect:
        result = self.parts.sign_out.leave_everywhere(self.request())
        assert isinstance(result, Redirect)
        return self.keep(result)

    def keep(self, redirect: Redirect) -> Redirect:
        take_cookies(self.cookies, redirect.cookies)
        return redirect

    @property
    def user(self) -> object:
        session = self.parts.sign_in.current(self.request())
        return session.claims["sub"] if session else None
