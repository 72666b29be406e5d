from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.kit.identity import API, APP, BARE_APP
from tests.kit.recordings import recorded

if TYPE_CHECKING:
    from tests.kit.identity import Logto

RECORDED = recorded("errors")
LIFE = 14 * 86_400
PAST_SEVENTY_PERCENT = 0.7 * LIFE
RESOURCE_SCOPE = "openid offline_access read"


def test_six_refreshes_at_once_all_succeed_with_the_same_refresh_token(logto: Logto):
    tokens = logto.tokens()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(logto.refresh, [tokens["refresh_token"]] * 6))

    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["refresh_token"] for answer in answers} == {tokens["refresh_token"]}
    assert len({answer.json()["access_token"] for answer in answers}) == 6


def test_a_refresh_answers_as_recorded_and_with_the_nonce_again(logto: Logto):
    tokens = logto.tokens()

    answer = logto.refresh(tokens["refresh_token"]).json()

    assert answer.keys() == RECORDED["refresh_1"]["body"].keys()
    assert answer["scope"] == RECORDED["refresh_1"]["body"]["scope"]
    before, after = (logto.read(each["id_token"]).claims for each in (tokens, answer))
    assert after == before


def test_before_seventy_percent_of_its_life_a_refresh_token_stays(logto: Logto):
    token = logto.tokens()["refresh_token"]
    logto.clock.advance(PAST_SEVENTY_PERCENT - 1)

    assert logto.refresh(token).json()["refresh_token"] == token


def test_past_seventy_percent_it_rotates_and_works_for_three_seconds_more(logto: Logto):
    token = logto.tokens()["refresh_token"]
    logto.clock.advance(PAST_SEVENTY_PERCENT)

    first = logto.refresh(token).json()["refresh_token"]
    logto.clock.advance(3)
    second = logto.refresh(token).json()["refresh_token"]

    assert len({token, first, second}) == 3
    assert logto.refresh(first).json()["refresh_token"] == first
    assert logto.refresh(second).json()["refresh_token"] == second


def test_using_a_rotated_token_later_ends_the_whole_grant(logto: Logto):
    token = logto.tokens()["refresh_token"]
    logto.clock.advance(PAST_SEVENTY_PERCENT)
    successor = logto.refresh(token).json()
    logto.clock.advance(3.1)

    for refused in (logto.refresh(token), logto.refresh(successor["refresh_token"])):
        assert refused.status_code == 400
        assert refused.json() == RECORDED["refresh_bad"]["body"]
    assert logto.userinfo(successor["access_token"]).status_code == 401


def test_a_refresh_token_lives_for_fourteen_days(logto: Logto):
    token = logto.tokens()["refresh_token"]
    logto.clock.advance(LIFE)

    assert logto.refresh(token).json() == RECORDED["refresh_bad"]["body"]


def test_an_unknown_token_and_anothers_token_are_refused_alike(logto: Logto):
    foreign = logto.tokens(client_id=BARE_APP)["refresh_token"]

    for token in ("wrong", foreign):
        assert logto.refresh(token).json() == RECORDED["refresh_bad"]["body"]


def test_a_wider_scope_is_refused_as_recorded(logto: Logto):
    answer = logto.refresh(logto.tokens()["refresh_token"], scope="openid email")

    assert answer.status_code == RECORDED["refresh_wider_scope"]["status"]
    assert answer.json() == RECORDED["refresh_wider_scope"]["body"]


def test_a_narrower_scope_narrows_the_tokens(logto: Logto):
    answer = logto.refresh(logto.tokens()["refresh_token"], scope="openid").json()

    assert answer["scope"] == "openid"
    assert "phone_number" not in logto.read(answer["id_token"]).claims
    assert logto.userinfo(answer["access_token"]).json().keys() == {"sub"}


def test_only_a_refresh_with_a_resource_returns_a_jwt(logto: Logto):
    tokens = logto.tokens(scope=RESOURCE_SCOPE, resource=API)
    assert len(tokens["access_token"]) == 43

    answer = logto.refresh(tokens["refresh_token"], resource=API).json()
    token = logto.read(answer["access_token"])

    assert (token.header["alg"], token.header["typ"]) == ("ES384", "at+jwt")
    assert token.claims["aud"] == API
    assert token.claims["scope"] == answer["scope"] == "read"
    assert token.claims["client_id"] == APP
    assert token.claims["exp"] - token.claims["iat"] == 3600
    assert "id_token" in answer


def test_userinfo_refuses_a_resources_token(logto: Logto):
    tokens = logto.tokens(scope=RESOURCE_SCOPE, resource=API)
    resource_token = logto.refresh(tokens["refresh_token"], resource=API).json()["access_token"]

    assert logto.userinfo(resource_token).status_code == 401


def test_a_resource_that_was_not_granted_is_refused(logto: Logto):
    ungranted = logto.refresh(logto.tokens()["refresh_token"], resource=API)

    assert (ungranted.status_code, ungranted.json()["error"]) == (400, "invalid_target")
