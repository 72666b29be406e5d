"""Cookies that were planted, swapped, broken, replayed."""

from __future__ import annotations

import time

import pytest

from chalicelib.sign_in.attempts import MAX_CLEARED, MAX_OPEN
from tests.kit.visitors import SESSION, Target

BROKEN = {
    "empty": "",
    "short": "A" * 42,
    "long": "A" * 44,
    "8 KB": "A" * 8_192,
    "not base64": "!" * 43,
    "dots": "." * 43,
    "control characters": "\x01" * 43,
    "quoted": '"' + "A" * 41 + '"',
    "percent": "%41" * 14 + "A",
    "an empty JSON": "{}",
}


@pytest.mark.parametrize("value", BROKEN.values(), ids=BROKEN)
def test_a_broken_cookie_is_nobody(target: Target, value: str):
    attacker = target.browser()
    attacker.cookies[SESSION] = value

    assert attacker.user is None
    assert attacker.get("/").status_code == 200


@pytest.mark.parametrize("size", [20_000, 60_000])
def test_an_oversized_cookie_header_is_not_taken_apart(target: Target, size: int):
    visitor = target.visitor()
    visitor.cookies["padding"] = "x" * size

    assert visitor.user is None


@pytest.mark.parametrize("cut", [1, 20, 42])
def test_a_part_of_a_token_is_no_token(target: Target, cut: int):
    visitor = target.visitor()
    visitor.cookies[SESSION] = visitor.cookies[SESSION][:-cut]

    assert visitor.user is None


def test_of_two_cookies_with_one_name_neither_is_believed(target: Target):
    victim, attacker = target.visitor(), target.visitor()
    mine, theirs = attacker.cookies[SESSION], victim.cookies[SESSION]
    for first, second in ((mine, theirs), (theirs, mine)):
        header = f"{SESSION}={first}; {SESSION}={second}"
        assert target.browser().get("/account", headers={"Cookie": header}).status_code == 401


def test_a_planted_session_is_not_adopted_by_a_sign_in(target: Target):
    attacker, victim = target.visitor(), target.browser()
    planted = attacker.cookies[SESSION]
    victim.cookies[SESSION] = planted
    victim.sign_in()

    assert victim.cookies[SESSION] != planted
    # Signing in where somebody else was signed in replaces their session.
    assert attacker.user is None


def test_a_planted_random_token_is_not_adopted_either(target: Target):
    victim, planted = target.browser(), "A" * 43
    victim.cookies[SESSION] = planted
    victim.sign_in()
    attacker = target.browser()
    attacker.cookies[SESSION] = planted

    assert victim.user is not None
    assert attacker.user is None


def test_two_users_who_swap_cookies_are_each_other_and_nothing_between(target: Target):
    one, other = target.visitor(), target.visitor()
    names = one.user, other.user
    one.cookies, other.cookies = other.cookies, one.cookies

    assert (other.user, one.user) == names


def test_an_attempts_token_is_no_session(target: Target):
    attacker = target.browser()
    attacker.begin()
    (value,) = attacker.cookies.values()
    attacker.cookies[SESSION] = value.partition(".")[2]

    assert attacker.user is None


def test_a_sessions_token_opens_no_attempt(target: Target):
    visitor = target.visitor()
    callback = visitor.answered(visitor.begin())
    (name,) = set(visitor.cookies) - {SESSION}
    visitor.cookies[name] = f"{int(time.time())}.{visitor.cookies[SESSION]}"

    assert visitor.get(callback).status_code == 400


def test_one_attempts_cookie_does_not_open_another(target: Target):
    victim, attacker = target.browser(), target.browser()
    callback = victim.answered(victim.begin())
    attacker.begin()
    (name,), (value,) = victim.cookies, attacker.cookies.values()
    attacker.cookies = {name: value}

    assert attacker.get(callback).status_code == 400


@pytest.mark.parametrize("path", ["/sign-out", "/account/sign-out-everywhere"])
def test_a_cookie_is_worth_nothing_after_the_sign_out(target: Target, path: str):
    visitor = target.visitor()
    kept = dict(visitor.cookies)
    origin = {"Origin": "http://localhost:8000"}
    assert visitor.send("POST", path, headers=origin).status_code == 302
    visitor.cookies = kept

    assert visitor.user is None


def test_a_session_whose_record_was_deleted_is_over(target: Target):
    visitor = target.visitor()
    assert visitor.user
    for item in target.table():
        target.stage.dynamodb.delete_item(
            TableName=target.stage.sessions_table, Key={"id": item["id"]}
        )

    assert visitor.get("/account").status_code == 401
    visitor.sign_in()
    assert visitor.user


def test_a_callback_opened_again_signs_nobody_in(target: Target):
    visitor = target.browser()
    callback = visitor.answered(visitor.begin())
    cookies = dict(visitor.cookies)
    visitor.get(callback)
    attacker = target.browser()
    attacker.cookies = cookies

    assert attacker.get(callback).status_code == 400
    assert attacker.user is None
    assert visitor.user


def test_an_attempts_cookie_with_a_number_without_end_stops_no_sign_in(target: Target):
    visitor = target.browser()
    visitor.cookies["portaria_attempt_" + "0" * 16] = "9" * 5_000 + ".x"

    assert visitor.get("/sign-in").status_code == 302


def test_planted_attempts_are_cleared_a_few_at_a_time_and_ours_stays(target: Target):
    visitor = target.browser()
    visitor.cookies = {f"portaria_attempt_{number:016x}": f"{number}.x" for number in range(150)}
    at_logto, answered = "", []
    while len(visitor.cookies) > MAX_OPEN:
        answer = visitor.get("/sign-in")
        at_logto = answer.headers["Location"]
        answered.append(answer.raw.headers.getlist("Set-Cookie"))

    assert max(map(len, answered)) == MAX_CLEARED + 1
    # API Gateway sends no more.
    assert max(sum(map(len, cookies)) for cookies in answered) < 10_240 / 4
    # The oldest go first, so that whatever is open in other tabs goes last.
    assert [cookie.partition("=")[0] for cookie in answered[0][1:]] == [
        f"portaria_attempt_{number:016x}" for number in range(MAX_CLEARED)
    ]
    assert visitor.get(visitor.answered(at_logto)).status_code == 302
    assert visitor.user


def test_a_planted_attempt_from_the_future_displaces_none_of_ours(target: Target):
    visitor = target.browser()
    at_logto = visitor.begin()
    far = {f"portaria_attempt_{number:016x}": "999999999999.x" for number in range(MAX_OPEN)}
    visitor.cookies |= far
    visitor.begin()

    assert visitor.get(visitor.answered(at_logto)).status_code == 302


def test_every_cookie_is_small_whatever_is_asked(target: Target):
    visitor = target.browser()
    answer = visitor.get(
        "/sign-in", params={"return_to": "/" + "a" * 2000, "login_hint": "b" * 256}
    )

    for cookie in answer.raw.headers.getlist("Set-Cookie"):
        assert len(cookie) < 4096
