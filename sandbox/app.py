"""The application on `chalice local`, with the sandbox's addresses and an access log of paths.

Chalice overwrites the process's environment with the stage's, so other ports and real providers are
set where it loads the application.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chalice.cli import create_local_server
from chalice.cli.factory import CLIFactory
from chalice.local import ChaliceRequestHandler, LocalDevServer, LocalGatewayException

from ops.template import BASE_URL, HTML, JSON, NOT_FOUND, ROOT, gateway_responses
from sandbox.deployment import STAGE
from sandbox.reloading import serve_and_reload
from sandbox.server import LOOPBACK
from sandbox.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from chalice.app import Chalice
    from chalice.config import Config


def main() -> int:
    """Serve until a signal arrives, with new code whenever it changes."""
    settings = Settings.read()
    factory = LocalFactory(str(ROOT), settings.stage_environment())
    build = partial(create_local_server, factory, LOOPBACK, settings.app_port, STAGE)
    return serve_and_reload("sandbox.app", build, ROOT)


class LocalFactory(CLIFactory):
    """Chalice's factory, with `overrides` laid over the stage's environment."""

    def __init__(self, project_dir: str, overrides: Mapping[str, str]) -> None:
        super().__init__(project_dir, environ=os.environ)
        self._overrides = overrides

    def load_chalice_app(
        self,
        environment_variables: MutableMapping[str, str] | None = None,
        validate_feature_flags: bool | None = True,  # noqa: FBT001, FBT002 - Chalice's signature
    ) -> Chalice:
        """Load `app.py` with the stage's environment in place."""
        return super().load_chalice_app(
            {**(environment_variables or {}), **self._overrides}, validate_feature_flags
        )

    def create_local_server(
        self, app_obj: Chalice, config: Config, host: str, port: int
    ) -> LocalDevServer:
        """Return a server that prints no lines of its own."""
        return _Server(app_obj, config, host, port, handler_cls=_RequestHandler)


class _Server(LocalDevServer):
    def serve_forever(self) -> None:
        """Serve, without printing the address: the sandbox prints all addresses."""
        self.server.serve_forever()


class _RequestHandler(ChaliceRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:  # noqa: ARG002
        """Log the path alone: a query has codes and states. Requests for /health are polls."""
        path = urlsplit(getattr(self, "path", "")).path
        if path != "/health":
            print(f"{self.command or '-'} {path or '-'} {int(code)}")

    def _send_error_response(self, error: LocalGatewayException) -> None:
        """Answer as API Gateway does in a deployment where no route matches."""
        nothing_there = b"Missing Authentication Token" in (error.body or b"")
        response = gateway_responses()[NOT_FOUND if nothing_there else "DEFAULT_4XX"]
        content_type, body = JSON, error.body
        if nothing_there:
            content_type = HTML if HTML in self.headers.get("accept", "") else JSON
            body = response.bodies[content_type].replace(BASE_URL, "").encode()
        headers = dict(response.headers) | {"Content-Type": f"{content_type}; charset=utf-8"}
        self._send_http_response(response.status or error.CODE, headers, body)

    def log_error(self, *_: Any) -> None:
        """Log nothing: the text quotes the request line, and log_request has the status."""


if __name__ == "__main__":
    sys.exit(main())
