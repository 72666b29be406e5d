"""A browser, as far as the flow can tell one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from chalicelib.sign_in.browser_request import BrowserRequest, Redirect
from chalicelib.sign_in.options import SignInOptions

if TYPE_CHECKING:
    from chalicelib.sign_in.flow import SignIn


class Browser:
    """Visits pages and keeps cookies, as far as these tests need it."""

    def __init__(self, sign_in: SignIn, public_url: str = "http://localhost:8000") -> None:
        self.sign_in = sign_in
        self.public_url = public_url
        self.cookies: dict[str, str] = {}

    def request(self, **query: str | list[str]) -> BrowserRequest:
        header = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        lists = {
            name: value if isinstance(value, list) else [value] for name, value in query.items()
        }
        return BrowserRequest(self.public_url, header, lists)

    def begin(self, **query: str) -> str:
        departure = self.sign_in.begin(self.request(**query), SignInOptions())
        self.keep(departure)
        return parse_qs(urlsplit(departure.location).query)["state"][0]

    def come_back(self, **query: str | list[str]) -> Redirect:
        return self.keep(self.sign_in.complete(self.request(**query)))

    def sign_in_completely(self) -> Redirect:
        return self.come_back(state=self.begin(), code="code")

    def leave(self) -> Redirect:
        return self.keep(self.sign_in.leave(self.request()))

    def leave_everywhere(self) -> Redirect:
        return self.keep(self.sign_in.leave_everywhere(self.request()))

    def keep(self, departure: Redirect) -> Redirect:
        for cookie in departure.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            if "Max-Age=0" in cookie:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return departure

    @property
    def user(self) -> object:
        session = self.sign_in.current(self.request())
        return session.claims["sub"] if session else None
