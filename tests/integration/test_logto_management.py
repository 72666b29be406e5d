"""Ending a user's sessions and grants at the stand-in for Logto, by its Management API."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask, Response, request

from chalicelib.sign_in.errors import ProviderMisconfigured, ProviderUnreachable, SignInError
from chalicelib.sign_in.logto.http import Http
from chalicelib.sign_in.logto.management import LogtoManagement, ManagementCredential
from sandbox.identity.settings import MANAGEMENT_API
from sandbox.server import running
from tests.kit.identity import (
    APP,
    MACHINE,
    POWERLESS_MACHINE,
    SECRET,
    THIRD_PARTY,
    Logto,
    new_phone,
)
from tests.kit.recordings import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = {"access_token": "t", "token_type": "Bearer", "expires_in": 3600, "scope": "all"}
RECORDED = recorded("management-sessions")


def management(url: str, **credential: str) -> LogtoManagement:
    told = {"id": MACHINE, "secret": SECRET, "resource": MANAGEMENT_API} | credential
    return LogtoManagement(url, APP, ManagementCredential.read(json.dumps(told)), Http(5.0))


def test_after_it_no_device_is_known_and_no_token_is_good(logto: Logto):
    phone, devices = new_phone(), [logto.browser() for _ in range(3)]
    tokens = [logto.tokens(device, phone) for device in devices]
    sub = logto.read(tokens[0]["id_token"]).claims["sub"]
    # An ordinary sign-out leaves the grant, and the refresh token, behind.
    logto.sign_out(devices[2], client_id=APP)
    assert logto.refresh(tokens[2]["refresh_token"]).status_code == 200
    logto.app.received.clear()

    management(logto.url).end_all(sub)

    for device, each in zip(devices, tokens, strict=True):
        assert logto.refresh(each["refresh_token"]).status_code == 400
        assert logto.userinfo(each["access_token"]).status_code == 401
        # The next sign-in asks for the number.
        assert logto.authorize(device).headers["Location"].startswith("/sign-in")
    assert logto.app.posted("backchannel-logout") == []


def test_somebody_elses_sessions_go_on(logto: Logto):
    mine, theirs = logto.tokens(), logto.tokens()
    management(logto.url).end_all(logto.read(mine["id_token"]).claims["sub"])

    assert logto.refresh(theirs["refresh_token"]).status_code == 200


def test_what_another_application_was_granted_in_a_session_that_is_over_stays(logto: Logto):
    phone, browser = new_phone(), logto.browser()
    ours, theirs = logto.tokens_of_two_applications(browser, phone)
    logto.sign_out(browser, client_id=APP)

    management(logto.url).end_all(logto.read(ours["id_token"]).claims["sub"])

    assert logto.refresh(ours["refresh_token"]).status_code == 400
    assert logto.refresh(theirs["refresh_token"], client_id=THIRD_PARTY).status_code == 200


def test_a_user_without_sessions_is_no_failure(logto: Logto):
    management(logto.url).end_all("nosuchuser")


@pytest.mark.parametrize(
    ("credential", "reason"),
    [
        ({"id": POWERLESS_MACHINE}, "lacks its role"),
        ({"secret": "wrong"}, "invalid_client"),
        ({"id": "nope"}, "invalid_client"),
        ({"id": APP}, "unauthorized_client"),
        ({"resource": f"{MANAGEMENT_API}/"}, "invalid_target"),
    ],
)
def test_a_credential_that_opens_nothing_says_so(
    logto: Logto, credential: dict[str, str], reason: str
):
    with pytest.raises(SignInError, match=reason) as failed:
        management(logto.url, **credential).end_all("x")
    assert not isinstance(failed.value, ProviderUnreachable)
    assert SECRET not in str(failed.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[]",
        "{}",
        '{"id": "a", "secret": "b"}',
        '{"id": 1, "secret": "b", "resource": "c"}',
    ],
)
def test_a_credential_that_is_none_is_a_misconfiguration(text: str):
    with pytest.raises(ProviderMisconfigured):
        ManagementCredential.read(text)


def test_a_credential_is_not_shown(logto: Logto):
    assert SECRET not in repr(management(logto.url))


class OddLogto:
    """A Logto with as many sessions as wanted, which answers as told."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.sessions: Any = [{"payload": {"uid": f"session {n}"}} for n in range(20)]
        self.grants: Any = [
            {"id": "ours", "payload": {"clientId": APP}},
            {"id": "theirs", "payload": {"clientId": "another"}},
        ]
        self.statuses: dict[str, int] = {}
        self.may_answer = threading.Event()
        self.may_answer.set()

    def flask(self, _url: str) -> Flask:
        app = Flask(__name__)

        @app.route("/<path:path>", methods=["GET", "POST", "DELETE"])
        def answer(path: str) -> Response:
            self.asked.append(f"{request.method} {request.full_path.rstrip('?')}")
            self.may_answer.wait()
            bodies = {"token": TOKEN, "sessions": {"sessions": self.sessions}}
            bodies |= {"grants": {"grants": self.grants}}
            for pattern, status in self.statuses.items():
                if re.search(pattern, self.asked[-1]):
                    return Response("{}", status, content_type="application/json")
            if request.method == "DELETE":
                return Response(status=204)
            body = json.dumps(bodies[path.rpartition("/")[2]])
            return Response(body, content_type="application/json")

        return app


@pytest.fixture
def odd() -> Iterator[tuple[OddLogto, LogtoManagement]]:
    logto = OddLogto()
    with running(logto.flask) as url:
        yield logto, management(url)


def test_sessions_end_first_and_then_this_applications_grants(
    odd: tuple[OddLogto, LogtoManagement],
):
    logto, ending = odd
    ending.end_all("a/b")
    token, listed, *rest = logto.asked
    ended, (grants, grant) = rest[:-2], rest[-2:]

    assert token == "POST /oidc/token"
    assert listed == "GET /api/users/a/b/sessions"
    assert len(ended) == len(logto.sessions)
    assert all("revokeGrantsTarget=all" in each for each in ended)
    assert (grants, grant) == ("GET /api/users/a/b/grants", "DELETE /api/users/a/b/grants/ours")


@pytest.mark.parametrize(
    ("statuses", "error"),
    [
        ({"GET .*sessions": 403}, ProviderMisconfigured),
        ({"GET .*sessions": 404}, ProviderMisconfigured),
        ({"GET .*sessions": 500}, ProviderUnreachable),
        ({"DELETE .*sessions/session 3": 500}, ProviderUnreachable),
        ({"DELETE .*sessions": 403}, ProviderMisconfigured),
        ({"GET .*grants": 502}, ProviderUnreachable),
        ({"DELETE .*grants": 401}, ProviderMisconfigured),
        ({"POST .*token": 503}, ProviderUnreachable),
    ],
)
def test_what_could_not_be_ended_is_told(
    odd: tuple[OddLogto, LogtoManagement], statuses: dict[str, int], error: type[Exception]
):
    logto, ending = odd
    logto.statuses = statuses

    with pytest.raises(error):
        ending.end_all("x")


def test_one_session_that_resists_keeps_nothing_else_alive(
    odd: tuple[OddLogto, LogtoManagement],
):
    logto, ending = odd
    logto.statuses = {"DELETE .*sessions/session 3": 500}

    with pytest.raises(ProviderUnreachable):
        ending.end_all("x")
    assert sum("DELETE" in each for each in logto.asked) == 21


def test_what_is_gone_already_is_ended(odd: tuple[OddLogto, LogtoManagement]):
    logto, ending = odd
    logto.statuses = {"DELETE": 404}

    ending.end_all("x")


@pytest.mark.parametrize("listed", [None, {}, [1], [{"payload": {}}], [{"payload": {"uid": 7}}]])
@pytest.mark.parametrize("name", ["sessions", "grants"])
def test_a_list_that_can_not_be_read_is_no_success(
    odd: tuple[OddLogto, LogtoManagement], name: str, listed: Any
):
    logto, ending = odd
    setattr(logto, name, listed)

    with pytest.raises(ProviderUnreachable):
        ending.end_all("x")


def test_the_recorded_lists_can_be_read(odd: tuple[OddLogto, LogtoManagement]):
    logto, ending = odd
    logto.sessions = RECORDED["sessions"]["answer"]["sessions"]
    logto.grants = RECORDED["grants"]["answer"]["grants"]
    app_id = logto.grants[0]["application"]["id"]
    LogtoManagement(ending.endpoint, app_id, ending.credential, ending.http).end_all("x")

    assert sum("DELETE" in each for each in logto.asked) == len(logto.sessions) + len(logto.grants)


def test_nobody_at_the_address_is_an_outage():
    with pytest.raises(ProviderUnreachable):
        management("http://127.0.0.1:1").end_all("x")


def test_a_logto_that_takes_too_long_is_an_outage(odd: tuple[OddLogto, LogtoManagement]):
    logto, ending = odd
    logto.may_answer.clear()
    try:
        with pytest.raises(ProviderUnreachable, match="not in time"):
            replace(ending, total_seconds=0.05).end_all("x")
    finally:
        logto.may_answer.set()
