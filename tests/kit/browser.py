"""A browser without pages: what tests send requests with, to the application and to Logto."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import requests

if TYPE_CHECKING:
    from collections.abc import Iterable


class Browser(requests.Session):
    """Keeps cookies and follows no redirect by itself; `url` is where paths belong to."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.trust_env = False  # no .netrc, no proxy

    def request(self, method: Any, url: Any, *args: Any, **options: Any) -> requests.Response:
        options["allow_redirects"] = False  # `get` itself sets True
        where = self.url + url if url.startswith(("/", "?")) or not url else url
        return super().request(method, where, *args, **options)

    def follow(self, response: requests.Response) -> requests.Response:
        return self.get(urljoin(response.url, response.headers["Location"]))


def take_cookies(cookies: dict[str, str], headers: Iterable[str]) -> None:
    """Change a browser's cookies as an answer's `Set-Cookie` headers say."""
    for header in headers:
        name, _, value = header.partition(";")[0].partition("=")
        if "Max-Age=0" in header:
            cookies.pop(name, None)
        else:
            cookies[name] = value
