"""Stand-ins that live in memory, keep the protocols' promises and remember what they were told."""

from tests.kit.fakes.clock import Clock, RunningClock
from tests.kit.fakes.ledger import FakeCounters, FakeLedger, FakeReceipts
from tests.kit.fakes.sending import (
    FakeAuthorizationValues,
    FakeQueue,
    FakeSealedCodes,
    FakeSender,
    FakeTemplates,
)
from tests.kit.fakes.sign_in import FakeProvider, FakeRecordStore, FakeUserSessions

__all__ = [
    "Clock",
    "FakeAuthorizationValues",
    "FakeCounters",
    "FakeLedger",
    "FakeProvider",
    "FakeQueue",
    "FakeReceipts",
    "FakeRecordStore",
    "FakeSealedCodes",
    "FakeSender",
    "FakeTemplates",
    "FakeUserSessions",
    "RunningClock",
]
