"""Machine-to-machine tokens, and a user's sessions and grants, against what Logto answered."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from sandbox.identity.settings import MANAGEMENT_API
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

TOKENS, SESSIONS = recorded("management-token"), recorded("management-sessions")
FORM = {"grant_type": "client_credentials", "resource": MANAGEMENT_API, "scope": "all"}


def token(logto: Logto, app_id: str = MACHINE, secret: str = SECRET, **form: str) -> Any:
    known = FORM | form
    return logto.post(
        "/oidc/token",
        client_id=app_id,
        client_secret=secret,
        **{k: v for k, v in known.items() if v},
    )


def call(logto: Logto, method: str, path: str, bearer: str | None = None) -> requests.Response:
    value = bearer or token(logto).json()["access_token"]
    return requests.request(
        method,
        f"{logto.url}/api/users/{path}",
        headers={"Authorization": f"Bearer {value}"},
        timeout=None,  # noqa: S113 - a test knows no time limit
    )


def shape(value: Any) -> Any:
    """Return the keys of an answer and the types below them."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    return type(value)


@pytest.mark.parametrize(
    ("recording", "parameters"),
    [
        ("token_m2m_role_at_endpoint", {}),
        ("token_m2m_role_no_scope", {"scope": ""}),
        ("token_other_scope", {"scope": "read"}),
        ("token_m2m_no_role_at_endpoint", {"app_id": POWERLESS_MACHINE}),
        ("token_wrong_secret", {"secret": "wrong"}),
        ("token_unknown_client", {"app_id": "nope"}),
        ("token_wrong_resource", {"resource": "https://other.logto.app/api"}),
        ("token_resource_slash", {"resource": f"{MANAGEMENT_API}/"}),
        ("token_no_resource", {"resource": ""}),
    ],
)
def test_a_machine_gets_the_token_that_logto_was_recorded_to_give(
    logto: Logto, recording: str, parameters: dict[str, str]
):
    expected, given = TOKENS[recording], token(logto, **parameters)
    answer = dict(given.json())
    assert given.status_code == expected["status"]
    if given.status_code != 200:
        assert answer == expected["answer"]
        return
    decoded = logto.read(answer.pop("access_token"))
    header, claims = expected["answer"].pop("access_token")["decoded"]
    assert answer == expected["answer"]
    assert decoded.header["typ"] == header["typ"]
    assert set(decoded.claims) == set(claims)
    assert decoded.claims.get("scope") == claims.get("scope")


def test_who_signs_users_in_gets_none(logto: Logto):
    assert token(logto, APP).json()["error"] == "unauthorized_client"


@pytest.mark.parametrize(
    ("recording", "bearer"),
    [("garbage_token", "garbage"), ("api_no_role", POWERLESS_MACHINE), ("api_role_no_scope", "")],
)
def test_a_token_without_the_role_and_the_scope_opens_nothing(
    logto: Logto, recording: str, bearer: str
):
    if bearer == POWERLESS_MACHINE:
        bearer = token(logto, POWERLESS_MACHINE).json()["access_token"]
    answer = call(
        logto, "GET", "x/sessions", bearer or token(logto, scope="").json()["access_token"]
    )

    assert answer.status_code == TOKENS[recording]["status"]
    assert answer.json()["code"] == TOKENS[recording]["answer"]["code"]


def test_a_call_without_a_token_is_refused(logto: Logto):
    answer = logto.browser().get("/api/users/x/sessions")

    assert answer.status_code == TOKENS["no_token"]["status"]
    assert answer.json() == TOKENS["no_token"]["answer"]


def test_a_users_sessions_and_grants_look_as_recorded(logto: Logto):
    tokens = logto.tokens()
    claims = logto.read(tokens["id_token"]).claims
    (session,) = call(logto, "GET", f"{claims['sub']}/sessions").json()["sessions"]
    (grant,) = call(logto, "GET", f"{claims['sub']}/grants").json()["grants"]

    expected = SESSIONS["sessions"]["answer"]["sessions"][0]
    (authorization,) = expected["payload"]["authorizations"].values()
    found = session["payload"].pop("authorizations")[APP]
    del expected["payload"]["authorizations"]
    assert shape(found) == shape(authorization)
    assert found["sid"] == claims["sid"]
    assert found["grantId"] == grant["id"]
    assert shape(session["payload"]) == shape(expected["payload"])
    assert set(session) == set(expected)
    assert shape(grant) == shape(SESSIONS["grants"]["answer"]["grants"][0])
    assert grant["payload"]["openid"]["scope"] == "openid profile phone offline_access"


def test_an_unknown_user_has_neither(logto: Logto):
    for kind in ("sessions", "grants"):
        answer = call(logto, "GET", f"nosuchuser/{kind}")
        assert (answer.status_code, answer.json()) == (200, {kind: []})


@pytest.mark.parametrize(
    ("target", "ours_lives", "theirs_lives"),
    [("", True, True), ("firstParty", False, True), ("all", False, False)],
)
def test_ending_a_session_ends_the_requested_grants_and_posts_no_logout_token(
    logto: Logto, target: str, ours_lives: bool, theirs_lives: bool
):
    browser, phone = logto.browser(), new_phone()
    ours, theirs = logto.tokens_of_two_applications(browser, phone)
    sub = logto.read(ours["id_token"]).claims["sub"]
    (session,) = call(logto, "GET", f"{sub}/sessions").json()["sessions"]
    path = f"{sub}/sessions/{session['payload']['uid']}"
    path += f"?revokeGrantsTarget={target}" if target else ""

    assert (
        call(logto, "DELETE", f"{sub}/sessions/{session['payload']['jti']}").json()
        == (SESSIONS["session_get_by_jti"]["answer"])
    )
    assert call(logto, "DELETE", path).status_code == 204
    again = call(logto, "DELETE", path)

    assert (again.status_code, again.json()) == (404, SESSIONS["session_delete_again"]["answer"])
    assert call(logto, "GET", f"{sub}/sessions").json() == {"sessions": []}
    assert logto.refresh(ours["refresh_token"]).ok is ours_lives
    assert logto.refresh(theirs["refresh_token"], client_id=THIRD_PARTY).ok is theirs_lives
    assert logto.app.posted("backchannel-logout") == []


def test_ending_a_grant_ends_its_tokens_and_leaves_the_session(logto: Logto):
    tokens = logto.tokens()
    sub = logto.read(tokens["id_token"]).claims["sub"]
    (grant,) = call(logto, "GET", f"{sub}/grants").json()["grants"]
    path = f"{sub}/grants/{grant['id']}"

    assert call(logto, "DELETE", path).status_code == 204
    again = call(logto, "DELETE", path)

    assert (again.status_code, again.json()) == (404, SESSIONS["grant_delete_again"]["answer"])
    assert logto.refresh(tokens["refresh_token"]).status_code == 400
    assert logto.userinfo(tokens["access_token"]).status_code == 401
    (session,) = call(logto, "GET", f"{sub}/sessions").json()["sessions"]
    assert session["payload"]["authorizations"] == {}
