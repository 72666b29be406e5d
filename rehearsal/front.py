"""An address on this machine for the deployed API.

AWS gives an API a name of its own in DNS. The emulator knows it by that name, too, but no
resolver does, so browsers and stand-ins come to `http://localhost:PORT/api` instead, as they
would to a CDN before the API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_OWN = {"connection", "content-length", "date", "host", "keep-alive", "transfer-encoding"}
TIMEOUT_SECONDS = 60


def front(emulator_url: str, host: str) -> WSGIApplication:
    """Build the application that hands each request to the API called `host`."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _OWN}
        answer = requests.request(
            request.method,
            f"{emulator_url}{environ['REQUEST_URI']}",
            headers=headers | {"Host": host},
            data=request.get_data(),
            allow_redirects=False,
            stream=True,
            timeout=TIMEOUT_SECONDS,
        )
        body = answer.raw.read(decode_content=False)
        remaining = [(k, v) for k, v in answer.raw.headers.iteritems() if k.lower() not in _OWN]
        return Response(body, answer.status_code, remaining)(environ, start_response)

    return application
