"""What a setting can be besides a number, a flag or any text, and what is said of a wrong one."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

# What is said of pydantic's errors, by their type; of others, what pydantic says.
_SENTENCES = {
    "missing": "missing",
    "value_error": "{error}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must match {pattern}",
    "int_parsing": "must be a whole number",
    "float_parsing": "must be a number",
    "bool_parsing": "must be true or false",
}


def is_loopback(host: str) -> bool:
    """Whether a URL's host is this machine itself."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def sentence(problem: ErrorDetails) -> str:
    """Return what is wrong with a setting, by pydantic's error, without its value."""
    if problem["type"] not in _SENTENCES:
        return problem["msg"]
    return _SENTENCES[problem["type"]].format(**problem.get("ctx", {}))


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an http or https URL")
    if parts.query or parts.fragment or parts.username or parts.password:
        raise ValueError("must have no query, fragment or credentials")
    return value.rstrip("/")


def _secure_url(value: str) -> str:
    url = _base_url(value)
    parts = urlsplit(url)
    # Secrets, cookies and codes travel there: on plain http whoever is in between reads them.
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise ValueError("must be https, except on localhost or another loopback address")
    return url


def _parameter_prefix(value: str) -> str:
    if not value.startswith("/") or len(value.strip("/")) == 0:
        raise ValueError('must start with "/" and name a path')
    return value.rstrip("/")


def _countries(value: str) -> str:
    from phonenumbers import SUPPORTED_REGIONS

    codes = value.upper().split()
    # A wrong code, such as UK for GB, would shut a whole country out without a word.
    if not SUPPORTED_REGIONS.issuperset(codes):
        raise ValueError("must be ISO 3166-1 alpha-2 codes, separated by spaces")
    return " ".join(codes)


def _accepts(text: str) -> Any:
    """Say for `docs/settings.md` what a validator accepts: a schema can't express it."""
    return Field(json_schema_extra={"accepts": text})


BaseUrl = Annotated[str, AfterValidator(_base_url), _accepts("an http or https URL")]
SecureUrl = Annotated[
    str,
    AfterValidator(_secure_url),
    _accepts("an https URL; http on loopback addresses only"),
]
ParameterPrefix = Annotated[str, AfterValidator(_parameter_prefix), _accepts("a path: /…")]
Countries = Annotated[str, AfterValidator(_countries), _accepts("ISO 3166-1 alpha-2 codes")]
