"""Records that another version of the application wrote, while a deployment replaces it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.sealing import Seal
from chalicelib.sign_in import attempts
from chalicelib.sign_in import sessions as session
from chalicelib.sign_in.errors import AttemptUnknown
from chalicelib.sign_in.sealing import SealedContent, new_token

if TYPE_CHECKING:
    from tests.kit.fakes import FakeRecordStore
    from tests.kit.sign_in import Browser

IN_ATTEMPTS = ["state", "nonce", "storage"]
IN_SESSIONS = ["claims", "storage", "created_at", "seen_at"]


def rewrite(store: FakeRecordStore, seal: Seal, token: str, changes: Any) -> None:
    """Write a record as another version would: with these fields, without those that are None."""
    record = store.records[seal.record_id(token)]
    changed = changes
    if isinstance(changes, dict):
        content = json.loads(seal.unseal(token, record.sealed)) | changes
        kept = {name: value for name, value in content.items() if value is not None}
        changed = json.dumps(kept).encode()
    store.records[record.id] = replace(record, sealed=seal.seal(token, changed))


def rewrite_attempt(browser: Browser, store: FakeRecordStore, changes: Any) -> None:
    (cookie,) = browser.cookies.values()
    rewrite(store, attempts.SEAL, cookie.partition(".")[2], changes)


def rewrite_session(browser: Browser, store: FakeRecordStore, changes: Any) -> None:
    rewrite(store, session.SEAL, browser.cookies["portaria_session"], changes)


def unreadable(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str]]:
    """Return the lines about records that could not be read."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [
        (line["record"], line["field"])
        for line in lines
        if line.get("message") == "record_unreadable"
    ]


@pytest.mark.parametrize(
    "changes",
    [{"unknown": {"a": [1]}}, {"return_to": None}, {"return_to": 7}],
    ids=["a newer version's", "an older version's", "one that changed its mind"],
)
def test_a_sign_in_under_way_outlives_a_deployment(
    browser: Browser, store: FakeRecordStore, changes: dict[str, Any]
):
    state = browser.begin()
    rewrite_attempt(browser, store, changes)

    assert browser.come_back(state=state, code="code").location == "/"
    assert browser.user == "user-1"


@pytest.mark.parametrize(
    "changes",
    [{"unknown": {"a": [1]}}, {"refreshing_until": None}, {"checked_at": None}],
    ids=["a newer version's", "an older version's", "an even older version's"],
)
def test_a_session_outlives_a_deployment(
    browser: Browser, store: FakeRecordStore, changes: dict[str, Any]
):
    browser.sign_in_completely()
    rewrite_session(browser, store, changes)

    assert browser.user == "user-1"


@pytest.mark.parametrize("value", [None, 7.5], ids=["missing", "of another type"])
@pytest.mark.parametrize("name", IN_ATTEMPTS)
def test_an_attempt_that_lacks_something_is_none(
    browser: Browser,
    store: FakeRecordStore,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: float | None,
):
    state = browser.begin()
    rewrite_attempt(browser, store, {name: value})

    with pytest.raises(AttemptUnknown):
        browser.come_back(state=state, code="code")
    assert unreadable(capsys) == [("attempt", name)]


@pytest.mark.parametrize("value", [None, "text"], ids=["missing", "of another type"])
@pytest.mark.parametrize("name", IN_SESSIONS)
def test_a_session_that_lacks_something_is_none(
    browser: Browser,
    store: FakeRecordStore,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str | None,
):
    browser.sign_in_completely()
    rewrite_session(browser, store, {name: value})

    assert browser.user is None
    browser.leave()
    assert unreadable(capsys) == [("session", name)] * 2


@pytest.mark.parametrize("content", [b"[]", b"null", b'"text"', b"", b"\xff\x00", b"{"])
def test_what_is_no_object_is_no_session(browser: Browser, store: FakeRecordStore, content: bytes):
    browser.sign_in_completely()
    rewrite_session(browser, store, content)

    assert browser.user is None


@dataclass(frozen=True)
class Content:
    """Fields of the types that a later version may want."""

    optional: str | None = None
    optional_mapping: dict[str, Any] | None = None
    words: list[str] | None = None
    share: float = 0.0


@pytest.mark.parametrize("content", [Content("a", {"b": 1}, ["c"], 0.5), Content(share=1)])
def test_a_field_of_any_type_is_read_as_it_was_written(content: Content):
    kept, token = SealedContent(Seal("content"), Content), new_token()

    assert kept.open(token, kept.close(token, content)) == content
