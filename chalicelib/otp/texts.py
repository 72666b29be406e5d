"""The text of a message: which template, what Logto's placeholders mean, and what can be wrong.

The semantics are Logto's to the letter, so that a template moves over from the connector
in its Console as it is: `{{ path.to.value }}`; a placeholder whose first name the payload
lacks stays as it stands; a value missing further down is empty; a usage type without a
template uses Generic's. One name is ours, `minutes`. Locales are ours, too: the visitor's
languages in their order, each by its nearest text (`languages.nearest`), then the default text.

Logto's semantics makes mistakes silent: an unknown placeholder goes out as it stands, and a text
without `{{code}}` is a message that costs money and helps nobody. So texts are checked when they
are loaded, and the operator is told, not visitors.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from chalicelib import log
from chalicelib.languages import nearest
from chalicelib.otp.errors import TemplatesUnavailable
from chalicelib.otp.request import TEST_USAGE_TYPE
from chalicelib.otp.segments import Segments

if TYPE_CHECKING:
    from collections.abc import Mapping

    Key = tuple[str, str | None]
    """A usage type and, in lower case, a locale; None is the default language."""

FALLBACK_USAGE_TYPE = TEST_USAGE_TYPE
MINUTES = "minutes"
MAX_LOCALES = 10
MAX_CHARACTERS = 1600  # Twilio takes no more

_PLACEHOLDER = re.compile(r"\{\{\s*([\w.]+)\s*\}\}", re.ASCII)
_PLACEHOLDER_IN_SSM = re.compile(r"\[\[\s*([\w.]+)\s*\]\]", re.ASCII)
_ORIGIN_LINE = re.compile(r"^@\S+ #[^\n]*\s*\Z", re.MULTILINE)
_LOCALE_SEPARATORS = re.compile(r"[\s,;]+")


@dataclass(frozen=True, slots=True)
class Template:
    """A text and where it comes from; `version` is SSM's, None for a text from elsewhere."""

    text: str
    usage_type: str
    locale: str | None
    version: int | None

    @property
    def label(self) -> str:
        """Name the exact text, e.g. "SignIn/pt-br:3", for support: what a visitor read."""
        locale = "" if self.locale is None else f"/{self.locale}"
        version = "" if self.version is None else f":{self.version}"
        return f"{self.usage_type}{locale}{version}"


@dataclass(frozen=True, slots=True)
class Templates:
    """Texts by usage type and locale, with SSM's versions of them.

    `old` names the texts that stay in use because what replaced them is of no use.
    """

    texts: Mapping[Key, str]
    versions: Mapping[Key, int] = field(default_factory=dict)
    old: frozenset[Key] = frozenset()

    def pick(self, usage_type: str, payload: Mapping[str, Any]) -> Template:
        """Return the text for a usage type in the best of the visitor's languages.

        Counts a text that stands in for another type's or a useless one. Raises
        TemplatesUnavailable where there is none for the type, nor for Generic.
        """
        key = self._key(usage_type, payload)
        if key[0] != usage_type:
            log.count("TemplateFallback", usage_type=usage_type)
        if key in self.old:
            log.count("TemplateOld", usage_type=key[0])
        return Template(self.texts[key], *key, self.versions.get(key))

    def _key(self, usage_type: str, payload: Mapping[str, Any]) -> Key:
        for type_ in (usage_type, FALLBACK_USAGE_TYPE):
            known = [locale for kind, locale in self.texts if kind == type_ and locale]
            for asked in asked_locales(payload):
                locale = nearest(asked, known)
                if locale is not None:
                    return type_, locale
            if (type_, None) in self.texts:
                return type_, None
        raise TemplatesUnavailable(f"no template for {usage_type} nor {FALLBACK_USAGE_TYPE}")


class TemplateProblem(StrEnum):
    """Something to mend in a text."""

    CODE_MISSING = "code_missing"
    UNKNOWN_PLACEHOLDER = "unknown_placeholder"
    """It would reach phones as it stands."""
    SEGMENTS = "segments"
    """It takes more than one SMS, and each is paid for."""
    TOO_LONG = "too_long"

    @property
    def makes_useless(self) -> bool:
        """Whether nobody could sign in with such a text."""
        return self in {TemplateProblem.CODE_MISSING, TemplateProblem.TOO_LONG}


def asked_locales(payload: Mapping[str, Any]) -> list[str]:
    """Return the locales that a message should be in, the best first.

    `uiLocales` is what the application asked for, `locale` what Logto made of it.
    """
    asked = _LOCALE_SEPARATORS.split(_text(payload.get("uiLocales")))[:MAX_LOCALES]
    tags = (locale.strip('[]"') for locale in [*asked, _text(payload.get("locale"))])
    return [tag for tag in tags if tag]


def values(payload: Mapping[str, Any], code_lifetime_seconds: int) -> Mapping[str, Any]:
    """Return what a text may show: Logto's payload, and as `minutes` how long a code lives.

    Whole minutes, rounded down so that no text promises more than there is, and at least one. A
    payload that has a `minutes` of its own one day doesn't change what the texts here were written
    to say.
    """
    return {**payload, MINUTES: max(1, code_lifetime_seconds // 60)}


def render(text: str, payload: Mapping[str, Any]) -> str:
    """Fill the placeholders of `text` from `payload`."""

    def fill(match: re.Match[str]) -> str:
        root, *path = match[1].split(".")
        if not root or root not in payload:
            return match[0]
        value: Any = payload[root]
        for name in path:
            value = _member(value, name)
        return _as_javascript_string(value)

    return _PLACEHOLDER.sub(fill, text)


def placeholders(text: str) -> frozenset[str]:
    """Return the names that stand in placeholders, e.g. "application.name"."""
    return frozenset(match[1] for match in _PLACEHOLDER.finditer(text))


def for_ssm(text: str) -> str:
    """Return a text as SSM takes it, with its placeholders as `[[code]]`.

    SSM refuses a value in which anything stands in double braces, which it reserves for references
    to other parameters. Source: the documentation of PutParameter's `Value`.
    """
    return _PLACEHOLDER.sub(r"[[\1]]", text)


def from_ssm(value: str) -> str:
    """Return the text of a parameter, with `[[code]]` as Logto writes it."""
    return _PLACEHOLDER_IN_SSM.sub(r"{{\1}}", value)


def problems(text: str) -> list[TemplateProblem]:
    """Return what is wrong with a text, as it will be for a typical code."""
    found = []
    names = placeholders(text)
    if "code" not in names:
        found.append(TemplateProblem.CODE_MISSING)
    if any(name.partition(".")[0] not in _TYPICAL_VALUES for name in names):
        found.append(TemplateProblem.UNKNOWN_PLACEHOLDER)
    typical = render(text, _TYPICAL_VALUES)
    if Segments.of(typical).count > 1:
        found.append(TemplateProblem.SEGMENTS)
    if len(typical) > MAX_CHARACTERS:
        found.append(TemplateProblem.TOO_LONG)
    return found


def bound_to_origin(text: str, origin: str | None) -> str:
    """Add the line that binds the code to a domain, unless the text ends in one.

    With it phones offer to fill in the code on that domain's pages only, so that a page that
    only looks like ours gets no code that way. Source: https://wicg.github.io/sms-one-time-codes/.
    """
    if origin is None or _ORIGIN_LINE.search(text):
        return text
    return f"{text.rstrip()}\n\n@{origin} #{{{{code}}}}"


def _member(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, list) and name.isdigit() and int(name) < len(value):
        return value[int(name)]
    return None


def _as_javascript_string(value: Any) -> str:
    # Logto writes String(value ?? ''); the same payload must read the same here.
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case dict():
            return "[object Object]"
        case list():
            return ",".join(_as_javascript_string(item) for item in value)
        case _:
            return str(value)


def _text(value: object) -> str:
    if isinstance(value, list):
        return " ".join(item for item in value if isinstance(item, str))
    return value if isinstance(value, str) else ""


_SOMETHING = {"name": "x" * 10}
_PAYLOAD: Mapping[str, Any] = {
    "code": "123456",
    "locale": "pt-BR",
    "uiLocales": "pt-BR",
    # Logto's newer versions tell these to connectors, too.
    "application": _SOMETHING,
    "organization": _SOMETHING,
    "user": _SOMETHING,
    "inviter": _SOMETHING,
    "link": "https://example.com/x",
}
_TYPICAL_VALUES = values(_PAYLOAD, code_lifetime_seconds=600)
