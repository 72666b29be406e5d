"""Checks of the texts in SSM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.otp.texts import MINUTES, TemplateProblem, placeholders, problems
from ops.connector import REQUIRED
from ops.doctor.check import Change, Check, Result, failed, fine, warning
from ops.doctor.context import NotAsked
from ops.doctor.mending import additions
from ops.errors.doctor.product import (
    LANGUAGES_INCOMPLETE,
    PLACEHOLDERS_UNKNOWN,
    TEXTS_LONG,
    TEXTS_MISSING,
    TEXTS_TIMELESS,
    TEXTS_USELESS,
)
from ops.parameters import default_templates

if TYPE_CHECKING:
    from ops.doctor.context import Context


def types(context: Context) -> Result:
    """Whether every usage type of Logto has a text in the default language."""
    missing = [each for each in REQUIRED if each not in context.texts]
    if missing:
        return failed(f"No text for {', '.join(missing)}.")
    return fine(", ".join(REQUIRED))


def fix_types(context: Context) -> list[Change]:
    """Put the default texts that are missing, in the default language."""
    wanted = {name: text for name, text in default_templates().items() if name.count("/") == 1}
    return additions(context, wanted)


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
        for usage in REQUIRED
        for locale in sorted(locales)
        if f"{usage}/{locale}" not in texts
    ]
    if missing:
        return warning(f"Missing: {', '.join(missing)}.")
    return fine(", ".join(["the default one", *sorted(locales)]))


def fix_languages(context: Context) -> list[Change]:
    """Put the default texts that are missing, in all languages that the product speaks."""
    return additions(context, default_templates())


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


CHECKS = [
    Check("texts' types", TEXTS_MISSING, types, fix_types),
    Check("texts' codes", TEXTS_USELESS, codes_in_texts),
    Check("texts' placeholders", PLACEHOLDERS_UNKNOWN, placeholders_in_texts),
    Check("texts' length", TEXTS_LONG, segments),
    Check("texts' minutes", TEXTS_TIMELESS, minutes),
    Check("texts' languages", LANGUAGES_INCOMPLETE, languages, fix_languages),
]
