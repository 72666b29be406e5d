"""Phone numbers: what Logto's digits mean, which are one phone, and which cost too much to text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import phonenumbers

if TYPE_CHECKING:
    from collections.abc import Iterable

_DIGITS = re.compile(r"\+?([0-9]{1,20})")
_OPTIONAL_NINE = (
    # Brazil's mobile numbers have had a ninth digit since 2016, a 9 in front of a number that
    # began with 6 to 9. Landlines begin with 2 to 5 and have no second spelling.
    re.compile(r"(\+55[1-9]{2})9?([6-9][0-9]{7})"),
    # Argentina's mobile numbers are called with a 9 before the area code from abroad, and no
    # landline has the digits of a mobile number.
    re.compile(r"(\+54)9?([1-3][0-9]{9})"),
)
_WORLDWIDE = "001"
_COSTLY_TYPES = {
    phonenumbers.PhoneNumberType.PREMIUM_RATE,
    phonenumbers.PhoneNumberType.SHARED_COST,
}


class NotANumber(ValueError):
    """Digits that can be nobody's phone number."""


def parse(digits: str) -> tuple[str, str]:
    """Return a number in E.164, with "+", and its region (see `OtpRequest`).

    Logto is only known to send digits without "+". A prefix for calls within the country, such as
    Argentina's 15, is no part of E.164 and left out. Raises NotANumber.
    """
    found = _DIGITS.fullmatch(digits)
    if found is None:
        raise NotANumber
    try:
        number = phonenumbers.parse(f"+{found[1]}")
    except phonenumbers.NumberParseException:
        raise NotANumber from None
    # "Possible", not "valid": the library's lists of issued ranges age, and a customer with
    # a new number is worth more than a refused message to an unused number.
    if not phonenumbers.is_possible_number(number):
        raise NotANumber
    # The first region of the calling code where the exact one can't be told (+1 555 …).
    region = phonenumbers.region_code_for_number(number) or (
        phonenumbers.region_code_for_country_code(number.country_code or 0)
    )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), region


def prepare(regions: Iterable[str]) -> None:
    """Load what is known of the numbers of these regions, which `parse` otherwise does."""
    for region in regions:
        example = phonenumbers.example_number(region)
        if example is not None:
            parse(f"{example.country_code}{example.national_number}")


def spellings(recipient: str) -> tuple[str, ...]:
    """Return all numbers, in E.164, that reach the same phone, the one in common use first.

    A number is sent to as Logto spelled it; whatever is counted for a phone must count all of its
    spellings as one, or each optional digit would double what may be sent there.
    """
    for pattern in _OPTIONAL_NINE:
        found = pattern.fullmatch(recipient)
        if found is not None:
            return f"{found[1]}9{found[2]}", f"{found[1]}{found[2]}"
    return (recipient,)


def canonical(recipient: str) -> str:
    """Return the one spelling that stands for a phone; never to be sent to."""
    return spellings(recipient)[0]


def is_costly(recipient: str) -> bool:
    """Whether a text to this number, in E.164, costs far more than one to a phone.

    Satellite phones, international networks and premium rates have calling codes of no country
    (+870, +881, +882, +883, +979 and the like): bots that pump SMS ask for them, because they
    share in the price. Within a country only what the library knows to be a premium-rate or
    shared-cost number is one: its lists age, and an unknown number is somebody's new one.
    """
    number = phonenumbers.parse(recipient)
    if phonenumbers.region_code_for_country_code(number.country_code or 0) == _WORLDWIDE:
        return True
    return phonenumbers.number_type(number) in _COSTLY_TYPES
