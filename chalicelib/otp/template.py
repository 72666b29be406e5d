"""The text of a message: which template, and what Logto's placeholders mean.

The semantics are Logto's to the letter, so that a template moves over from the connector
in its Console as it is: `{{ path.to.value }}`; a placeholder whose first name the payload
lacks stays as it stands; a value missing further down is empty; a usage type without a
template uses Generic's. One name is ours, `minutes`. Locales are ours, too: the visitor's
languages in their order, each by its nearest text (`languages.nearest`), then the default text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib import log
from chalicelib.languages import nearest
from chalicelib.otp.errors import TemplatesUnavailable
from chalicelib.otp.request import TEST_USAGE_TYPE

if TYPE_CHECKING:
    from collections.abc import Mapping

    Key = tuple[str, str | None]
    """A usage type and, in lower case, a locale; None is the default language."""

FALLBACK_USAGE_TYPE = TEST_USAGE_TYPE
MINUTES = "minutes"
MAX_LOCALES = 10

_PLACEHOLDER = re.compile(r"\{\{\s*([\w.]+)\s*\}\}", re.ASCII)
_ORIGIN_LINE = re.compile(r"^@\S+ #[^\n]*\s*\Z", re.MULTILINE)
_LOCALE_SEPARATORS = re.compile(r"[\s,;]+")


@dataclass(frozen=True, slots=True)
class Template:
    """A text and where it comes from; `version` is SSM's, None where nobody counts."""

    text: str
    usage_type: str
    locale: str | None
    version: int | None

    @property
    def label(self) -> str:
        """Name the exact text, e.g. "SignIn/pt-br:3", for whoever asks what a visitor read."""
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

        Counts where it is a makeshift. Raises TemplatesUnavailable where there is none for the
        type, nor for Generic.
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
