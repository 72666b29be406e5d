"""The phone's page in a real Chromium."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests
from playwright.sync_api import expect

from sandbox.phone import PhoneSettings, create_app
from sandbox.server import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

SETTINGS = PhoneSettings(step_seconds=0.01)
HOSTILE = "<script>document.title='run'</script> & 123456 is your code"


@pytest.fixture
def phone() -> Iterator[str]:
    with running(lambda _: create_app(SETTINGS)) as url:
        yield url


def send(url: str, body: str, to: str = "+15550001001") -> None:
    requests.post(
        f"{url}/2010-04-01/Accounts/{SETTINGS.account_sid}/Messages.json",
        {
            "To": to,
            "Body": body,
            "MessagingServiceSid": next(iter(SETTINGS.messaging_service_sids)),
        },
        auth=(SETTINGS.account_sid, SETTINGS.auth_token),
        timeout=30,
    ).raise_for_status()


def test_a_message_appears_by_itself_newest_first(new_browser: Callable[..., Page], phone: str):
    page = new_browser()
    page.goto(phone)
    expect(page.get_by_text("No messages yet.")).to_be_visible()

    send(phone, "first 111111")
    expect(page.get_by_text("first")).to_be_visible()
    expect(page.get_by_text("No messages yet.")).not_to_be_visible()
    send(phone, "second 222222")
    expect(page.get_by_role("listitem").first).to_contain_text("second 222222")
    expect(page.get_by_role("listitem")).to_have_count(2)
    expect(page.get_by_text("delivered")).to_have_count(2)


def test_what_a_message_says_is_shown_and_not_run(new_browser: Callable[..., Page], phone: str):
    send(phone, HOSTILE)
    page = new_browser()
    page.goto(phone)

    expect(page.get_by_text(HOSTILE)).to_be_visible()
    expect(page.locator("strong")).to_have_text("123456")
    expect(page).to_have_title("Messages · sandbox phone")


def test_without_scripts_the_page_shows_what_there_is(new_browser: Callable[..., Page], phone: str):
    send(phone, HOSTILE)
    page = new_browser(java_script_enabled=False)
    page.goto(phone)

    expect(page.get_by_text(HOSTILE)).to_be_visible()


def test_one_numbers_messages_can_be_seen_alone(new_browser: Callable[..., Page], phone: str):
    send(phone, "mine", "+15550001001")
    send(phone, "another's", "+15550009999")
    page = new_browser()
    page.goto(f"{phone}/?to=%2B15550001001")

    expect(page.get_by_role("listitem")).to_have_count(1)
    expect(page.get_by_text("mine")).to_be_visible()
