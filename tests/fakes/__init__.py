"""Stand-ins that live in memory, keep the protocols' promises and remember what they were told."""

from tests.fakes.clock import Clock
from tests.fakes.ledger import FakeCounters, FakeLedger, FakeReceipts
from tests.fakes.sending import (
    FakeAuthorizationValues,
    FakeQueue,
    FakeSender,
    FakeTemplates,
)
from tests.fakes.sign_in import FakeProvider, FakeRecordStore, FakeUserSessions

__all__ = [
    "Clock",
    "FakeAuthorizationValues",
    "FakeCounters",
    "FakeLedger",
    "FakeProvider",
    "FakeQueue",
    "FakeReceipts",
    "FakeRecordStore",
    "FakeSender",
    "FakeTemplates",
    "FakeUserSessions",
]
