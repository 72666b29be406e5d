"""The phone's page in a real Chromium."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.kit.phone import RECIPIENT, running_twilio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from tests.kit.phone import Twilio

COUNT_ADDED = """list => {
  window.added = 0;
  const count = (changes) => changes.forEach((change) => added += change.addedNodes.length);
  new MutationObserver(count).observe(list, { childList: true });
}"""
NARROW, WIDE = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@pytest.fixture
def page(new_browser: Callable[..., Page]) -> Iterator[Page]:
    page = new_browser(timezone_id="UTC")
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text))
    yield page
    # Chromium itself reports that a server is gone.
    assert [problem for problem in problems if "net::ERR_CONNECTION" not in problem] == []


def test_a_message_appears_and_is_delivered_without_a_reload(page: Page, twilio: Twilio):
    page.goto(twilio.url)
    expect(page.get_by_text("No messages yet")).to_be_visible()
    page.evaluate("window.stayed = true")

    twilio.send("961615 is your code to sign in.")
    newest = page.get_by_role("listitem").first

    expect(newest.get_by_text("961615 is your code to sign in.")).to_be_visible()
    expect(newest.get_by_text("961615", exact=True)).to_be_visible()
    expect(newest.get_by_role("link", name=RECIPIENT)).to_be_visible()
    expect(newest.locator("time")).to_have_text(re.compile("8:00"))
    expect(newest.get_by_text("delivered", exact=True)).to_be_visible()
    expect(page.get_by_text("No messages yet")).not_to_be_visible()
    assert page.evaluate("window.stayed") is True


def test_new_messages_come_on_top_and_the_old_stay_where_they_are(page: Page, twilio: Twilio):
    twilio.send("first")
    page.goto(twilio.url)
    page.get_by_role("list").evaluate(COUNT_ADDED)

    twilio.send("second")
    twilio.send("third")

    expect(page.get_by_role("listitem")).to_have_text(
        [re.compile("third"), re.compile("second"), re.compile("first")]
    )
    assert page.evaluate("window.added") == 2


def test_a_code_can_be_copied(page: Page, twilio: Twilio):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    twilio.send("961615 is your code. 10 minutes.")
    page.goto(twilio.url)

    page.get_by_role("button", name="Copy").click()

    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "961615"


def test_a_number_leads_to_its_own_messages(page: Page, twilio: Twilio):
    twilio.send("mine")
    twilio.send("not mine", to="+15550001002")
    page.goto(twilio.url)

    page.get_by_role("link", name=RECIPIENT).click()

    expect(page).to_have_url(f"{twilio.url}/?to={quote(RECIPIENT)}")
    expect(page.get_by_role("heading", level=1)).to_have_text(RECIPIENT)
    expect(page.get_by_role("listitem")).to_have_count(1)
    twilio.send("not mine either", to="+15550001002")
    twilio.send("mine again")
    expect(page.get_by_role("listitem")).to_have_text(
        [re.compile("mine again"), re.compile("mine")]
    )

    page.get_by_role("link", name="All messages").click()
    expect(page.get_by_role("listitem")).to_have_count(4)


def test_a_text_is_shown_to_the_letter(page: Page, twilio: Twilio):
    text = "<b>bold</b> & <img src=x onerror=alert(1)>"
    page.goto(twilio.url)
    twilio.send(text)

    expect(page.get_by_text(text)).to_be_visible()


def test_without_javascript_the_page_shows_what_there_is(
    new_browser: Callable[..., Page], twilio: Twilio
):
    twilio.send("961615 is your code.")
    page = new_browser(java_script_enabled=False)
    page.goto(twilio.url)

    expect(page.get_by_text("961615", exact=True)).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)


def test_the_page_says_that_the_sandbox_has_stopped(page: Page):
    with running_twilio() as twilio:
        page.goto(twilio.url)
        expect(page.get_by_role("status")).to_be_empty()

    expect(page.get_by_role("status")).to_have_text("The sandbox does not answer. Waiting for it…")


@pytest.mark.parametrize("viewport", [NARROW, WIDE], ids=["narrow", "wide"])
def test_the_page_fits_the_screen(page: Page, twilio: Twilio, viewport: dict[str, int]):
    twilio.send("961615 is your code. " + "A_long_word_" * 20)
    page.set_viewport_size({"width": viewport["width"], "height": viewport["height"]})
    page.goto(twilio.url)
    expect(page.get_by_role("listitem")).to_have_count(1)

    assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
    phone = page.locator(".phone").bounding_box()
    assert phone is not None
    assert (phone["width"] == viewport["width"]) == (viewport is NARROW)
