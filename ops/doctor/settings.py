"""Checks of settings, and of the application itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phonenumbers import is_valid_number
from phonenumbers import parse as parse_number

from chalicelib import __version__
from chalicelib.otp.phone_numbers import parse
from ops.doctor.check import Check, Result, failed, fine, warning
from ops.errors import OperatorError
from ops.errors.doctor.product import (
    APPLICATION_SILENT,
    COUNTRIES_OPEN,
    SETTINGS_CONTRADICT,
    SETTINGS_WRONG,
)
from ops.errors.test_numbers import TEST_NUMBERS_QUESTIONABLE
from ops.http_api import ApiError, call

if TYPE_CHECKING:
    from ops.doctor.context import Context


_PRODUCTION = {"prod", "production"}


def settings(context: Context) -> Result:
    """Whether every setting is there and valid."""
    try:
        found = context.settings
    except OperatorError as error:
        return failed(error.detail)
    return fine(f"stage {found.stage}")


def windows(context: Context) -> Result:
    """Whether settings that belong together fit together."""
    found = context.settings
    wrong = []
    if found.number_short_seconds >= found.number_long_seconds:
        wrong.append("NUMBER_SHORT_SECONDS is not shorter than NUMBER_LONG_SECONDS")
    if found.number_short_limit > found.number_long_limit:
        wrong.append("NUMBER_SHORT_LIMIT is over NUMBER_LONG_LIMIT")
    if found.session_idle_seconds > found.session_absolute_seconds:
        wrong.append("SESSION_IDLE_SECONDS is over SESSION_ABSOLUTE_SECONDS")
    if wrong:
        return warning(f"{'; '.join(wrong)}.")
    return fine("limits and sessions")


def countries(context: Context) -> Result:
    """Whether codes go to chosen countries only."""
    context.need_deployment()
    allowed = context.settings.allowed_countries
    if not allowed:
        return warning(
            "Codes go to every country: bots can have them sent to expensive numbers abroad."
        )
    return fine(" ".join(sorted(allowed.split())))


def test_numbers(context: Context) -> Result:
    """Whether test numbers are outside production, and get their codes."""
    found = context.settings
    numbers = [parse(each) for each in found.test_numbers.split()]
    if not numbers:
        return fine("none")
    count = f"{len(numbers)} test number{'s' if len(numbers) > 1 else ''}"
    doubts = []
    if found.stage.lower() in _PRODUCTION:
        doubts.append(f"{count} in production")
    unreal = sum(not is_valid_number(parse_number(number)) for number, _ in numbers)
    if unreal:
        doubts.append(f"{unreal} of {count} with an area code that Logto's pages refuse")
    abroad = {region for _, region in numbers}.difference(found.allowed_countries.split())
    if found.allowed_countries and abroad:
        doubts.append(f"{' '.join(sorted(abroad))} of {count} not in ALLOWED_COUNTRIES")
    if doubts:
        return warning(f"{'; '.join(doubts)}.")
    return fine(f"{count}, shown by `portaria test-code`")


def health(context: Context) -> Result:
    """Whether the application answers, and in which version."""
    url = f"{context.public_url}/health"
    try:
        answer = call("The application", "GET", url)
    except ApiError as error:
        return failed(f"{url}: {error.message}.")
    given = answer.body if isinstance(answer.body, dict) else {}
    version = given.get("version")
    if given.get("status") != "ok":
        return failed(f"{url} does not answer as the application does.")
    if version != __version__:
        return warning(f"Deployed is {version}, here is {__version__}.")
    return fine(f"{version} at {context.public_url}")


CHECKS = [
    Check("settings", SETTINGS_WRONG, settings),
    Check("settings fit together", SETTINGS_CONTRADICT, windows),
    Check("countries", COUNTRIES_OPEN, countries),
    Check("test numbers", TEST_NUMBERS_QUESTIONABLE, test_numbers),
    Check("application", APPLICATION_SILENT, health),
]
