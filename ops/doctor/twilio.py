"""Checks of Twilio: credentials, the sender, where it may send, and its callbacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.doctor.check import Check, Result, failed, fine, warning
from ops.doctor.context import NotAsked
from ops.errors.doctor.twilio import (
    COUNTRIES_NOT_PERMITTED,
    MESSAGES_REDACTED,
    SENDER_WRONG,
    TOKEN_NOT_PRIMARY,
    TWILIO_ACCOUNT_REFUSED,
    TWILIO_TRIAL,
)
from ops.http_api import ApiError
from ops.parameters import TWILIO

if TYPE_CHECKING:
    from ops.doctor.context import Context
    from ops.twilio_resources import Account, Number


def credentials(context: Context) -> Result:
    """Whether Twilio knows the account and its token."""
    try:
        found = _account(context)
    except ApiError as error:
        return failed(f"{error.message} ({error.code}).", name=f"{context.prefix}/{TWILIO}")
    if found.status != "active":
        return failed(f"The account is {found.status}.", name=f"{context.prefix}/{TWILIO}")
    return fine("active")


def kind(context: Context) -> Result:
    """Whether the account may send to everybody."""
    if _account(context).kind == "Trial":
        return warning("A trial account sends to numbers that were verified by hand only.")
    return fine("a full account")


def sender(context: Context) -> Result:
    """Whether the sender is the account's and sends texts."""
    account = context.twilio_account
    if account.messaging_service_sid:
        known = {each.sid for each in context.twilio.services()}
        if account.messaging_service_sid not in known:
            return failed("The messaging service is none of the account's.")
        sid = account.messaging_service_sid
        numbers = context.twilio.senders(sid)
        able = any(each.sends_texts for each in numbers)
        if not able and context.twilio.names_and_short_codes(sid):
            return fine("a name or a short code to send from")
        return _able(numbers, "messaging service")
    if not (account.sender or "").startswith("+"):
        raise NotAsked("a name outside of a messaging service has no list to be looked up in")
    owned = {each.phone_number: each for each in context.twilio.numbers()}
    if account.sender not in owned:
        return failed("The sender is none of the account's numbers.")
    return _able([owned[account.sender]], "number")


def countries(context: Context) -> Result:
    """Whether texts may go to the countries that get codes."""
    allowed = context.settings.allowed_countries
    if not allowed:
        permitted = context.twilio.permitted_countries()
        return fine(f"{len(permitted)} permitted; ALLOWED_COUNTRIES names none")
    missing = context.twilio.refused_countries(allowed)
    if missing:
        return failed(f"Twilio does not send to {', '.join(missing)}.")
    return fine("all of ALLOWED_COUNTRIES")


def signature(context: Context) -> Result:
    """Whether our token signs callbacks: that is the primary one's part alone."""
    if not context.twilio_account.account_sid.startswith("AC"):
        return failed("An API key can't check the signatures of callbacks.")
    if not context.twilio.token_is_primary():
        return failed("Our token is not the account's primary Auth Token, which signs callbacks.")
    return fine("by the primary Auth Token")


def redaction(context: Context) -> Result:
    """Whether RECONCILE finds messages again: not where Twilio hides their texts."""
    if not context.settings.reconcile:
        return fine("RECONCILE is off")
    hidden = context.twilio.latest_is_redacted()
    if hidden is None:
        raise NotAsked("no message has been sent yet")
    if hidden:
        return failed("Twilio hides texts or numbers, so RECONCILE finds no message again.")
    return fine("the latest message can be read")


def _account(context: Context) -> Account:
    return context.once("twilio account", context.twilio.account)


def _able(numbers: list[Number], whose: str) -> Result:
    if not numbers:
        return failed(f"The {whose} has nothing to send from.")
    unable = [each for each in numbers if not each.sends_texts]
    if len(unable) == len(numbers):
        return failed(f"The {whose} sends no texts.")
    return fine(f"{len(numbers) - len(unable)} to send from")


CHECKS = [
    Check("Twilio", TWILIO_ACCOUNT_REFUSED, credentials),
    Check("Twilio's account", TWILIO_TRIAL, kind),
    Check("sender", SENDER_WRONG, sender),
    Check("country permissions", COUNTRIES_NOT_PERMITTED, countries),
    Check("callback signature", TOKEN_NOT_PRIMARY, signature),
    Check("message redaction", MESSAGES_REDACTED, redaction),
]
