"""Twilio's message list: what it can be asked for, and its pages.

Sources: https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources
and https://www.twilio.com/docs/usage/twilios-response#pagination.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sandbox.phone.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sandbox.phone.messages import Message

DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE = 50, 1000
_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)
_ALWAYS, _NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which messages are asked for, from `since` until before `until`."""

    to: str | None
    sender: str | None
    since: datetime
    until: datetime

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Filter:
        """Read a query with To, From, DateSent, `DateSent<` and `DateSent>`, or raise Refusal.

        The SDK writes `DateSent<=…`, hence a parameter that is named `DateSent<`: both limits
        belong to the period. A date stands for the whole day in UTC.
        """
        since, until = _ALWAYS, _NEVER
        if query.get("DateSent"):
            moment, _ = _read_date("DateSent", query["DateSent"])
            since = moment.replace(hour=0, minute=0, second=0)
            until = since + _DAY
        if query.get("DateSent>"):
            since, _ = _read_date("DateSent>", query["DateSent>"])
        if query.get("DateSent<"):
            moment, length = _read_date("DateSent<", query["DateSent<"])
            until = moment + length
        return cls(query.get("To") or None, query.get("From") or None, since, until)

    def wants(self, message: Message) -> bool:
        """Whether a message is asked for. One that waits to be sent goes by its creation."""
        moment = datetime.fromtimestamp(message.sent_at or message.created_at, UTC)
        return (
            self.to in {None, message.to}
            and self.sender in {None, message.sender}
            and self.since <= moment.replace(microsecond=0) < self.until
        )


def page(found: Sequence[Message], path: str, query: Mapping[str, str]) -> dict[str, Any]:
    """Return the page of `found` that a query asks for by PageSize, Page and PageToken.

    A token is the last message of the page before: a message that arrives while somebody turns
    the pages does not make them meet another one twice.
    """
    size = max(1, min(_whole(query, "PageSize", DEFAULT_PAGE_SIZE), MAX_PAGE_SIZE))
    number = _whole(query, "Page", 0)
    start = number * size
    if token := query.get("PageToken"):
        start = next((i + 1 for i, message in enumerate(found) if message.sid == token), start)
    shown = found[start : start + size]

    def uri(page_number: int, token: str | None = None) -> str:
        asked = {name: value for name, value in query.items() if name != "PageToken"}
        asked |= {"PageSize": str(size), "Page": str(page_number)}
        return f"{path}?{urlencode(asked | ({'PageToken': token} if token else {}))}"

    more = len(found) > start + size
    return {
        "messages": [message.as_resource() for message in shown],
        "page": number,
        "page_size": size,
        "start": start,
        "end": max(start + len(shown) - 1, 0),
        "uri": uri(number, token),
        "first_page_uri": uri(0),
        "previous_page_uri": uri(number - 1) if number else None,
        "next_page_uri": uri(number + 1, shown[-1].sid) if more else None,
    }


def _read_date(name: str, text: str) -> tuple[datetime, timedelta]:
    """Read YYYY-MM-DD or a moment in ISO 8601, and how long it lasts."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(20001, name) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC), _DAY if len(text) == len("YYYY-MM-DD") else _SECOND


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit()):
        raise Refusal(20001, name)
    return int(text)
