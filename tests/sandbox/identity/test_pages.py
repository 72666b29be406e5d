from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kit.identity import APP, new_phone, query, running_logto

if TYPE_CHECKING:
    from requests import Response

    from tests.kit.browser import Browser
from tests.kit.identity import Logto

PAGES = ["/sign-in", "/register", "/forgot-password"]


@pytest.mark.parametrize(
    "path", [*PAGES, "/sign-in/verification-code", "/consent", "/identifier-sign-in"]
)
def test_a_page_without_a_sign_in_leads_to_the_unknown_session(logto: Logto, path: str):
    answer = logto.browser().get(path)

    assert answer.status_code == 302
    assert answer.headers["Location"] == f"{logto.url}/unknown-session"
    assert "go back and sign in again" in logto.browser().get("/unknown-session").text


def test_an_interaction_is_forgotten_after_an_hour(logto: Logto):
    browser = logto.browser()
    logto.authorize(browser)
    logto.clock.advance(3600)

    assert browser.get("/sign-in").status_code == 302


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_labelled_asks_for_the_phone_and_needs_no_script(logto: Logto, path: str):
    browser = logto.browser()
    logto.authorize(browser)

    page = browser.get(path)

    assert "Logto sandbox" in page.text
    assert 'name="phone"' in page.text
    assert "The code arrives on the sandbox phone" in page.text
    assert "<script" not in page.text


@pytest.mark.parametrize(
    ("language", "number"), [("en", "+1 212 555 0100"), ("pt-BR", "+55 11 91234 5678")]
)
def test_the_number_in_the_hint_stands_on_one_line_and_works_as_it_is(
    logto: Logto, language: str, number: str
):
    browser = logto.browser()
    logto.authorize(browser, ui_locales=language)
    example = number.replace(" ", "\N{NO-BREAK SPACE}")
    assert example in browser.get("/sign-in").text

    assert 'name="code"' in browser.follow(browser.post("/sign-in", data={"phone": example})).text


def test_the_code_is_typed_on_a_page_of_its_own(logto: Logto):
    browser, phone = logto.browser(), new_phone()
    logto.authorize(browser)

    page = browser.follow(browser.post("/sign-in", data={"phone": phone}))

    assert 'name="code"' in page.text
    assert 'name="phone"' not in page.text
    assert f"+{phone}" in page.text
    assert "Send again" in page.text


def test_the_pages_link_to_each_other(logto: Logto):
    browser = logto.browser()
    logto.authorize(browser)

    assert f'href="/register?app_id={APP}"' in browser.get("/sign-in").text
    assert f'href="/sign-in?app_id={APP}"' in browser.get("/register").text


def test_answers_tell_browsers_to_be_careful(logto: Logto):
    browser = logto.browser()
    logto.authorize(browser)

    headers = browser.get("/sign-in").headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "default-src 'none'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("ui_locales", "accepted", "language", "title"),
    [
        (None, "en-GB,en;q=0.9", "en", "Sign in"),
        (None, "pt-BR,pt;q=0.9,en;q=0.8", "pt-BR", "Entrar"),
        (None, "pt", "pt-BR", "Entrar"),
        (None, "bn", "en", "Sign in"),
        ("pt-BR en", "en", "pt-BR", "Entrar"),
        ("en", "pt-BR", "en", "Sign in"),
    ],
)
def test_a_page_speaks_the_visitors_language(
    logto: Logto, ui_locales: str | None, accepted: str, language: str, title: str
):
    browser = logto.browser()
    browser.headers["Accept-Language"] = accepted
    logto.authorize(browser, ui_locales=ui_locales)

    page = browser.get("/sign-in").text
    assert f'<html lang="{language}">' in page
    assert f"<h1>{title}</h1>" in page


def test_a_wrong_code_is_explained_in_portuguese(logto: Logto):
    browser = logto.browser()
    logto.authorize(browser, ui_locales="pt-BR")
    browser.post("/sign-in", data={"phone": new_phone()})

    answer = browser.post("/sign-in/verification-code", data={"code": "wrong"})

    assert "Código de verificação inválido." in answer.text


@pytest.mark.parametrize(
    "typed",
    [
        "+1 212 555 0100",
        "1 (212) 555-0100",
        "12125550100",
        " +1.212.555.0100 ",
        "+1\u00a02125550100",
    ],
)
def test_a_number_may_be_typed_as_people_type_it(logto: Logto, typed: str):
    browser = logto.browser()
    logto.authorize(browser)
    logto.clock.advance(600)

    browser.post("/sign-in", data={"phone": typed})

    assert logto.app.received[0].json["to"] == "12125550100"


def test_a_zero_that_is_only_dialled_at_home_is_left_out(logto: Logto):
    browser = logto.browser()
    logto.authorize(browser)

    browser.post("/sign-in", data={"phone": "+61 0412 345 678"})

    assert logto.app.received[0].json["to"] == "61412345678"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "abc",
        "+",
        "1",
        "1212<b>",
        "\uff11\uff12\uff11\uff12",
        "+1 555 000 1001",
        "+1 555 555 0100",
        "+1 212 555 01000",
        "01712345678",
        "+44 7700 900123",
    ],
)
def test_an_invalid_number_is_refused_on_the_page(logto: Logto, typed: str):
    browser = logto.browser()
    logto.authorize(browser)

    answer = browser.post("/sign-in", data={"phone": typed})

    assert answer.status_code == 400
    assert "The phone number is invalid" in answer.text
    assert "<b>" not in answer.text
    assert logto.app.received == []


def test_a_login_hint_is_already_typed_and_escaped(logto: Logto):
    browser = logto.browser()
    logto.authorize(browser, login_hint='+1"><script>')

    page = browser.get("/sign-in").text

    assert 'value="+1&#34;&gt;&lt;script&gt;"' in page


def after_the_code(logto: Logto, browser: Browser, path: str, phone: str) -> Response:
    """Go as far as the right code on one of the pages."""
    logto.authorize(browser, prompt="login")
    sent = browser.post(path, data={"phone": phone})
    return browser.post(sent.headers["Location"], data={"code": logto.app.code})


@pytest.mark.parametrize(
    ("path", "known", "question"),
    [
        ("/sign-in", False, "No account found for +{}. Create a new one?"),
        ("/register", True, "An account with +{} already exists. Sign in to it?"),
    ],
)
def test_an_unexpected_account_state_is_confirmed_after_the_code(
    logto: Logto, path: str, known: bool, question: str
):
    browser, phone = logto.browser(), new_phone()
    sub = known and logto.read(logto.tokens(phone=phone)["id_token"]).claims["sub"]

    entered = after_the_code(logto, browser, path, phone)
    page = browser.follow(entered)

    assert question.format(phone) in page.text
    assert page.text.count("<button>") == 1
    assert query(logto.authorize(logto.browser(), prompt="none"))["error"] == "login_required"
    user = logto.identity.user_with_phone(phone)
    assert (user.sub if user else False) == sub
    confirmed = browser.post(page.url)
    assert "code" in query(browser.follow(confirmed))
    assert logto.identity.user_with_phone(phone)


@pytest.mark.parametrize(("path", "known"), [("/sign-in", True), ("/register", False)])
def test_an_expected_account_state_needs_no_confirmation(logto: Logto, path: str, known: bool):
    browser, phone = logto.browser(), new_phone()
    if known:
        logto.sign_in(logto.browser(), phone)

    entered = after_the_code(logto, browser, path, phone)

    assert entered.headers["Location"].startswith("/oidc/auth/")
    assert "code" in query(browser.follow(entered))


@pytest.mark.parametrize("path", ["/sign-in/confirm", "/register/confirm"])
def test_nothing_is_confirmed_without_the_right_code(logto: Logto, path: str):
    browser, phone = logto.browser(), new_phone()
    logto.authorize(browser)
    assert browser.post(path).json()["code"] == "session.not_found"

    browser.post("/sign-in", data={"phone": phone})
    browser.post("/sign-in/verification-code", data={"code": "wrong"})
    assert browser.post(path).json()["code"] == "session.not_found"

    browser.post("/forgot-password", data={"phone": phone})
    browser.post("/forgot-password/verification-code", data={"code": logto.app.code})
    assert browser.post(path).json()["code"] == "session.not_found"
    assert logto.identity.user_with_phone(phone) is None


def test_the_confirmation_can_be_switched_off():
    with running_logto(confirm_accounts=False) as logto:
        entered = after_the_code(logto, logto.browser(), "/sign-in", new_phone())

    assert entered.headers["Location"].startswith("/oidc/auth/")


def test_who_signs_in_again_is_the_same_user(logto: Logto):
    phone = new_phone()

    signed_in = logto.tokens(phone=phone)
    registered = logto.tokens(phone=phone, first_screen="register")

    first, second = (logto.read(each["id_token"]).claims for each in (signed_in, registered))
    assert first["sub"] == second["sub"]


def test_another_number_in_the_same_browser_is_another_user(logto: Logto):
    browser = logto.browser()

    first, second = (
        logto.read(logto.tokens(browser, prompt="login consent")["id_token"]).claims
        for _ in range(2)
    )

    assert first["sub"] != second["sub"]
    assert first["sid"] != second["sid"]


def test_after_a_reset_the_visitor_signs_in_with_a_code(logto: Logto):
    browser = logto.browser()
    logto.authorize(browser)
    browser.post("/forgot-password", data={"phone": new_phone()})

    confirmed = browser.post("/forgot-password/verification-code", data={"code": logto.app.code})

    assert confirmed.headers["Location"] == f"/sign-in?app_id={APP}"
    assert query(logto.authorize(browser, prompt="none"))["error"] == "login_required"
