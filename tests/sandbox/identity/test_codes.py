from __future__ import annotations

import html
from typing import TYPE_CHECKING

from tests.kit.browser import Browser
from tests.kit.identity import Logto, new_phone
from tests.kit.recordings import recorded

if TYPE_CHECKING:
    from requests import Response

BEHAVIOUR = recorded("sms-behaviour")
MISMATCH, EXCEEDED = BEHAVIOUR["wrong_code_12x"][0][2], BEHAVIOUR["wrong_code_12x"][-1][2]
RATE_LIMITED = "Too many messages sent to this recipient. Please try again later."


def with_code(logto: Logto, phone: str | None = None) -> Browser:
    browser = logto.browser()
    logto.authorize(browser)
    assert browser.post("/sign-in", data={"phone": phone or new_phone()}).status_code == 303
    return browser


def enter(browser: Browser, code: str) -> Response:
    return browser.post("/sign-in/verification-code", data={"code": code})


def send_again(browser: Browser) -> Response:
    return browser.post("/sign-in/verification-code/resend")


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def shows(answer: Response, sentence: str) -> bool:
    return sentence in html.unescape(answer.text)


def test_a_wrong_code_shows_why_and_the_form_again(logto: Logto):
    browser = with_code(logto)

    answer = enter(browser, other_than(logto.app.code))

    assert answer.status_code == 400
    assert shows(answer, MISMATCH)
    assert 'name="code"' in answer.text
    assert enter(browser, logto.app.code).status_code == 303


def test_a_code_may_be_typed_with_spaces(logto: Logto):
    browser = with_code(logto)

    assert enter(browser, f" {logto.app.code[:3]} {logto.app.code[3:]} ").status_code == 303


def test_ten_wrong_tries_kill_a_code_and_a_resend_heals(logto: Logto):
    browser = with_code(logto)
    right = logto.app.code
    sentences = [sentence for _, _, sentence in BEHAVIOUR["wrong_code_12x"]]

    answers = [enter(browser, other_than(right)) for _ in sentences]

    assert all(shows(*pair) for pair in zip(answers, sentences, strict=True))
    assert shows(enter(browser, right), EXCEEDED)
    assert send_again(browser).status_code == 303
    assert enter(browser, logto.app.code).status_code == 303


def test_a_code_lives_for_ten_minutes(logto: Logto):
    early, late = with_code(logto), with_code(logto)
    late_code, early_code = (each.json["payload"]["code"] for each in reversed(logto.app.received))
    logto.clock.advance(590)
    assert enter(early, late_code if early is late else early_code).status_code == 303

    logto.clock.advance(11)
    answer = enter(late, late_code)
    assert answer.status_code == 400
    assert shows(answer, "Verification code has expired. Please request a new verification code.")


def test_a_resend_kills_the_older_code(logto: Logto):
    browser = with_code(logto)
    old = logto.app.code
    send_again(browser)
    while logto.app.code == old:
        send_again(browser)

    assert shows(enter(browser, old), MISMATCH)
    assert enter(browser, logto.app.code).status_code == 303


def test_a_code_works_once(logto: Logto):
    browser = with_code(logto)
    assert enter(browser, logto.app.code).status_code == 303

    answer = enter(browser, logto.app.code)
    assert shows(answer, "Verification code not found. Please send verification code first.")


def test_a_number_gets_ten_codes_in_ten_minutes(logto: Logto):
    phone = new_phone()
    browser = with_code(logto, phone)
    statuses = [status for status, _ in BEHAVIOUR["send_rate_limit"]]

    answers = [send_again(browser) for _ in statuses[1:]]

    assert [200 if answer.status_code == 303 else answer.status_code for answer in answers] == (
        statuses[1:]
    )
    assert shows(answers[-1], RATE_LIMITED)
    assert len(logto.app.posted("otp")) == 10
    logto.clock.advance(600)
    assert send_again(browser).status_code == 303


def test_a_failed_resend_stays_on_the_page_of_the_code(logto: Logto):
    browser = with_code(logto)
    logto.app.answer = (500, "boom", {})

    answer = send_again(browser)

    assert answer.status_code == 400
    assert shows(answer, "boom")
    assert 'name="code"' in answer.text
