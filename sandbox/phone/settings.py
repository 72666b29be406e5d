"""The stand-in's settings: one account, its senders, and how fast messages travel."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_ACCOUNT_SID = "AC" + "0" * 31 + "1"
DEFAULT_AUTH_TOKEN = "portaria-local-token"
DEFAULT_MESSAGING_SERVICE_SID = "MG" + "0" * 31 + "1"
MAGIC_SENDER = "+15005550006"  # the one that Twilio's test credentials accept


def say_nothing(_: str) -> None:
    """Report nothing: what tests want."""


@dataclass(frozen=True, slots=True)
class PhoneSettings:
    """The account that may send.

    Every messaging service has all `numbers` in its pool; numbers without texts can only call.
    Texts go to `countries` (ISO 3166, two letters; None: all). Messaging services, their pools and
    the countries can be changed by the API. A segment of a text costs `segment_dollars`.
    `step_seconds` pass between two states of a message; the list shows one only `list_lag_seconds`
    after it was made, as Twilio's may. `report` gets one line for each event, without texts and
    full numbers.
    """

    account_sid: str = DEFAULT_ACCOUNT_SID
    auth_token: str = field(default=DEFAULT_AUTH_TOKEN, repr=False)
    messaging_service_sids: frozenset[str] = frozenset({DEFAULT_MESSAGING_SERVICE_SID})
    numbers: frozenset[str] = frozenset({MAGIC_SENDER})
    numbers_without_texts: frozenset[str] = frozenset()
    countries: frozenset[str] | None = None
    segment_dollars: float = 0.0
    step_seconds: float = 0.2
    list_lag_seconds: float = 0.0
    app_url: str = "http://localhost:8000"
    clock: Callable[[], float] = time.time
    report: Callable[[str], None] = say_nothing
