"""Checks of settings, secrets, texts, and of the application itself."""

from __future__ import annotations

import base64
import re
import secrets
from functools import partial
from typing import TYPE_CHECKING

from chalicelib import __version__
from chalicelib.otp.errors import SenderMisconfigured
from chalicelib.otp.texts import MINUTES, TemplateProblem, placeholders, problems
from ops.doctor.check import Change, Check, Result, failed, fine, warning
from ops.doctor.context import MANAGEMENT, NOT_IN_THE_SANDBOX, NotAsked
from ops.errors import OperatorError
from ops.errors.doctor.product import (
    APPLICATION_SILENT,
    AUTHORIZATION_MALFORMED,
    COUNTRIES_OPEN,
    LANGUAGES_INCOMPLETE,
    LEDGER_KEY_WRONG,
    MANAGEMENT_UNREADABLE,
    PLACEHOLDERS_UNKNOWN,
    SECRETS_IN_CLEAR,
    SECRETS_MISSING,
    SETTINGS_CONTRADICT,
    SETTINGS_WRONG,
    TEXTS_LONG,
    TEXTS_MISSING,
    TEXTS_TIMELESS,
    TEXTS_USELESS,
    TWILIO_UNREADABLE,
)
from ops.http_api import ApiError, call
from ops.logto import Credential
from ops.parameters import default_templates, generated_secrets, put_missing

if TYPE_CHECKING:
    from ops.doctor.context import Context

USAGE_TYPES = ("Register", "SignIn", "ForgotPassword", "Generic")
SECRETS = ("logto/app-secret", "otp/authorization", "ledger-key", "twilio")
_AUTHORIZATION = re.compile(r"Bearer [A-Za-z0-9._~+/-]+=*", re.ASCII)  # RFC 6750, section 2.1
_LEAST_AUTHORIZATION = 24  # characters after "Bearer ": 128 bits and more
_LEAST_KEY_BYTES = 32


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
    if context.stage.is_local:
        raise NotAsked(NOT_IN_THE_SANDBOX)
    allowed = context.settings.allowed_countries
    if not allowed:
        return warning(
            "Codes go to every country: bots can have them sent to expensive numbers abroad."
        )
    return fine(" ".join(sorted(allowed.split())))


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


def present(context: Context) -> Result:
    """Whether every secret is in SSM."""
    missing = [name for name in SECRETS if name not in context.parameters]
    if missing:
        path = f"{context.prefix}/{missing[0]}"
        return failed(f"Not in SSM: {', '.join(missing)}.", name=path)
    return fine(f"{len(SECRETS)} under {context.prefix}")


def fix_present(context: Context) -> list[Change]:
    """Make the missing secrets that can be chosen; Logto's and Twilio's can't."""
    values = generated_secrets(secrets.token_bytes)
    return _additions(context, values, "a new random value")


def encrypted(context: Context) -> Result:
    """Whether secrets are encrypted."""
    clear = [
        name
        for name in (*SECRETS, MANAGEMENT)
        if name in context.parameters and context.parameters[name].kind != "SecureString"
    ]
    if clear:
        return failed(f"In clear in SSM: {', '.join(clear)}.", name=f"{context.prefix}/{clear[0]}")
    return fine("SecureStrings")


def authorization(context: Context) -> Result:
    """Whether the connector's secret has the form of a Bearer token, and is long enough."""
    value = context.secret("otp/authorization")
    if not _AUTHORIZATION.fullmatch(value):
        return failed('otp/authorization is not "Bearer " and a token.')
    if len(value) < len("Bearer ") + _LEAST_AUTHORIZATION:
        return warning("otp/authorization is so short that it could be guessed.")
    return fine("Bearer …")


def ledger_key(context: Context) -> Result:
    """Whether the ledger's key is base64 of 32 bytes."""
    try:
        size = len(base64.b64decode(context.secret("ledger-key"), validate=True))
    except ValueError:
        return failed("ledger-key is no base64.")
    if size < _LEAST_KEY_BYTES:
        return failed(f"ledger-key has {size} bytes instead of {_LEAST_KEY_BYTES}.")
    return fine(f"{size} bytes")


def twilio_json(context: Context) -> Result:
    """Whether the parameter `twilio` can be read."""
    try:
        context.read_twilio_account()
    except SenderMisconfigured as error:
        return failed(f"{error}.", name=f"{context.prefix}/twilio")
    return fine("account, token and sender")


def management_json(context: Context) -> Result:
    """Whether the parameter `logto/management` can be read, where there is one."""
    try:
        Credential.from_json(context.secret(MANAGEMENT))
    except ValueError as error:
        return failed(f"{MANAGEMENT} is {error}.", name=f"{context.prefix}/{MANAGEMENT}")
    return fine("id, secret and resource")


def types(context: Context) -> Result:
    """Whether every usage type of Logto has a text in the default language."""
    missing = [each for each in USAGE_TYPES if each not in context.texts]
    if missing:
        return failed(f"No text for {', '.join(missing)}.")
    return fine(", ".join(USAGE_TYPES))


def fix_types(context: Context) -> list[Change]:
    """Put the default texts that are missing, in the default language."""
    wanted = {name: text for name, text in default_templates().items() if name.count("/") == 1}
    return _additions(context, wanted)


def codes_in_texts(context: Context) -> Result:
    """Whether every text has a code in it, and is not too long for Twilio."""
    useless = [
        name
        for name, text in _texts(context).items()
        for each in problems(text)
        if each.makes_useless
    ]
    if useless:
        return failed(f"Nobody can sign in with: {', '.join(useless)}.")
    return fine(f"{len(context.texts)} texts")


def placeholders_in_texts(context: Context) -> Result:
    """Whether every placeholder is known."""
    return _texts_with(TemplateProblem.UNKNOWN_PLACEHOLDER, "Unknown placeholders in", context)


def segments(context: Context) -> Result:
    """Whether every text is one SMS."""
    return _texts_with(TemplateProblem.SEGMENTS, "More than one SMS each:", context)


def minutes(context: Context) -> Result:
    """Whether every text says how long its code lives."""
    silent = [name for name, text in _texts(context).items() if MINUTES not in placeholders(text)]
    if silent:
        return warning(f"Without {{{{{MINUTES}}}}}: {', '.join(silent)}.")
    return fine("every text says it")


def languages(context: Context) -> Result:
    """Whether every usage type is there in every language that one of them is in."""
    texts = set(_texts(context))
    locales = {name.partition("/")[2] for name in texts if "/" in name}
    missing = [
        f"{usage}/{locale}"
        for usage in USAGE_TYPES
        for locale in sorted(locales)
        if f"{usage}/{locale}" not in texts
    ]
    if missing:
        return warning(f"Missing: {', '.join(missing)}.")
    return fine(", ".join(["the default one", *sorted(locales)]))


def fix_languages(context: Context) -> list[Change]:
    """Put the default texts that are missing, in all languages that the product speaks."""
    return _additions(context, default_templates())


def _texts(context: Context) -> dict[str, str]:
    texts = dict(context.texts)
    if not texts:
        raise NotAsked("there is no text")
    return texts


def _texts_with(problem: TemplateProblem, said: str, context: Context) -> Result:
    found = [name for name, text in _texts(context).items() if problem in problems(text)]
    if found:
        return warning(f"{said} {', '.join(found)}.")
    return fine(f"{len(context.texts)} texts")


def _additions(context: Context, values: dict[str, str], shown: str = "") -> list[Change]:
    ssm, prefix = context.client("ssm"), context.prefix
    return [
        Change(
            f"{prefix}/{name}",
            "missing",
            shown or value,
            partial(put_missing, ssm, prefix, {name: value}),
        )
        for name, value in values.items()
        if name not in context.parameters
    ]


CHECKS = [
    Check("settings", SETTINGS_WRONG, settings),
    Check("settings fit together", SETTINGS_CONTRADICT, windows),
    Check("countries", COUNTRIES_OPEN, countries),
    Check("application", APPLICATION_SILENT, health),
    Check("secrets", SECRETS_MISSING, present, fix_present),
    Check("secrets' encryption", SECRETS_IN_CLEAR, encrypted),
    Check("otp/authorization", AUTHORIZATION_MALFORMED, authorization),
    Check("ledger-key", LEDGER_KEY_WRONG, ledger_key),
    Check("twilio", TWILIO_UNREADABLE, twilio_json),
    Check("logto/management", MANAGEMENT_UNREADABLE, management_json),
    Check("texts' types", TEXTS_MISSING, types, fix_types),
    Check("texts' codes", TEXTS_USELESS, codes_in_texts),
    Check("texts' placeholders", PLACEHOLDERS_UNKNOWN, placeholders_in_texts),
    Check("texts' length", TEXTS_LONG, segments),
    Check("texts' minutes", TEXTS_TIMELESS, minutes),
    Check("texts' languages", LANGUAGES_INCOMPLETE, languages, fix_languages),
]
