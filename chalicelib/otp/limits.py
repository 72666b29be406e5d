"""How many codes may go out: to a number, for a client, to a country and altogether.

A code costs money, and in SMS pumping an attacker gets a share of it: bots request codes for
numbers that pay their owner. The number's limit protects a phone from being flooded; those of the
country and of everything are the cap on what an attack with many numbers can cost. The
client's address is forgeable (Logto takes it from X-Forwarded-For), so that its limit only
slows down those who don't forge it.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Protocol

from chalicelib import log
from chalicelib.otp.errors import HeldBack, LedgerUnavailable, Limit
from chalicelib.otp.phone_numbers import is_costly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from chalicelib.otp.ledger_keys import LedgerKeys
    from chalicelib.otp.request import OtpRequest
    from chalicelib.settings import Settings

HOUR_SECONDS = 3600
PATIENCE_SECONDS = 4  # Logto's page gives up after 10 s, and API Gateway after 29 s
CLIENT_PREFIX_LENGTH = 64  # what one IPv6 client has to itself


@dataclass(frozen=True, slots=True)
class Window:
    """At most `limit` codes in any `seconds`; `name` is what holds back the next one."""

    name: Limit
    limit: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Tally:
    """A count of the codes in one clock hour, which begins at `hour` (seconds since the epoch)."""

    id: str
    limit: int
    hour: int


class RefusedNumbers(Protocol):
    """Numbers that Twilio refused for good: for a while, it is not asked again.

    The mark stands where the number's codes are counted, so that looking for it costs no call.
    """

    def remember(self, recipient_hash: str, code: int, now: int) -> None:
        """Hold codes for this recipient back for a while, from `now` on.

        `recipient_hash` is the ledger's name for the recipient, `code` Twilio's error code.
        Raises LedgerUnavailable.
        """


class Counters(RefusedNumbers, Protocol):
    """Where codes are counted, atomically. Each method raises LedgerUnavailable."""

    def take_number(self, recipient_hash: str, windows: Sequence[Window], now: int) -> Limit | None:
        """Count a code to a number in one step; returns what holds it back instead.

        That is a full window, or the mark that `RefusedNumbers` left. Then nothing is counted.
        """

    def give_back_number(self, recipient_hash: str, windows: Sequence[Window], now: int) -> None:
        """Forget the latest code to a number where it was counted at `now`."""

    def take(self, tally: Tally) -> bool:
        """Count one more; False where the tally is full, and then nothing is counted."""

    def give_back(self, tally: Tally) -> None:
        """Count one less."""


@dataclass(frozen=True, slots=True)
class LimitPolicy:
    """What is allowed. An hourly limit of 0 is none."""

    number: tuple[Window, ...]
    per_ip: int
    per_country: int
    overall: int
    allowed_countries: frozenset[str] = frozenset()
    """ISO 3166-1 alpha-2; none means all."""
    costly_numbers: bool = False
    """Whether satellite phones, premium rates and the like get codes."""
    fail_open: bool = True
    """Whether codes go out when the counters can't be reached."""

    @classmethod
    def from_settings(cls, settings: Settings) -> LimitPolicy:
        """Return what a deployment's settings allow."""
        return cls(
            number=(
                Window(
                    Limit.NUMBER_SHORT, settings.number_short_limit, settings.number_short_seconds
                ),
                Window(Limit.NUMBER_LONG, settings.number_long_limit, settings.number_long_seconds),
            ),
            per_ip=settings.ip_hourly_limit,
            per_country=settings.country_hourly_limit,
            overall=settings.overall_hourly_limit,
            allowed_countries=frozenset(settings.allowed_countries.split()),
            costly_numbers=settings.costly_numbers,
            fail_open=settings.limits_fail_open,
        )


@dataclass(frozen=True, slots=True)
class Limits:
    """Lets codes through to the queue, or holds them back."""

    counters: Counters
    keys: Callable[[], LedgerKeys]
    policy: LimitPolicy
    clock: Callable[[], float]

    def admit(self, request: OtpRequest) -> None:
        """Count a request.

        Raises HeldBack, and then it is counted nowhere; and LedgerUnavailable where the counters
        can't be reached and the policy is not to fail open. What was admitted stays counted when
        the queue fails: its answer may have been lost after it took the code.
        """
        if request.is_connector_test:
            return
        try:
            limit = self._limit_reached_by(request)
        except LedgerUnavailable as error:
            log.failure("limits_unavailable", error, fail_open=self.policy.fail_open)
            log.count("LimitsUnavailable", usage_type=request.usage_type, region=request.region)
            if self.policy.fail_open:
                return
            raise
        if limit is not None:
            fields = {"usage_type": request.usage_type, "region": request.region}
            log.warning("code_held_back", limit=limit.value, **fields)
            log.count("Limited", limit=limit.value, **fields)
            raise HeldBack(limit)

    def _limit_reached_by(self, request: OtpRequest) -> Limit | None:
        allowed = self.policy.allowed_countries
        if allowed and request.region not in allowed:
            return Limit.COUNTRY_NOT_ALLOWED
        if not self.policy.costly_numbers and is_costly(request.recipient):
            return Limit.NUMBER_COSTLY
        # The number comes first: a flood of one number ends at its own item and reaches none
        # that others share. What a later limit refuses is given back to those before, so that
        # a visitor who keeps trying while a country is full has not used up the number. Where the
        # table fails midway, what is counted stays counted.
        # A second spelling of a phone's number counts for the phone as well; only its own item may
        # be marked as refused for it, or a request with a spelling that Twilio does not take would
        # lock the phone's owner out.
        keys, now, windows = self.keys(), int(self.clock()), self.policy.number
        taken: list[Callable[[], None]] = []
        for number in dict.fromkeys((request.recipient, request.phone)):
            recipient = keys.recipient(number)
            limit = self.counters.take_number(recipient, windows, now)
            if limit is not None:
                _give_back(taken)
                return limit
            taken.append(partial(self.counters.give_back_number, recipient, windows, now))
        for limit, tally in self._tallies(request, keys, now):
            if self.clock() - now > PATIENCE_SECONDS:
                raise LedgerUnavailable("too slow")
            if not self.counters.take(tally):
                _give_back(taken)
                return limit
            taken.append(partial(self.counters.give_back, tally))
        return None

    def _tallies(
        self, request: OtpRequest, keys: LedgerKeys, now: int
    ) -> Iterator[tuple[Limit, Tally]]:
        hour = now - now % HOUR_SECONDS
        client = client_of(request.ip)
        if client is not None and self.policy.per_ip:
            digest = hmac.digest(keys.key, f"ip\0{client}".encode(), hashlib.sha256).hex()
            yield Limit.IP, Tally(f"ip#{digest}", self.policy.per_ip, hour)
        if self.policy.per_country:
            tally = Tally(f"country#{request.region}", self.policy.per_country, hour)
            yield Limit.COUNTRY, tally
        if self.policy.overall:
            yield Limit.OVERALL, Tally("overall", self.policy.overall, hour)


def client_of(ip: str | None) -> str | None:
    """Return the network that one client has: an IPv4 address, or an IPv6 /64.

    None for what is no address; a client that forges one could as well forge a good one.
    """
    try:
        address = ip_address((ip or "").strip())
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ip_network((int(address), CLIENT_PREFIX_LENGTH), strict=False))
    return str(address)


def _give_back(taken: Iterable[Callable[[], None]]) -> None:
    for give_back in taken:
        try:
            give_back()
        except LedgerUnavailable as error:
            # The visitor has one code less until the window ends; the answer is the same.
            log.failure("limit_not_given_back", error)
