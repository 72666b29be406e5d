"""The account as its owner sets it up: numbers, messaging services, and where texts may go.

Sources: https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource,
https://www.twilio.com/docs/messaging/api/service-resource,
https://www.twilio.com/docs/messaging/api/phonenumber-resource and
https://www.twilio.com/docs/messaging/api/alphasender-resource.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import RLock
from typing import TYPE_CHECKING, Any

import phonenumbers

from sandbox.phone.errors import Refusal

if TYPE_CHECKING:
    from sandbox.phone.settings import PhoneSettings

BEGINNING = datetime(
    2026, 1, 1, tzinfo=UTC
).timestamp()  # when what is there from the start was made
COUNTRIES: frozenset[str] = frozenset(phonenumbers.SUPPORTED_REGIONS)
# Texts to the first may be allowed in Twilio's Console only, to the others not at all.
# Source: https://www.twilio.com/docs/api/errors/30649
NOT_BY_API = frozenset(
    {"BD", "IL", "NG", "PK", "PS", "LK", "AZ", "TJ", "OM", "TN", "DZ"} | {"IR", "SY", "CU"}
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the account."""

    sid: str
    phone_number: str
    sends_texts: bool

    @property
    def capabilities(self) -> dict[str, bool]:
        """What it can do, as the list of numbers says it."""
        texts = self.sends_texts
        return {"fax": False, "mms": texts, "sms": texts, "voice": True}


@dataclass(slots=True)
class Service:
    """A messaging service, the SIDs of the numbers in its pool, and a name as sender, if any."""

    sid: str
    friendly_name: str
    created_at: float
    usecase: str = "undeclared"
    pool: list[str] = field(default_factory=list)
    alpha_sender: str | None = None


class Account:
    """The account's set-up; safe to use from many threads."""

    def __init__(self, settings: PhoneSettings) -> None:
        self._lock = RLock()
        self._clock = settings.clock
        without = settings.numbers_without_texts
        self._numbers = {
            number.sid: number
            for number in (
                Number(_number_sid(each), each, each not in without)
                for each in sorted(settings.numbers | without)
            )
        }
        pool = [each.sid for each in self._numbers.values() if each.sends_texts]
        self._services = {
            sid: Service(sid, "Portaria", BEGINNING, pool=[*pool])
            for sid in sorted(settings.messaging_service_sids)
        }
        self._allowed = set(COUNTRIES if settings.countries is None else settings.countries)

    def numbers(self) -> list[Number]:
        """Return all numbers."""
        return list(self._numbers.values())

    def services(self) -> list[Service]:
        """Return all messaging services."""
        with self._lock:
            return list(self._services.values())

    def service(self, sid: str) -> Service | None:
        """Return a messaging service."""
        with self._lock:
            return self._services.get(sid)

    def create_service(self, friendly_name: str, usecase: str) -> Service:
        """Make a messaging service, whose pool is empty."""
        sid = f"MG{secrets.token_hex(16)}"
        with self._lock:
            created = Service(sid, friendly_name, self._clock(), usecase)
            self._services[sid] = created
            return created

    def pool(self, service: Service) -> list[Number]:
        """Return the numbers that a service sends from."""
        with self._lock:
            return [self._numbers[sid] for sid in service.pool]

    def add_to_pool(self, service: Service, number_sid: str) -> Number:
        """Let a service send from a number, or raise Refusal: a number is in one pool at most."""
        number = self._numbers.get(number_sid)
        if number is None:
            raise Refusal(21421, number_sid)
        if not number.sends_texts:
            raise Refusal(21715)
        with self._lock:
            if number_sid in service.pool:
                raise Refusal(21710)
            if any(number_sid in each.pool for each in self._services.values()):
                raise Refusal(21712)
            service.pool.append(number_sid)
        return number

    def can_text_from(self, phone_number: str) -> bool:
        """Whether the account has this number and it sends texts."""
        number = self._numbers.get(_number_sid(phone_number))
        return number is not None and number.sends_texts

    def may_text_to(self, phone_number: str) -> bool:
        """Whether the geographic permissions allow a text to a number, by its country code."""
        try:
            number = phonenumbers.parse(phone_number)
        except phonenumbers.NumberParseException:
            return True
        country = phonenumbers.region_code_for_number(number)
        if country is None:
            country = phonenumbers.region_code_for_country_code(number.country_code or 0)
        with self._lock:
            return country not in COUNTRIES or country in self._allowed

    def allows(self, country: str) -> bool:
        """Whether texts may go to a country (ISO 3166, two letters)."""
        with self._lock:
            return country in self._allowed

    def allow(self, country: str, *, enabled: bool) -> bool:
        """Allow texts to a country or stop them; False where the API can't change that."""
        if country not in COUNTRIES or country in NOT_BY_API:
            return False
        with self._lock:
            (self._allowed.add if enabled else self._allowed.discard)(country)
        return True

    def any_sender(self, service_sid: str | None) -> str:
        """Return the number that a service would choose; with none it is any of the account's."""
        service = self.service(service_sid or "")
        numbers = self.pool(service) if service else self.numbers()
        return min(each.phone_number for each in numbers if each.sends_texts)


def as_service(service: Service, account_sid: str, url: str) -> dict[str, Any]:
    """Return a messaging service as the API shows it; times are in ISO 8601."""
    return {
        "sid": service.sid,
        "account_sid": account_sid,
        "friendly_name": service.friendly_name,
        "usecase": service.usecase,
        "status_callback": None,
        "inbound_request_url": None,
        "inbound_method": "POST",
        "fallback_url": None,
        "fallback_method": "POST",
        "sticky_sender": True,
        "smart_encoding": True,
        "mms_converter": True,
        "fallback_to_long_code": True,
        "scan_message_content": "inherit",
        "area_code_geomatch": True,
        "validity_period": 36000,
        "synchronous_validation": False,
        "us_app_to_person_registered": False,
        "use_inbound_webhook_on_number": False,
        "url": url,
        "links": {"phone_numbers": f"{url}/PhoneNumbers"},
    }


def country_of(phone_number: str) -> str | None:
    """Return the country of a number."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(phone_number))
    except phonenumbers.NumberParseException:
        return None


def _number_sid(phone_number: str) -> str:
    return f"PN{phone_number.removeprefix('+'):0>32}"
