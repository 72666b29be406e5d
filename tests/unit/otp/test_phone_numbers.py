"""Which numbers are one phone, and which are too dear to text."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from chalicelib.otp.phone_numbers import NotANumber, canonical, is_costly, parse, spellings

BRAZILIAN_AREAS = st.from_regex(r"[1-9]{2}", fullmatch=True)
BRAZILIAN_MOBILES = st.from_regex(r"[6-9][0-9]{7}", fullmatch=True)
BRAZILIAN_LANDLINES = st.from_regex(r"[2-5][0-9]{7}", fullmatch=True)
ARGENTINE_NUMBERS = st.from_regex(r"(11|2[0-9]{2}|3[0-9]{3})[0-9]{6,8}", fullmatch=True).filter(
    lambda number: len(number) == 10
)
NUMBERS = st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True)


@given(BRAZILIAN_AREAS, BRAZILIAN_MOBILES)
def test_a_brazilian_mobile_is_one_phone_with_and_without_its_ninth_digit(area: str, number: str):
    old, new = f"+55{area}{number}", f"+55{area}9{number}"

    assert canonical(old) == canonical(new) == new
    assert set(spellings(old)) == set(spellings(new)) == {old, new}


@given(BRAZILIAN_AREAS, BRAZILIAN_LANDLINES)
def test_a_brazilian_landline_is_no_mobile_of_the_same_digits(area: str, number: str):
    landline, mobile = f"+55{area}{number}", f"+55{area}9{number}"

    assert spellings(landline) == (landline,)
    assert spellings(mobile) == (mobile,)


@given(ARGENTINE_NUMBERS)
def test_an_argentine_number_is_one_phone_with_and_without_its_nine(number: str):
    assert canonical(f"+54{number}") == canonical(f"+549{number}") == f"+549{number}"


@given(NUMBERS)
def test_the_name_of_a_phone_is_one_of_its_numbers_and_stays_the_same(number: str):
    name = canonical(number)

    assert canonical(name) == name
    assert number in spellings(number)
    assert all(canonical(each) == name for each in spellings(number))
    assert name == number or number.startswith(("+54", "+55"))


@pytest.mark.parametrize(
    ("digits", "recipient"),
    [
        ("5491123456789", "+5491123456789"),
        ("541123456789", "+541123456789"),
        ("54111523456789", "+5491123456789"),  # 15: the prefix for calls within the country
        ("54221151234567", "+5492211234567"),
        ("551187654321", "+551187654321"),
        ("5511987654321", "+5511987654321"),
    ],
)
def test_a_number_is_sent_to_as_it_was_spelled_unless_that_is_no_international_number(
    digits: str, recipient: str
):
    assert parse(digits)[0] == recipient


def test_a_mexican_number_has_one_spelling():
    assert parse("525512345678")[0] == "+525512345678"
    with pytest.raises(NotANumber):
        parse("5215512345678")  # the 1 before mobile numbers was given up in 2019


@pytest.mark.parametrize(
    "number",
    [
        "+870773111632",
        "+878101234567890",
        "+881612345678",
        "+88216551234",
        "+88299012345",
        "+883510012345678",
        "+979123456789",
        "+80812345678",
    ],
)
def test_satellites_and_worldwide_services_are_too_dear(number: str):
    assert is_costly(number)


@pytest.mark.parametrize("kind", [PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST])
def test_premium_rates_and_shared_costs_are_too_dear_wherever_they_are_known(kind: int):
    found = [
        number
        for region in phonenumbers.SUPPORTED_REGIONS
        if (number := phonenumbers.example_number_for_type(region, kind)) is not None
    ]

    assert len(found) > 50
    for number in found:
        assert is_costly(phonenumbers.format_number(number, PhoneNumberFormat.E164)), number


def test_no_countrys_mobile_numbers_are_too_dear():
    found = [
        number
        for region in phonenumbers.SUPPORTED_REGIONS
        if (number := phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE))
    ]

    assert len(found) > 200
    for number in found:
        assert not is_costly(phonenumbers.format_number(number, PhoneNumberFormat.E164)), number


@pytest.mark.parametrize(
    "number", ["+15550001001", "+15005550006", "+447700900123", "+551187654321"]
)
def test_a_number_that_the_library_does_not_know_is_somebodys_new_one(number: str):
    assert not is_costly(number)
