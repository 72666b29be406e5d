"""A running stand-in, Twilio's own SDK in front of it, and an application that it calls back."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import requests
from flask import Flask, request
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from sandbox.phone.app import create_app
from sandbox.phone.settings import DEFAULT_MESSAGING_SERVICE_SID, MAGIC_SENDER, PhoneSettings
from sandbox.server import running
from tests.kit.fakes import Clock
from tests.kit.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.phone.faults import Fault, Faults

RECIPIENT = "+15550001001"
SERVICE, NUMBER = DEFAULT_MESSAGING_SERVICE_SID, MAGIC_SENDER
NEVER_SECONDS = 1_000_000.0
PHONE = PhoneSettings(step_seconds=0.01)
ACCOUNT = {
    "accountSID": PHONE.account_sid,
    "authToken": PHONE.auth_token,
    "fromMessagingServiceSid": SERVICE,
}
"""The parameter `twilio` of a stage that sends by the stand-in."""
TIMEOUT_SECONDS = 60  # a client without one would be a fault of its own; no test waits so long


@dataclass
class Callback:
    """A request that the application got."""

    url: str
    form: dict[str, str]
    signature: str


@dataclass
class ApplicationServer:
    """The application's side: remembers what it was told, and answers as `status` says."""

    url: str = ""
    status: int = 204
    told: SimpleQueue[Callback] = field(default_factory=SimpleQueue)

    def flask(self, url: str) -> Flask:
        self.url = url
        app = Flask(__name__)

        @app.post("/otp/status")
        def take() -> tuple[str, int]:
            signature = request.headers["X-Twilio-Signature"]
            self.told.put(Callback(request.url, request.form.to_dict(), signature))
            return "", self.status

        return app

    def statuses(self, count: int) -> list[str]:
        """Wait for so many callbacks and give their statuses."""
        return [self.told.get().form["MessageStatus"] for _ in range(count)]


@dataclass
class Twilio:
    url: str
    faults: Faults
    settings: PhoneSettings
    app: ApplicationServer
    clock: Clock
    events: list[str]

    @property
    def path(self) -> str:
        return f"/2010-04-01/Accounts/{self.settings.account_sid}/Messages.json"

    @property
    def credentials(self) -> tuple[str, str]:
        return self.settings.account_sid, self.settings.auth_token

    def client(self, timeout: float = TIMEOUT_SECONDS, **changes: Any) -> Client:
        username, password = self.credentials
        credentials = {"username": username, "password": password} | changes
        http_client = TwilioHttpClient(timeout=timeout, pool_connections=False)
        client = Client(http_client=http_client, **credentials)
        client.api.base_url = self.url
        client.messaging.base_url = self.url
        client.accounts.base_url = self.url
        return client

    def send(self, body: str = "Code: 961615", to: str = RECIPIENT, **more: Any) -> Any:
        if "from_" not in more:
            more = {"messaging_service_sid": SERVICE} | more
        return self.client().messages.create(to=to, body=body, **more)

    def create(self, **form: str) -> requests.Response:
        """Ask for a message as a client other than the SDK would; returns the raw answer."""
        return requests.post(
            f"{self.url}{self.path}",
            {"To": RECIPIENT, "Body": "text", "From": NUMBER} | form,
            auth=self.credentials,
            timeout=TIMEOUT_SECONDS,
        )

    def ask(self, **query: str) -> requests.Response:
        """Ask for the list; returns the raw answer, which the SDK hides where it is an error."""
        return requests.get(
            f"{self.url}{self.path}", query, auth=self.credentials, timeout=TIMEOUT_SECONDS
        )

    def get(self, path: str) -> requests.Response:
        return requests.get(f"{self.url}{path}", timeout=TIMEOUT_SECONDS)

    def will(self, *faults: Fault) -> None:
        """Let the next messages meet these faults."""
        self.faults.plan(*faults)

    def messages(self, query: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(f"/messages.json{query}").json()["messages"]
        return found

    def wait_for(self, sid: str, status: str) -> Any:
        """Wait for a message's state and give the message."""
        context: Any = self.client().messages(sid)
        wait_until(lambda: context.fetch().status == status)
        return context.fetch()


@contextmanager
def running_twilio(**changes: Any) -> Iterator[Twilio]:
    """Run a stand-in with these settings, and an application."""
    app, clock, events = ApplicationServer(), Clock(), list[str]()
    told: dict[str, Any] = {"step_seconds": 0.01, "clock": clock, "report": events.append}
    settings = PhoneSettings(**(told | changes))
    with ExitStack() as stack:
        stack.enter_context(running(app.flask))
        stand_in = create_app(settings)
        url = stack.enter_context(running(lambda _: stand_in))
        yield Twilio(url, stand_in.extensions["faults"], settings, app, clock, events)
