"""The application as a relying party: how a browser goes through it, and what a rejection is."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from tests.conformance.provider import SECRET, SPOKEN, HostileProvider

if TYPE_CHECKING:
    from tests.kit.application import Stage
    from tests.kit.browser import Browser

HERE = "http://localhost:8000"


def case(number: int, name: str, *values: Any) -> Any:
    """Name a parameter set after its case, with OpenID conformance's name where it has one."""
    return pytest.param(*values, id=f"{number:02} {name}")


@dataclass
class RelyingParty:
    """A browser in front of the application, and the provider behind it."""

    site: Browser
    provider: HostileProvider
    stage: Stage
    capsys: pytest.CaptureFixture[str] | None = None

    def begin(self, **query: str) -> dict[str, str]:
        """Start a sign-in; returns the authorization request."""
        location = self.site.get("/sign-in", params=query).headers["Location"]
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        for name in ("state", "nonce"):
            self.provider.secret(asked[name])
        return asked

    def answer(self, asked: dict[str, str]) -> dict[str, str]:
        """Sign the visitor in at the provider; returns the callback's query."""
        at_provider = requests.get(
            f"{self.provider.url}/oidc/auth", asked, allow_redirects=False, timeout=30
        )
        query = parse_qs(urlsplit(at_provider.headers["Location"]).query)
        return {name: values[0] for name, values in query.items()}

    def come_back(self, query: dict[str, str] | str) -> requests.Response:
        text = query if isinstance(query, str) else urlencode(query)
        return self.site.get(f"/callback?{text}")

    def sign_in(self, **query: str) -> requests.Response:
        """Go the whole way; returns the callback's answer."""
        return self.come_back(self.answer(self.begin(**query)))

    @property
    def user(self) -> str | None:
        answer = self.site.get("/account")
        return str(answer.json()["sub"]) if answer.status_code == 200 else None

    def accepts(self, answer: requests.Response) -> None:
        assert answer.status_code == 302, _title(answer)
        assert self.user == self.provider.sub

    def rejects(self, answer: requests.Response, reason: str = "", status: int = 400) -> None:
        """Nobody is signed in, the page is friendly, the log has a reason, nothing leaks."""
        assert answer.status_code == status, _title(answer)
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert re.search(r"<code>[0-9a-f]{10}</code>", answer.text)
        assert "portaria_session=" not in answer.headers.get("Set-Cookie", "")
        assert self.user is None
        self.has_logged(reason, answer)

    def has_logged(self, reason: str, answer: requests.Response) -> None:
        assert self.capsys is not None
        written = self.capsys.readouterr().out
        reasons = [
            str(line["reason"])
            for line in map(json.loads, written.splitlines())
            if line.get("reason")
        ]
        assert reasons, written
        assert any(reason in each for each in reasons), reasons
        seen = f"{written}\n{answer.text}\n{answer.headers}"
        for form in self.provider.forms:
            self.provider.issued.update(
                form[name] for name in ("code", "code_verifier", "refresh_token") if name in form
            )
        for secret in filter(None, (*self.provider.issued, SECRET, SPOKEN)):
            assert secret not in seen


def _title(answer: requests.Response) -> str:
    found = re.search("<title>(.*)</title>", answer.text)
    return found[1] if found else f"{answer.status_code} {answer.headers}"
