"""Users by the Management API: found by their numbers, suspended and deleted."""

from __future__ import annotations

import pytest

from tests.kit.identity import Logto, new_phone
from tests.kit.recordings import recorded

SESSIONS = recorded("management-sessions")
APPLICATIONS = recorded("management-application")


def registered(logto: Logto) -> tuple[str, str]:
    """Register somebody; returns their number and their id."""
    phone = new_phone()
    claims = logto.read(logto.tokens(phone=phone)["id_token"]).claims
    return phone, claims["sub"]


@pytest.mark.parametrize(("pattern", "mode"), [("{}", "exact"), ("{}", "like"), ("%25{}", "like")])
def test_a_user_is_found_by_the_digits_of_the_number(logto: Logto, pattern: str, mode: str):
    phone, sub = registered(logto)
    query = f"search.primaryPhone={pattern.format(phone)}&mode.primaryPhone={mode}"
    found = logto.manage("GET", f"/api/users?{query}").json()

    assert [each["id"] for each in found] == [sub]
    assert set(found[0]) | {"hasPassword"} == set(SESSIONS["suspend"]["answer"])
    assert found[0]["primaryPhone"] == phone


def test_nobody_is_found_by_a_number_with_a_plus(logto: Logto):
    phone, _ = registered(logto)

    assert logto.manage("GET", f"/api/users?search.primaryPhone=%2B{phone}").json() == []


def test_who_is_suspended_can_not_refresh(logto: Logto):
    phone = new_phone()
    tokens = logto.tokens(phone=phone)
    sub = logto.read(tokens["id_token"]).claims["sub"]
    answer = logto.manage("PATCH", f"/api/users/{sub}/is-suspended", SESSIONS["suspend"]["body"])

    assert answer.json().keys() == SESSIONS["suspend"]["answer"].keys()
    assert answer.json()["isSuspended"] is True
    assert logto.refresh(tokens["refresh_token"]).status_code == 400


def test_who_is_deleted_is_gone(logto: Logto):
    _, sub = registered(logto)
    path = f"/api/users/{sub}"

    assert logto.manage("GET", path).json()["id"] == sub
    assert logto.manage("DELETE", path).status_code == 204
    gone = logto.manage("GET", path)
    assert (gone.status_code, gone.json()["code"]) == (
        APPLICATIONS["patch_unknown_app"]["status"],
        APPLICATIONS["patch_unknown_app"]["answer"]["code"],
    )
