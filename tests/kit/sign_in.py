"""The sign-in on a store and a provider that a test chooses, and a browser in front of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from chalicelib.sign_in.attempts import Attempts
from chalicelib.sign_in.browser_request import BrowserRequest, Redirect
from chalicelib.sign_in.flow import SignIn
from chalicelib.sign_in.options import SignInOptions
from chalicelib.sign_in.sessions import SessionLifetime, Sessions
from chalicelib.sign_in.sign_out import SignOut
from chalicelib.sign_in.tokens import Access, Refreshing

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.sign_in.provider import Provider
    from chalicelib.sign_in.store import RecordStore

ATTEMPT_SECONDS = 600
REVALIDATE_SECONDS, GRACE_SECONDS = 900, 86_400
LIFETIME = SessionLifetime(7 * 86_400, 14 * 86_400, REVALIDATE_SECONDS)


@dataclass
class SignInParts:
    """The sign-in and everything that shares its sessions."""

    store: RecordStore
    provider: Provider
    clock: Callable[[], float]
    wait: Callable[[float], None]
    """How a request waits for another's refresh."""
    lifetime: SessionLifetime = LIFETIME
    refreshes_at: Provider | None = None
    """The provider that sessions are refreshed at, where it is another one."""

    def __post_init__(self) -> None:
        def refresher() -> Provider:
            return self.refreshes_at or self.provider

        self.sessions = Sessions(self.store, self.lifetime, self.clock)
        self.refreshing = Refreshing(refresher, self.sessions, self.clock)
        self.access = Access(refresher, self.sessions, self.refreshing, self.clock, self.wait)
        self.sign_out = SignOut(lambda: self.provider, self.sessions, self.clock)
        self.sign_in = SignIn(
            provider=lambda: self.provider,
            attempts=Attempts(self.store, ATTEMPT_SECONDS, self.clock),
            sessions=self.sessions,
            refreshing=self.refreshing,
            grace_seconds=GRACE_SECONDS,
            clock=self.clock,
        )


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
        for cookie in redirect.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            if "Max-Age=0" in cookie:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return redirect

    @property
    def user(self) -> object:
        session = self.parts.sign_in.current(self.request())
        return session.claims["sub"] if session else None
