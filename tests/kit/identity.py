"""A running stand-in, an application that it knows, and visitors with browsers."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import requests
from flask import Flask, Response, request
from joserfc import jwt
from joserfc.jwk import KeySet

from sandbox.identity.app import create_app
from sandbox.identity.identity import Identity
from sandbox.identity.settings import (
    MANAGEMENT_API,
    ApiResource,
    Application,
    Connector,
    IdentitySettings,
)
from sandbox.server import running
from tests.kit.browser import Browser
from tests.kit.fakes import Clock
from tests.kit.numbers import fictional_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

APP = "portaria"
SECRET = "portaria-secret"
BARE_APP = "no-session-required"
THIRD_PARTY = "third-party"
ALWAYS_REFRESHING = "always-refreshing"
MACHINE, POWERLESS_MACHINE = "machine", "powerless-machine"
AUTHORIZATION = "Bearer test-otp"
API = "https://api.example.test"
RESOURCES = (ApiResource(API, ("read", "write")),)
SCOPE = "openid profile phone offline_access"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=")

_phones = fictional_numbers()


@dataclass
class Received:
    """A request that the application got."""

    path: str
    method: str
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class ApplicationServer:
    """The application's side: remembers what was posted, and answers /otp as told."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answer: tuple[int, str, dict[str, str]] = (200, "", {})
    logout_status: int = 200
    answered_logouts: int = 0
    may_answer_logout: threading.Event = field(default_factory=threading.Event)

    def flask(self, url: str) -> Flask:
        self.url = url
        self.may_answer_logout.set()
        app = Flask(__name__)

        @app.route("/<path:path>", methods=["GET", "POST"])
        def anything(path: str) -> Response:
            body = request.get_data(as_text=True)
            self.received.append(Received(path, request.method, dict(request.headers), body))
            if path == "otp":
                status, text, headers = self.answer
                return Response(text, status, headers)
            if path == "backchannel-logout":
                self.may_answer_logout.wait(60)
                self.answered_logouts += 1
                return Response("", self.logout_status)
            return Response("")

        return app

    def posted(self, path: str) -> list[Received]:
        return [each for each in self.received if each.path == path]

    @property
    def code(self) -> str:
        code: str = self.posted("otp")[-1].json["payload"]["code"]
        return code


@dataclass
class Logto:
    url: str
    identity: Identity
    app: ApplicationServer
    clock: Clock
    events: list[str]

    @property
    def issuer(self) -> str:
        return f"{self.url}/oidc"

    def browser(self) -> Browser:
        return Browser(self.url)

    def parameters(self, **changes: str | None) -> dict[str, str]:
        asked: dict[str, str | None] = {
            "client_id": APP,
            "redirect_uri": f"{self.app.url}/callback",
            "response_type": "code",
            "scope": SCOPE,
            "prompt": "consent",
            "state": "a-state",
            "nonce": "a-nonce",
            "code_challenge": CHALLENGE.decode(),
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (asked | changes).items() if value is not None}

    def authorize(self, browser: Browser, **changes: str | None) -> requests.Response:
        return browser.get("/oidc/auth", params=self.parameters(**changes))

    def sign_in(
        self, browser: Browser, phone: str | None = None, **changes: str | None
    ) -> dict[str, str]:
        """Walk from the application's request to its callback; returns the callback's query."""
        return query(self.walk(browser, self.authorize(browser, **changes), phone))

    def walk(
        self, browser: Browser, begun: requests.Response, phone: str | None = None
    ) -> requests.Response:
        page = begun.headers["Location"]
        asked = browser.post(page, data={"phone": phone or new_phone()})
        assert asked.status_code == 303, asked.text
        entered = browser.post(asked.headers["Location"], data={"code": self.app.code})
        assert entered.status_code == 303, entered.text
        return browser.follow(self.confirm(browser, entered))

    def confirm(self, browser: Browser, entered: requests.Response) -> requests.Response:
        """Agree to a new account, or to one that exists, where that is asked after the code."""
        location = entered.headers["Location"]
        return browser.post(location) if "/confirm?" in location else entered

    def sign_out(self, browser: Browser, **parameters: str) -> requests.Response:
        """Sign a visitor out; returns the redirect to the application, or the refusal."""
        return self.submit(browser, browser.get("/oidc/session/end", params=parameters))

    def submit(self, browser: Browser, page: requests.Response) -> requests.Response:
        """Submit the form of a sign-out, as its script does."""
        if page.status_code != 200:
            return page
        form = dict(re.findall(r'name="(\w+)" value="(\w+)"', page.text))
        return browser.post("/oidc/session/end/confirm", data=form)

    def token(self, **form: str) -> requests.Response:
        known = {"client_id": APP, "client_secret": SECRET}
        return self.post("/oidc/token", **(known | form))

    def redeem(self, code: str, /, **changes: str) -> requests.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": f"{self.app.url}/callback",
            "code_verifier": VERIFIER,
        }
        return self.token(**(form | changes))

    def refresh(self, refresh_token: str, **changes: str) -> requests.Response:
        return self.token(grant_type="refresh_token", refresh_token=refresh_token, **changes)

    def tokens(
        self, browser: Browser | None = None, phone: str | None = None, **changes: str | None
    ) -> dict[str, Any]:
        """Sign somebody in and give the token response."""
        callback = self.sign_in(browser or self.browser(), phone, **changes)
        form = {"client_id": changes["client_id"]} if changes.get("client_id") else {}
        answer = self.redeem(callback["code"], **form)  # type: ignore[arg-type]
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def tokens_of_two_applications(
        self, browser: Browser, phone: str
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Sign one browser in to our application and to a third party's, in one session."""
        ours = self.tokens(browser, phone)
        resumed = self.authorize(browser, client_id=THIRD_PARTY)
        assert resumed.headers["Location"].startswith("/consent")
        allowed = browser.post("/consent", data={"answer": "allow"})
        code = query(browser.follow(allowed))["code"]
        return ours, self.redeem(code, client_id=THIRD_PARTY).json()

    def userinfo(self, access_token: str) -> requests.Response:
        return requests.get(
            f"{self.url}/oidc/me",
            headers={"Authorization": f"Bearer {access_token}"},
            timeout=None,  # noqa: S113 - a test knows no time limit
        )

    def post(self, path: str, **form: str) -> requests.Response:
        return requests.post(f"{self.url}{path}", form, timeout=None)  # noqa: S113 - as above

    def manage(self, method: str, path: str, body: Any = None) -> requests.Response:
        """Call the Management API as the machine that may."""
        token = self.token(
            client_id=MACHINE,
            grant_type="client_credentials",
            resource=MANAGEMENT_API,
            scope="all",
        ).json()["access_token"]
        return requests.request(
            method,
            f"{self.url}{path}",
            headers={"Authorization": f"Bearer {token}"},
            json=body,
            timeout=None,  # noqa: S113 - a test knows no time limit
        )

    def revoke(self, token: str) -> requests.Response:
        return self.post("/oidc/token/revocation", client_id=APP, client_secret=SECRET, token=token)

    def read(self, token: str) -> jwt.Token:
        """Check a JWT against the published keys."""
        keys = KeySet.import_key_set(self.browser().get("/oidc/jwks").json())
        return jwt.decode(token, keys, ["ES384", "RS256"])


def new_phone() -> str:
    """Return a number that nobody has had yet, as digits."""
    return next(_phones).removeprefix("+")


def query(response: requests.Response) -> dict[str, str]:
    """Return the query of a redirect's target."""
    assert response.status_code == 303, response.text
    return dict(parse_qsl(urlsplit(response.headers["Location"]).query))


def sign_in_at(site: Browser, logto: Logto, phone: str | None = None) -> Browser:
    """Sign a visitor in, a new one or the one with that phone; returns their browser at Logto."""
    browser = logto.browser()
    begun = site.get("/sign-in").headers["Location"]
    callback = logto.walk(browser, browser.get(begun), phone).headers["Location"]
    answer = site.get(callback.removeprefix(logto.app.url))
    assert answer.status_code == 302, answer.text
    return browser


@contextmanager
def running_logto(
    *redirect_uris: str,
    api_resources: tuple[ApiResource, ...] = RESOURCES,
    clock: Clock | None = None,
    empty: bool = False,
    **settings: Any,
) -> Iterator[Logto]:
    """Run an application and a stand-in that knows it, and more redirect URIs for it.

    `clock` must tell the real time where PyJWT reads tokens: it knows no other clock. An `empty`
    stand-in knows nobody but the machine by which it is set up. `settings` are more of the
    stand-in's. New users have all scopes of the API resources, and
    belong to no organization.
    """
    app, clock, events = ApplicationServer(), clock or Clock(), list[str]()
    built: list[Identity] = []

    def application(app_id: str, **more: Any) -> Application:
        uris = (f"{app.url}/callback", *redirect_uris)
        return Application(app_id, SECRET, uris, (f"{app.url}/",), **more)

    def build(url: str) -> Flask:
        told = f"{app.url}/backchannel-logout"
        machine = Application(MACHINE, SECRET, (), machine_to_machine=True, manages_logto=True)
        others = (
            application(
                APP,
                backchannel_logout_uri=told,
                backchannel_logout_session_required=True,
            ),
            application(BARE_APP, backchannel_logout_uri=f"{app.url}/told-too"),
            application(THIRD_PARTY, third_party=True),
            application(ALWAYS_REFRESHING, always_issue_refresh_token=True),
            Application(POWERLESS_MACHINE, SECRET, (), machine_to_machine=True),
        )
        connector = Connector(f"{app.url}/otp", AUTHORIZATION)
        stand_in = create_app(
            IdentitySettings(
                endpoint=url,
                applications=(machine,) if empty else (*others, machine),
                api_resources=api_resources,
                new_user_scopes=frozenset().union(*(each.scopes for each in api_resources)),
                connector=None if empty else connector,
                clock=clock,
                report=events.append,
                **settings,
            )
        )
        built.append(stand_in.extensions["identity"])
        return stand_in

    with ExitStack() as stack:
        stack.enter_context(running(app.flask))
        url = stack.enter_context(running(build))
        yield Logto(url, built[0], app, clock, events)
