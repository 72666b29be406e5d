"""A browser without pages: what tests send requests with, to the application and to Logto."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

import requests


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
