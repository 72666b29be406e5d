from __future__ import annotations

import pytest

from chalicelib.sign_in.errors import SignInRefused, StoreUnavailable
from chalicelib.sign_in.store import Record
from tests.kit.fakes import Clock, FakeProvider, FakeRecordStore
from tests.kit.sign_in import REVALIDATE_SECONDS, Browser


class LateStore(FakeRecordStore):
    """Tells of a save only when another request has written, too: as lost, like a repetition."""

    late: int = 0

    def save(self, record: Record) -> bool:
        saved = super().save(record)
        if self.calls.count("save") != self.late:
            return saved
        super().save(self.records[record.id])
        return False


@pytest.fixture
def store() -> LateStore:
    return LateStore()


def test_who_refreshed_stays_signed_in_although_another_request_wrote_next(
    browser: Browser, store: LateStore, provider: FakeProvider, clock: Clock
):
    browser.sign_in_completely()
    clock.advance(REVALIDATE_SECONDS)
    store.late = store.calls.count("save") + 2  # after the right to refresh

    assert browser.user == "user-1"
    assert browser.user == "user-1"
    assert provider.refreshed == ["refresh"]


def test_a_user_who_is_refused_sees_no_page_where_the_session_can_not_be_ended(
    browser: Browser, store: LateStore, provider: FakeProvider, clock: Clock
):
    browser.sign_in_completely()
    clock.advance(REVALIDATE_SECONDS)
    provider.failing = SignInRefused("invalid_grant")
    store.failing = {"take"}

    with pytest.raises(StoreUnavailable):
        _ = browser.user
