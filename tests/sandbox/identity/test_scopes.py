"""Whose roles let which tokens carry which scopes, against what Logto was recorded to issue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sandbox.identity.settings import ApiResource
from tests.kit.identity import Logto, new_phone, running_logto
from tests.kit.recordings import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORDED = recorded("organization-tokens")
API = "https://api.example.com"
FIRST, SECOND = "n47hft1otlsn", "lvhrtzw8631r"
PERMISSIONS = ("read:members", "org:only")
SCOPE = (
    "openid profile phone offline_access urn:logto:scope:organizations "
    "urn:logto:scope:organization_roles read:orders read:members write:orders"
)
ONLY_ORG_ROLE, GLOBAL_ROLE, BOTH, D = (
    "A_only_org_role",
    "B_global_role_plain_member_o2",
    "C_both",
    "D",
)
REMOVED = "C after removal"


@pytest.fixture(scope="module")
def organized() -> Iterator[Logto]:
    """A stand-in with the API, the roles and the organizations of the recording."""
    resources = (ApiResource(API, ("read:orders", "read:members", "write:orders")),)
    with running_logto(api_resources=resources, organization_permissions=PERMISSIONS) as running:
        yield running


def sub_of(logto: Logto, phone: str) -> str:
    """Make a user without any role."""
    sub: str = logto.read(logto.tokens(phone=phone)["id_token"]).claims["sub"]
    logto.identity.grant_scopes(sub)
    return sub


def member(logto: Logto, who: str, phone: str) -> str:
    """Make a user with the roles of `who` in the recording."""
    sub, identity = sub_of(logto, phone), logto.identity
    if who in (GLOBAL_ROLE, BOTH):
        identity.grant_scopes(sub, "read:orders")
        identity.join_organization(sub, SECOND)
    if who in (ONLY_ORG_ROLE, BOTH):
        identity.join_organization(sub, FIRST, "read:members", scopes=["read:members"])
    if who == D:
        identity.grant_scopes(sub, "read:orders")
        given = ["read:members", "write:orders"]
        identity.join_organization(sub, FIRST, "read:members", "org:only", scopes=given)
    return sub


def signed_in(logto: Logto, phone: str) -> str:
    """Sign a user in; returns the refresh token."""
    token: str = logto.tokens(phone=phone, scope=SCOPE, resource=API)["refresh_token"]
    return token


CASES = {name: case for name, case in RECORDED.items() if name != "setup"}


@pytest.mark.parametrize("name", CASES)
def test_a_token_carries_what_was_recorded_of_logto(organized: Logto, name: str):
    case: dict[str, Any] = CASES[name]
    who = next((each for each in (ONLY_ORG_ROLE, GLOBAL_ROLE, BOTH) if name.startswith(each)), D)
    phone = new_phone()
    sub = member(organized, BOTH if name.startswith(REMOVED) else who, phone)
    refresh_token = signed_in(organized, phone)
    if name.startswith(REMOVED):
        organized.identity.leave_organization(sub, FIRST)

    answer = organized.refresh(refresh_token, **case["request"])

    assert answer.status_code == case["status"]
    assert case["answer"].items() <= answer.json().items()
    if isinstance(case.get("claims"), dict):
        token = organized.read(answer.json()["access_token"])
        assert token.header["typ"] == case["header"]["typ"]
        assert list(token.claims) == list(case["claims"])
        for claim in ("aud", "scope", "organization_id"):
            assert token.claims.get(claim) == case["claims"].get(claim)


def scope_of(logto: Logto, refresh_token: str, **request: str) -> str:
    answer: str = logto.refresh(refresh_token, **request).json()["scope"]
    return answer


def test_a_role_assigned_later_reaches_resource_tokens_at_the_next_sign_in(organized: Logto):
    phone = new_phone()
    sub = sub_of(organized, phone)
    token = signed_in(organized, phone)
    organized.identity.grant_scopes(sub, "write:orders")
    organized.identity.join_organization(sub, FIRST, scopes=["read:members"])

    assert scope_of(organized, token, resource=API) == ""
    assert scope_of(organized, token, resource=API, organization_id=FIRST) == ""
    again = signed_in(organized, phone)
    assert scope_of(organized, again, resource=API) == "read:members write:orders"


def test_a_role_that_was_taken_away_is_gone_at_the_next_refresh(organized: Logto):
    phone = new_phone()
    sub = member(organized, GLOBAL_ROLE, phone)
    token = signed_in(organized, phone)
    organized.identity.grant_scopes(sub)

    assert scope_of(organized, token, resource=API) == ""


def test_organization_tokens_follow_the_roles_of_the_moment(organized: Logto):
    phone = new_phone()
    sub = sub_of(organized, phone)
    token = signed_in(organized, phone)
    organized.identity.join_organization(sub, FIRST, "read:members")

    assert scope_of(organized, token, organization_id=FIRST) == "read:members"
