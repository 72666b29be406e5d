"""The product as a person meets it: a browser, a phone number, a code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.kit.numbers import fictional_numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.conftest import Sandbox

_numbers = fictional_numbers()
SIGNED_IN, WELCOME = "You are signed in", "Welcome"
PHONES = ({"width": 390, "height": 844}, {"width": 1280, "height": 800})


@pytest.fixture
def number() -> str:
    """A number that nobody has signed in with."""
    return next(_numbers)


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def ask_for_a_code(page: Page, number: str) -> None:
    page.locator("input[name=phone]").fill(number)
    page.locator("input[name=phone]").press("Enter")
    expect(page.locator("input[name=code]")).to_be_visible()


def code_on_the_phone(page: Page, sandbox: Sandbox, number: str, messages: int = 1) -> str:
    """Read the code off the phone's page once so many messages are there, as a person would."""
    phone = page.context.new_page()
    phone.goto(f"{sandbox.url('phone')}/?to={quote(number)}")
    arrived = phone.get_by_role("listitem")
    expect(arrived).to_have_count(messages)
    found = re.search(r"\b\d{6}\b", arrived.first.inner_text().replace(number, ""))
    phone.close()
    assert found is not None
    return found[0]


def enter_code(page: Page, code: str) -> None:
    page.locator("input[name=code]").fill(code)
    page.locator("input[name=code]").press("Enter")


def answer(page: Page) -> None:
    """Agree where Logto asks whether to create an account, or to sign in to a known one."""
    page.wait_for_url("**/confirm?*")
    page.get_by_role("button").click()


def sign_in(page: Page, sandbox: Sandbox, number: str, *, new: bool = True) -> None:
    page.goto(sandbox.url("app"))
    page.get_by_role("link", name="Sign in", exact=True).click()
    ask_for_a_code(page, number)
    enter_code(page, code_on_the_phone(page, sandbox, number, messages=1 if new else 2))
    if new:
        answer(page)
    heading(page, SIGNED_IN)


def test_a_stranger_signs_in_stays_signed_in_and_signs_out(
    page: Page, sandbox: Sandbox, number: str
):
    page.goto(sandbox.url("app"))
    heading(page, WELCOME)

    sign_in(page, sandbox, number)
    expect(page).to_have_url(f"{sandbox.url('app')}/")
    expect(page.get_by_text(f"••• {number[-4:]}")).to_be_visible()
    expect(page.get_by_text(number)).not_to_be_visible()

    page.reload()
    heading(page, SIGNED_IN)

    page.get_by_role("link", name="Sign out").click()
    heading(page, WELCOME)
    expect(page).to_have_url(f"{sandbox.url('app')}/")
    page.reload()
    heading(page, WELCOME)


def test_the_account_shows_whose_it_is_and_is_closed_to_strangers(
    page: Page, sandbox: Sandbox, number: str
):
    assert page.request.get(f"{sandbox.url('app')}/account").status == 401

    sign_in(page, sandbox, number)
    answer = page.request.get(f"{sandbox.url('app')}/account")

    assert answer.status == 200
    assert answer.json()["phone_number"] == number.removeprefix("+")
    assert answer.json()["sub"]


def test_the_message_on_the_phone_is_the_deployments_text(
    page: Page, sandbox: Sandbox, number: str
):
    sign_in(page, sandbox, number)
    (message,) = sandbox.messages(number)

    assert re.fullmatch(r"\d{6} is your code to sign in\. .+", message["body"])
    assert message["to"] == number


def test_a_wrong_code_is_told_and_the_right_one_still_works(
    page: Page, sandbox: Sandbox, number: str
):
    page.goto(f"{sandbox.url('app')}/sign-in")
    ask_for_a_code(page, number)
    right = code_on_the_phone(page, sandbox, number)
    enter_code(page, f"{(int(right) + 1) % 1_000_000:06d}")
    expect(page.get_by_text("Invalid verification code.")).to_be_visible()

    enter_code(page, right)
    answer(page)
    heading(page, SIGNED_IN)


def two_tabs(page: Page, sandbox: Sandbox) -> tuple[Page, Page]:
    """Begin a sign-in in each of two tabs; Logto keeps the second one's only."""
    tabs = (page, page.context.new_page())
    for name, tab in zip(("first", "second"), tabs, strict=True):
        tab.goto(f"{sandbox.url('app')}/sign-in?return_to=/?tab={name}")
        expect(tab.locator("input[name=phone]")).to_be_visible()
    return tabs


def test_whichever_of_two_tabs_is_finished_the_other_one_recovers_by_a_reload(
    page: Page, sandbox: Sandbox, number: str
):
    first, second = two_tabs(page, sandbox)
    ask_for_a_code(first, number)
    enter_code(first, code_on_the_phone(first, sandbox, number))
    answer(first)
    heading(first, SIGNED_IN)
    expect(first).to_have_url(f"{sandbox.url('app')}/?tab=second")

    second.reload()
    heading(second, SIGNED_IN)
    expect(second).to_have_url(f"{sandbox.url('app')}/")
    assert len(sandbox.messages(number)) == 1


def test_a_number_typed_in_the_tab_that_lost_its_sign_in_gets_no_code(
    page: Page, sandbox: Sandbox, number: str
):
    first, second = two_tabs(page, sandbox)
    ask_for_a_code(second, number)
    enter_code(second, code_on_the_phone(second, sandbox, number))
    answer(second)
    heading(second, SIGNED_IN)

    other = next(_numbers)
    first.locator("input[name=phone]").fill(other)
    first.locator("input[name=phone]").press("Enter")
    expect(first.get_by_text("Please go back and sign in again.")).to_be_visible()
    first.get_by_role("link", name="Load this page again").click()
    heading(first, SIGNED_IN)
    expect(first.get_by_text(f"••• {number[-4:]}")).to_be_visible()
    assert sandbox.messages(other) == []


def test_creating_an_account_sends_the_message_for_it(page: Page, sandbox: Sandbox, number: str):
    page.goto(sandbox.url("app"))
    page.get_by_role("link", name="Create an account").click()
    ask_for_a_code(page, number)
    enter_code(page, code_on_the_phone(page, sandbox, number))
    heading(page, SIGNED_IN)

    (message,) = sandbox.messages(number)
    assert "create your account" in message["body"]


def test_who_has_an_account_is_asked_before_signing_in_to_it_on_the_page_for_new_ones(
    page: Page, new_browser: Callable[..., Page], sandbox: Sandbox, number: str
):
    sign_in(new_browser(), sandbox, number)

    page.goto(f"{sandbox.url('app')}/sign-up")
    ask_for_a_code(page, number)
    enter_code(page, code_on_the_phone(page, sandbox, number, messages=2))
    expect(page.get_by_text(f"An account with {number} already exists.")).to_be_visible()
    answer(page)
    heading(page, SIGNED_IN)


def test_a_brazilian_visitor_reads_portuguese_all_the_way(
    new_browser: Callable[..., Page], sandbox: Sandbox, number: str
):
    page = new_browser("pt-BR")
    page.goto(sandbox.url("app"))
    heading(page, "Boas-vindas")
    page.get_by_role("link", name="Entrar", exact=True).click()
    ask_for_a_code(page, number)
    enter_code(page, code_on_the_phone(page, sandbox, number))
    answer(page)
    heading(page, "Você entrou")
    (message,) = sandbox.messages(number)
    assert "para entrar" in message["body"]

    page.get_by_role("link", name="Sair").click()
    heading(page, "Boas-vindas")


def test_who_signs_out_at_the_identity_provider_is_signed_out_here(
    page: Page, sandbox: Sandbox, number: str
):
    sign_in(page, sandbox, number)
    elsewhere = page.context.new_page()
    elsewhere.goto(f"{sandbox.url('identity')}/oidc/session/end?client_id=portaria-local")
    heading(elsewhere, "You have signed out")

    page.reload()
    heading(page, WELCOME)


def test_a_link_on_another_site_signs_out_only_who_agrees(
    page: Page, sandbox: Sandbox, number: str
):
    sign_in(page, sandbox, number)
    # Another host name is another site; the link is followed as a hostile page would.
    page.goto(sandbox.url("phone").replace("localhost", "127.0.0.1"))
    page.evaluate("url => { location.href = url }", f"{sandbox.url('app')}/sign-out")
    heading(page, "Sign out?")
    page.goto(sandbox.url("app"))
    heading(page, SIGNED_IN)

    page.goto(sandbox.url("phone").replace("localhost", "127.0.0.1"))
    page.evaluate("url => { location.href = url }", f"{sandbox.url('app')}/sign-out")
    page.get_by_role("button", name="Sign out").click()
    heading(page, WELCOME)


def test_one_device_signs_out_all_of_them(
    page: Page, new_browser: Callable[..., Page], sandbox: Sandbox, number: str
):
    sign_in(page, sandbox, number)
    other = new_browser()
    sign_in(other, sandbox, number, new=False)

    page.get_by_role("button", name="Sign out on all devices").click()
    heading(page, WELCOME)
    other.reload()
    heading(other, WELCOME)


def test_a_callback_opened_again_says_so_and_offers_another_try(
    page: Page, sandbox: Sandbox, number: str
):
    callbacks: list[str] = []
    page.on(
        "request",
        lambda request: callbacks.append(request.url) if "/callback?" in request.url else None,
    )
    sign_in(page, sandbox, number)
    page.goto(callbacks[0])

    heading(page, "This sign-in is no longer open")
    reference = page.locator("code").inner_text()
    assert re.fullmatch(r"[0-9a-f]{10}", reference)
    page.get_by_role("link", name="Go to the home page").click()
    heading(page, SIGNED_IN)


def test_a_cancelled_sign_in_says_so(page: Page, sandbox: Sandbox):
    page.goto(f"{sandbox.url('app')}/callback")

    heading(page, "Sign-in cancelled")
    page.get_by_role("link", name="Try again").click()
    expect(page.locator("input[name=phone]")).to_be_visible()


def test_the_address_of_an_unfinished_sign_in_is_worth_nothing_elsewhere(
    new_browser: Callable[..., Page], sandbox: Sandbox, number: str
):
    mine, theirs = new_browser(), new_browser()
    mine.goto(f"{sandbox.url('app')}/sign-in")
    ask_for_a_code(mine, number)
    code = code_on_the_phone(mine, sandbox, number)
    mine.context.clear_cookies(name=re.compile("portaria_attempt"))
    enter_code(mine, code)
    answer(mine)
    heading(mine, "This sign-in is no longer open")

    theirs.goto(mine.url)
    heading(theirs, "This sign-in is no longer open")
    theirs.goto(sandbox.url("app"))
    heading(theirs, WELCOME)


def test_scripts_are_not_needed_to_sign_in_nor_to_be_signed_out_here(
    new_browser: Callable[..., Page], sandbox: Sandbox, number: str
):
    page = new_browser(java_script_enabled=False)
    sign_in(page, sandbox, number)

    # Logto's own sign-out is a form that only a script submits, so its page stays blank.
    page.get_by_role("link", name="Sign out").click()
    page.wait_for_url(f"{sandbox.url('identity')}/oidc/session/end?*")
    page.goto(sandbox.url("app"))
    heading(page, WELCOME)


@pytest.mark.parametrize("viewport", PHONES, ids=["phone", "desktop"])
def test_nothing_is_cut_off_and_nothing_is_blocked(
    new_browser: Callable[..., Page], sandbox: Sandbox, viewport: dict[str, int]
):
    page = new_browser(viewport=viewport)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    for path in ("/", "/callback?code=a&state=b"):
        page.goto(f"{sandbox.url('app')}{path}")
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(overflow) == 0
        colour = page.locator(".button").first.evaluate("e => getComputedStyle(e).backgroundColor")
        assert colour == "rgb(15, 118, 110)"

    # Chromium itself notes the failure page's status; the policy must have nothing to say.
    assert [text for text in complaints if "Security Policy" in text] == []


def test_no_part_of_the_sandbox_says_a_code_or_a_number(page: Page, sandbox: Sandbox, number: str):
    sign_in(page, sandbox, number)
    code = re.findall(r"\d{6}", sandbox.messages(number)[0]["body"])[0]
    said = "".join(sandbox.said)

    assert code not in said
    assert number.removeprefix("+") not in said
