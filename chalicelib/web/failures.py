"""From errors to answers: one table for all callers, the page of a failure, and its log line.

The text of an exception is in no answer: the caller gets a reference that is in the log.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from chalicelib import log
from chalicelib.otp.errors import (
    HeldBack,
    LedgerUnavailable,
    QueueUnavailable,
    RequestInvalid,
    SignatureInvalid,
    Unauthorized,
)
from chalicelib.pages import FailureKind
from chalicelib.settings import SettingsError
from chalicelib.sign_in.errors import (
    AccessRefused,
    AnswerRejected,
    AttemptUnknown,
    BearerTokenMissing,
    BearerTokenRejected,
    ProviderMisconfigured,
    ProviderUnreachable,
    ScopeMissing,
    SignInCancelled,
    SignInError,
    SignInRefused,
    SignInRequired,
    StoreUnavailable,
)
from chalicelib.sign_in.options import HOME, local_path
from chalicelib.web import answers

if TYPE_CHECKING:
    from chalice.app import Response

    from chalicelib.application import Portaria
    from chalicelib.sign_in.browser_request import BrowserRequest

FAILURES: dict[type[Exception], tuple[int, str]] = {
    AttemptUnknown: (400, FailureKind.ATTEMPT_UNKNOWN),
    SignInCancelled: (400, FailureKind.CANCELLED),
    SignInRefused: (403, FailureKind.REFUSED),
    AnswerRejected: (400, FailureKind.ANSWER_REJECTED),
    ProviderUnreachable: (503, FailureKind.PROVIDER_UNREACHABLE),
    ProviderMisconfigured: (500, FailureKind.UNEXPECTED),
    StoreUnavailable: (503, FailureKind.UNAVAILABLE),
    SignInRequired: (401, "not_signed_in"),
    AccessRefused: (403, "access_refused"),
    BearerTokenMissing: (401, "bearer_token_required"),
    BearerTokenRejected: (401, "invalid_token"),
    ScopeMissing: (403, "insufficient_scope"),
    Unauthorized: (401, "unauthorized"),
    RequestInvalid: (400, "request_invalid"),
    HeldBack: (429, "held_back"),
    QueueUnavailable: (503, FailureKind.UNAVAILABLE),
    LedgerUnavailable: (503, FailureKind.UNAVAILABLE),
    SignatureInvalid: (403, "signature_invalid"),
}
SERVER_ERROR = 500
UNEXPECTED = (SERVER_ERROR, FailureKind.UNEXPECTED)


def failure_of(error: Exception) -> tuple[int, str]:
    """Return an error's status, and its code in JSON; a subclass has its base's."""
    known = (FAILURES[kind] for kind in type(error).__mro__ if kind in FAILURES)
    return next(known, UNEXPECTED)


def report(error: Exception, status: int) -> str:
    """Log an error, without its text unless it is ours, and return the reference to the line."""
    reference = secrets.token_hex(5)
    reason = str(error) if isinstance(error, SignInError | SettingsError) else None
    if status >= SERVER_ERROR:
        log.failure("request_failed", error, reference=reference, reason=reason)
        log.count("RequestFailed", error=type(error).__name__)
    else:
        # The caller's fault: worth a look where it happens often, but no alarm.
        kind = type(error).__name__
        log.warning("request_refused", reference=reference, error=kind, reason=reason)
    return reference


def failure_page(
    portaria: Portaria,
    request: BrowserRequest,
    status: int,
    code: str,
    reference: str | None = None,
) -> Response:
    """Return the page that says what went wrong; to sign in from there keeps `return_to`."""
    return_to = local_path(request.parameter("return_to"))
    page = portaria.pages.failure(
        portaria.languages.preferred(request.accept_language),
        base_url=request.public_url,
        kind=FailureKind(code) if code in set(FailureKind) else FailureKind.UNEXPECTED,
        reference=reference,
        return_to=None if return_to == HOME else return_to,
    )
    return answers.page(page, request.public_url, status)
