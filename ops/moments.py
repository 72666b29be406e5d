"""Moments as commands show them, all in UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def utc(at: float) -> datetime:
    """Return the moment so many seconds after the epoch."""
    return datetime.fromtimestamp(at, UTC)


def to_the_minute(moment: datetime) -> str:
    """Return a date and a time, e.g. "2026-11-25 08:05 UTC"."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def to_the_millisecond(moment: datetime) -> str:
    """Return a time of a day, e.g. "08:05:35.123"."""
    return moment.time().isoformat("milliseconds")
