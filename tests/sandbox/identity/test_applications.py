"""Applications by the Management API, against what Logto answered, and what becomes of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.kit.identity import (
    APP,
    MACHINE,
    POWERLESS_MACHINE,
    SECRET,
    Logto,
    query,
    running_logto,
)
from tests.kit.recordings import as_recorded, recorded

RECORDED, TOKENS = recorded("management-application"), recorded("management-token")
APPLICATIONS = "/api/applications"


def answer_of(response: Any, ids: dict[str, str]) -> Any:
    """Return an answer with the ids of the recording in the place of the test's own."""
    text = response.text
    for recorded_id, own_id in ids.items():
        text = text.replace(own_id, recorded_id)
    return json.loads(text) if text else ""


def created(logto: Logto, **changes: Any) -> dict[str, Any]:
    uris = {
        "redirectUris": [f"{logto.app.url}/callback"],
        "postLogoutRedirectUris": [f"{logto.app.url}/"],
    }
    told = {"name": "shop", "type": "Traditional", "oidcClientMetadata": uris} | changes
    answer: dict[str, Any] = logto.manage("POST", APPLICATIONS, told).json()
    return answer


def first_secret(logto: Logto, app_id: str) -> str:
    value: str = logto.manage("GET", f"{APPLICATIONS}/{app_id}/secrets").json()[0]["value"]
    return value


def test_every_recorded_request_is_answered_as_it_was():
    with running_logto(empty=True) as logto:
        logto.clock.now = RECORDED["create"]["answer"]["createdAt"] / 1000
        ids: dict[str, str] = {}
        for name, recording in RECORDED.items():
            if "request" not in recording or name == "create_same_name":
                continue
            method, path = recording["request"].split()
            for recorded_id, own_id in ids.items():
                path = path.replace(recorded_id, own_id)
            response = logto.manage(method, path, recording.get("body"))
            if name == "create":
                ids[recording["answer"]["id"]] = response.json()["id"]
            expected = recording["answer"]
            given = as_recorded(expected, answer_of(response, ids))

            assert (name, response.status_code) == (name, recording["status"])
            assert (name, given) == (name, expected)
            if "headers" in recording:
                here = recording["headers"]["Link"].replace("http://localhost:3001", logto.url)
                assert response.headers["Link"] == here
                assert response.headers["Total-Number"] == recording["headers"]["Total-Number"]


def test_names_are_not_unique(own_logto: Logto):
    first, second = created(own_logto), created(own_logto)

    assert first["id"] != second["id"]
    found = own_logto.manage("GET", f"{APPLICATIONS}?search=%25SHO%25").json()
    assert [each["id"] for each in found] == [second["id"], first["id"]]


def test_a_list_comes_in_pages_where_one_is_requested(own_logto: Logto):
    address = f"{APPLICATIONS}?types=Traditional&page=2&page_size=2"
    page = own_logto.manage("GET", address)
    everything = own_logto.manage("GET", f"{APPLICATIONS}?types=Traditional").json()

    assert page.json() == everything[2:4]
    assert page.headers["Total-Number"] == str(len(everything))
    assert 'rel="prev"' in page.headers["Link"]
    refused = own_logto.manage("GET", f"{APPLICATIONS}?page=0")
    assert (refused.status_code, refused.json()["code"]) == (400, "guard.invalid_pagination")


def test_who_was_created_signs_users_in(own_logto: Logto):
    application = created(own_logto)
    secret = first_secret(own_logto, application["id"])
    callback = own_logto.sign_in(own_logto.browser(), client_id=application["id"])
    tokens = own_logto.redeem(
        callback["code"], client_id=application["id"], client_secret=secret
    ).json()

    assert own_logto.read(tokens["id_token"]).claims["aud"] == application["id"]
    assert "sid" not in own_logto.read(tokens["id_token"]).claims


def test_uris_that_are_left_out_of_a_change_count_no_more(own_logto: Logto):
    uris = {"redirectUris": ["https://a.example/cb"], "postLogoutRedirectUris": []}
    own_logto.manage("PATCH", f"{APPLICATIONS}/{APP}", {"oidcClientMetadata": uris})

    assert own_logto.authorize(own_logto.browser()).status_code == 400
    elsewhere = own_logto.authorize(own_logto.browser(), redirect_uri="https://a.example/cb")
    assert elsewhere.headers["Location"].startswith("/sign-in")


def test_tokens_of_an_application_outlive_its_change(own_logto: Logto):
    tokens = own_logto.tokens()
    own_logto.manage("PATCH", f"{APPLICATIONS}/{APP}", {"name": "another"})

    assert own_logto.refresh(tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize(
    ("recording", "uri"),
    [
        ("one_bad_uri_breaks_the_client", "https://a.example/cb#f"),
        ("one_custom_scheme_breaks_the_client", "com.example:/cb"),
        ("one_custom_scheme_breaks_the_client", "javascript:alert(1)"),
    ],
)
def test_one_redirect_uri_that_is_none_breaks_the_application(
    own_logto: Logto, recording: str, uri: str
):
    uris = [f"{own_logto.app.url}/callback", uri]
    own_logto.manage(
        "PATCH",
        f"{APPLICATIONS}/{APP}",
        {"oidcClientMetadata": {"redirectUris": uris, "postLogoutRedirectUris": []}},
    )
    refused = own_logto.authorize(own_logto.browser())

    expected = RECORDED[recording]
    assert refused.status_code == expected["status"]
    assert refused.json().items() >= expected["answer"].items()


def test_several_secrets_live_side_by_side_until_their_end(own_logto: Logto):
    secrets = f"{APPLICATIONS}/{APP}/secrets"
    ends_at = int(own_logto.clock() * 1000) + 60_000
    new = own_logto.manage("POST", secrets, {"name": "new", "expiresAt": None}).json()["value"]
    short = own_logto.manage("POST", secrets, {"name": "short", "expiresAt": ends_at}).json()
    refresh_token = own_logto.tokens()["refresh_token"]

    def works(secret: str) -> bool:
        return own_logto.refresh(refresh_token, client_secret=secret).status_code == 200

    assert works(SECRET)
    assert works(new)
    assert works(short["value"])

    own_logto.clock.advance(60)
    own_logto.manage("DELETE", f"{secrets}/Default%20secret")

    assert works(new)
    assert not works(SECRET)
    assert not works(short["value"])


def test_a_machine_opens_the_api_once_it_has_the_role(own_logto: Logto):
    roles = own_logto.manage("GET", "/api/roles?type=MachineToMachine").json()
    assert [set(each) for each in roles] == [set(TOKENS["roles"]["answer"][0])]
    assert roles[0]["name"] == TOKENS["roles"]["answer"][0]["name"]
    path, body = f"{APPLICATIONS}/{POWERLESS_MACHINE}/roles", {"roleIds": [roles[0]["id"]]}

    first, again = (own_logto.manage("POST", path, body) for _ in range(2))

    assert (first.status_code, first.json()) == (201, body | {"addedRoleIds": body["roleIds"]})
    assert again.json() == body | {"addedRoleIds": []}
    token = own_logto.token(
        client_id=POWERLESS_MACHINE,
        grant_type="client_credentials",
        resource="https://default.logto.app/api",
        scope="all",
    )
    assert token.json()["scope"] == "all"


def test_a_machine_that_is_created_has_a_secret_and_no_role_yet(own_logto: Logto):
    expected = TOKENS["m2m_create"]["answer"]
    machine = own_logto.manage("POST", APPLICATIONS, TOKENS["m2m_create"]["body"]).json()
    token = own_logto.token(
        client_id=machine["id"],
        client_secret=first_secret(own_logto, machine["id"]),
        grant_type="client_credentials",
        resource="https://default.logto.app/api",
        scope="all",
    ).json()

    assert as_recorded(expected, machine | {"id": expected["id"]}) == expected
    assert "scope" not in token


def test_a_new_tenant_knows_only_the_machine_that_sets_it_up():
    with running_logto(empty=True) as logto:
        found = logto.manage("GET", APPLICATIONS).json()
        unknown = logto.authorize(logto.browser())

    assert [each["id"] for each in found] == [MACHINE]
    assert unknown.json()["error"] == "invalid_client"


def test_the_first_application_can_have_the_id_that_is_expected():
    with running_logto(empty=True, first_application_id="expected") as logto:
        ids = [created(logto)["id"] for _ in range(2)]

    assert ids[0] == "expected"
    assert ids[1] != "expected"


def test_a_created_application_is_told_of_sign_outs(own_logto: Logto):
    told = {
        "redirectUris": [f"{own_logto.app.url}/callback"],
        "postLogoutRedirectUris": [f"{own_logto.app.url}/"],
        "backchannelLogoutUri": f"{own_logto.app.url}/backchannel-logout",
        "backchannelLogoutSessionRequired": True,
    }
    app_id = created(own_logto, oidcClientMetadata=told)["id"]
    browser = own_logto.browser()
    assert query(own_logto.walk(browser, own_logto.authorize(browser, client_id=app_id)))["code"]
    own_logto.sign_out(browser, client_id=app_id)

    (posted,) = own_logto.app.posted("backchannel-logout")
    claims = own_logto.read(posted.body.removeprefix("logout_token=")).claims
    assert claims["aud"] == app_id
    assert "sid" in claims
