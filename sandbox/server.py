"""A WSGI application on a loopback port, for the stand-ins and for the tests."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

LOOPBACK = "127.0.0.1"
LOOPBACK_NAMES = ("localhost", LOOPBACK, "[::1]")
POLL_SECONDS = 0.02  # how soon a server in a thread notices that it should stop


class _QuietRequestHandler(WSGIRequestHandler):
    """Serves HTTP/1.1 and leaves the access log to the applications, which know what is secret."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing: query strings and paths can carry codes and tokens."""


def bind(build: Callable[[str], WSGIApplication], port: int = 0) -> tuple[BaseWSGIServer, str]:
    """Bind a threaded server to `port` (0: a free one) and build its application for its own URL.

    The application is built after the port is known because a stand-in's answers
    name its own address (an issuer, links). A taken port ends the process with a
    message that names it. Requests under other names than this machine's are refused.
    """
    application: WSGIApplication = _not_ready

    def dispatch(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # DNS rebinding: a page that a developer happens to visit gives this address a name of its
        # own, and then its scripts may read the answers, with live codes and secrets.
        if environ.get("HTTP_HOST", "").lower() not in names:
            refusal = Response(f"Only {url} answers here.\n", 421)
            return refusal(environ, start_response)
        return application(environ, start_response)

    server = make_server(
        LOOPBACK, port, dispatch, threaded=True, request_handler=_QuietRequestHandler
    )
    url = f"http://localhost:{server.port}"
    names = {f"{name}:{server.port}" for name in LOOPBACK_NAMES}
    application = build(url)
    return server, url


@contextmanager
def running(build: Callable[[str], WSGIApplication], port: int = 0) -> Iterator[str]:
    """Serve in a background thread for the length of a `with` block; returns the base URL."""
    server, url = bind(build, port)
    thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True)
    thread.start()
    try:
        yield url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def serve(build: Callable[[str], WSGIApplication], port: int) -> None:
    """Serve in the foreground until the process is stopped."""
    server, _ = bind(build, port)
    server.serve_forever()


def _not_ready(_: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("503 Service Unavailable", [])
    return []
