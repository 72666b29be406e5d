"""Calls to the HTTP APIs of Logto and Twilio, and the one error that a failed call ends in.

Nothing is repeated here: a POST that got no answer may have been obeyed. Redirects are not
followed, so credentials reach no other host than the configured one. Source of the statuses: RFC
9110, section 15.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from ops.errors import OperatorError
from ops.errors.setting_up import LOGTO_REFUSED, PROVIDER_UNREACHABLE, TWILIO_REFUSED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Parsed = TypeVar("Parsed")
CONNECT_SECONDS, READ_SECONDS = 3.05, 10.0
_MASK = "…"
_REDIRECTS, _CLIENT_ERRORS = 300, 400


class ApiError(Exception):
    """A call that failed; its text may be shown and logged: it has no secret and no number in it.

    `service` is "Logto" or "Twilio". `code` is the API's own, such as "guard.invalid_input" or
    "20003". Without one it is "http.404" and the like, "unreachable" (no answer came, `status` is
    None, and what was asked for may have happened) or "unreadable" (the answer is not what the API
    is known to answer).
    """

    def __init__(self, service: str, code: str, message: str, status: int | None = None) -> None:
        super().__init__(f"{service}: {message} ({code})")
        self.service = service
        self.code = code
        self.message = message
        self.status = status

    def for_operator(self, stage: str) -> OperatorError:
        """Return the error that an operator of the stage is shown."""
        problem = LOGTO_REFUSED if self.service == "Logto" else TWILIO_REFUSED
        if self.status is None:
            problem = PROVIDER_UNREACHABLE
        return OperatorError(problem, f"{self}.", stage=stage)


@dataclass(frozen=True, slots=True)
class Bearer(AuthBase):
    """An access token in the Authorization header; a .netrc can't replace it."""

    token: str = field(repr=False)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Set the header."""
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


class Basic(HTTPBasicAuth):
    """A name and a password in the Authorization header."""

    def __repr__(self) -> str:
        """Return the kind alone."""
        return "Basic()"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a successful call was answered: `body` is its JSON, None where it had none."""

    status: int
    body: Any = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


def call(  # noqa: PLR0913 - a request has that many parts
    service: str,
    method: str,
    url: str,
    auth: AuthBase | None = None,
    *,
    hidden: Iterable[str] = (),
    read_seconds: float = READ_SECONDS,
    **request: Any,
) -> Answer:
    """Send one request and return its answer; raises ApiError.

    `hidden` are the secrets and numbers that an error's text must not repeat. `request` is what
    `requests` takes: `params`, `json`, `data`.
    """
    try:
        response = requests.request(
            method,
            url,
            auth=auth,
            allow_redirects=False,
            timeout=(CONNECT_SECONDS, read_seconds),
            **request,
        )
    except requests.RequestException as error:
        # Its text has the address, whose query may have a phone number in it.
        message = f"no answer ({type(error).__name__})"
        raise ApiError(service, "unreachable", message) from None
    body = _json(response)
    status = response.status_code
    if status >= _REDIRECTS:
        raise _refused(service, status, body, hidden)
    if body is None and response.content:
        raise ApiError(service, "unreadable", "the answer is not JSON", status)
    return Answer(status, body, response.headers)


def parsed(service: str, parse: Callable[[Mapping[str, Any]], Parsed], given: Any) -> Parsed:
    """Return what `parse` makes of an answer's object; raises ApiError where it does not fit."""
    try:
        return parse(given)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise unreadable(service) from None


def unreadable(service: str) -> ApiError:
    """Return the error for an answer that lacks what the API is known to answer."""
    return ApiError(service, "unreadable", "the answer lacks what was expected")


def masked(text: str, hidden: Iterable[str]) -> str:
    """Return a text without the secrets, numbers and codes that are `hidden`."""
    for each in sorted(filter(None, hidden), key=len, reverse=True):
        text = text.replace(each, _MASK)
    return text


def _json(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _refused(service: str, status: int, body: Any, hidden: Iterable[str]) -> ApiError:
    given = body if isinstance(body, dict) else {}
    code = given.get("code") or given.get("error") or f"http.{status}"
    message = given.get("error_description") or " ".join(
        str(given[name]) for name in ("message", "details") if given.get(name)
    )
    if not message:
        message = "redirected" if status < _CLIENT_ERRORS else "refused without a reason"
    return ApiError(service, str(code), masked(message, hidden), status)
