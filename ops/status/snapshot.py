"""What is known of a stage at one moment, and why the rest is not known."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ops.moments import utc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ops.status.figures import Figures
    from ops.twilio_resources import Money

OUTCOMES = ("Sent", "Refused", "Expired", "Superseded", "Unknown")


@dataclass(frozen=True, slots=True)
class Queue:
    """The OTP queue: messages that wait, and those that a worker has; the age of the oldest."""

    waiting: int
    in_flight: int
    oldest_seconds: float | None


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """How many, and how many for which reason; None where they may not be looked at."""

    count: int
    reasons: Mapping[str, int] | None


@dataclass(frozen=True, slots=True)
class Delivered:
    """Final receipts of some codes."""

    delivered: int
    undelivered: int

    @property
    def rate(self) -> float | None:
        """The share that was delivered, 0 to 1; None before the first receipt."""
        both = self.delivered + self.undelivered
        return self.delivered / both if both else None


@dataclass(frozen=True, slots=True)
class Headroom:
    """How much of a limit is used. `limit` is None where there is none."""

    name: str
    used: float
    limit: float | None
    is_estimate: bool = False


@dataclass(frozen=True, slots=True)
class Spend:
    """What this UTC day has cost so far.

    `twilio` is Twilio's own figure for all texts of the account, without carriers' fees. The
    dollars are estimates by the prices of docs/costs.md: for texts of one segment to the countries
    that have a price there, with the numbers of codes to the other countries in `unpriced`, and
    for AWS.
    """

    texts: int
    text_dollars: float
    unpriced: Mapping[str, int]
    aws_dollars: float
    twilio: Money | None = None
    balance: Money | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A stage at the time `at`. What is None is explained in `unknown`, by the part's name."""

    stage: str
    at: float
    queue: Queue | None
    dead_letters: DeadLetters | None
    figures: Figures | None
    headroom: Sequence[Headroom]
    spend: Spend | None
    unknown: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "stage": self.stage,
            "at": _moment(self.at),
            "queue": asdict(self.queue) if self.queue else None,
            "dead_letters": asdict(self.dead_letters) if self.dead_letters else None,
            **(_figures(self.figures) if self.figures else {}),
            "headroom": [asdict(each) for each in self.headroom],
            "spend_today": asdict(self.spend) if self.spend else None,
            "unknown": dict(self.unknown),
        }


def delivery(figures: Figures) -> Delivered:
    """Return what became of all codes."""
    return Delivered(figures.total("Delivered"), figures.total("Undelivered"))


def delivery_by(figures: Figures, dimension: str) -> dict[str, tuple[int, Delivered]]:
    """Return codes and delivery by country (`region`) or type (`usage_type`)."""
    accepted, delivered, undelivered = (
        figures.by(name, dimension) for name in ("Accepted", "Delivered", "Undelivered")
    )
    # Receipts of codes that were accepted earlier are there without them.
    names = dict.fromkeys([*accepted, *delivered, *undelivered])
    return {
        name: (accepted.get(name, 0), Delivered(delivered.get(name, 0), undelivered.get(name, 0)))
        for name in names
    }


def conversion(figures: Figures) -> float | None:
    """Return the share of begun sign-ins that were completed; None where none was begun."""
    begun = figures.total("SignInBegun")
    return figures.total("SignedIn") / begun if begun else None


def average_age(figures: Figures) -> float | None:
    """Return how old codes were when they were sent, in seconds; None where none was sent."""
    return figures.age_seconds / figures.ages if figures.ages else None


def _figures(figures: Figures) -> dict[str, Any]:
    return {
        "since": _moment(figures.since),
        "codes": {
            "accepted": figures.total("Accepted"),
            "accepted_by_hour": [round(each) for each in figures.hourly("Accepted")],
            **{name.lower(): figures.total(name) for name in OUTCOMES},
            "retried": figures.total("Retried"),
            "held_back": figures.by("Limited", "limit"),
            "refused_by_error_code": figures.by("Refused", "error_code"),
            "average_age_seconds": average_age(figures),
            "greatest_age_seconds": figures.oldest_seconds if figures.ages else None,
        },
        "delivery": {
            **_delivered(delivery(figures)),
            "undelivered_by_error_code": figures.by("Undelivered", "error_code"),
            "by_country": _by(figures, "region"),
            "by_type": _by(figures, "usage_type"),
        },
        "sign_ins": {
            "begun": figures.total("SignInBegun"),
            "signed_in": figures.total("SignedIn"),
            "conversion": conversion(figures),
        },
    }


def _by(figures: Figures, dimension: str) -> dict[str, Any]:
    return {
        name: {"accepted": accepted, **_delivered(found)}
        for name, (accepted, found) in delivery_by(figures, dimension).items()
    }


def _delivered(found: Delivered) -> dict[str, Any]:
    return {**asdict(found), "rate": found.rate}


def _moment(at: float) -> str:
    return utc(at).isoformat(timespec="seconds")
