"""Whom the calls to AWS and Logto believe; those to Twilio: see `test_fresh_connection`."""

from __future__ import annotations

import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import certifi
import pytest
from botocore.exceptions import SSLError

from chalicelib import tls
from chalicelib.aws import Aws
from chalicelib.sign_in.errors import ProviderUnreachable
from chalicelib.sign_in.logto.http import Http
from tests.kit.certificates import write_certificate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REQUESTS: list[str] = []


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        REQUESTS.append(self.headers["X-Amz-Target"])
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")


@pytest.fixture
def authorities(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    REQUESTS.clear()
    return write_certificate(tmp_path / "server.pem")


@pytest.fixture
def port(authorities: Path) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authorities)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_whoever_names_the_usual_authorities_gets_the_context_of_whoever_names_none():
    assert tls.context(certifi.where()) is tls.context()


def test_all_clients_of_aws_share_what_was_read_once(
    authorities: Path, port: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authorities))
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://127.0.0.1:{port}")
    aws = Aws()
    aws.ssm.get_parameters(Names=["a"])
    authorities.unlink()
    aws.sqs.get_queue_url(QueueName="a")
    aws.dynamodb.list_tables()

    assert len(REQUESTS) == 3


@pytest.mark.parametrize(("host", "bundle"), [("127.0.0.1", False), ("localhost", True)])
def test_a_stranger_behind_awss_address_gets_nothing(
    host: str, bundle: bool, authorities: Path, port: int, monkeypatch: pytest.MonkeyPatch
):
    if bundle:  # they know its certificate, but not for this name
        monkeypatch.setenv("AWS_CA_BUNDLE", str(authorities))
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://{host}:{port}")

    with pytest.raises(SSLError):
        Aws().ssm.get_parameters(Names=["a"])
    assert not REQUESTS


def test_a_stranger_behind_logtos_address_gets_nothing(port: int):
    with pytest.raises(ProviderUnreachable, match="SSLCertVerificationError"):
        Http(5.0).call("POST", f"https://127.0.0.1:{port}/oidc/token", form={"code": "x"})
    assert not REQUESTS
