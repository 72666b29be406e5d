"""Answers to Logto's connector and to Twilio's callbacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib import log, wiring
from chalicelib.otp.errors import (
    HeldBack,
    LedgerUnavailable,
    QueueUnavailable,
    RequestInvalid,
    SignatureInvalid,
    Unauthorized,
)
from chalicelib.web.responses import plain, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalice.app import Chalice, Request, Response

    Route = Callable[[], Response]

UNAUTHORIZED = "The Authorization value is not the one that this endpoint expects."
"""For the operator, who reads it in Logto's Console. A stranger learns no more than the status."""


def connector(app: Chalice) -> Callable[[Callable[[Request], None]], Route]:
    """Wrap the route of Logto's connector; errors become sentences that its user may see."""

    def respond(view: Callable[[Request], None], request: Request) -> Response:
        try:
            view(request)
        except Unauthorized:
            log.warning("connector_unauthorized")
            log.count("ConnectorUnauthorized")
            return plain(401, UNAUTHORIZED)
        except RequestInvalid as error:
            log.warning("code_not_accepted", problem=error.problem)
            return plain(400, _sentence(error.problem, error.locale))
        except HeldBack as error:
            return plain(429 if error.passes else 403, _sentence(error.limit, error.locale))
        except Exception as error:  # noqa: BLE001 - every failure has an answer
            log.failure("code_not_queued", error)
            unavailable = LedgerUnavailable | QueueUnavailable
            locale = error.locale if isinstance(error, unavailable) else None
            return plain(503, _sentence("try_again", locale))
        return plain(200, "")

    return wrapped(app, respond)


def _sentence(problem: str, locale: str | None) -> str:
    """Return what Logto's user reads about `problem`: Logto shows our answer word for word."""
    return wiring.languages().nearest(locale).sentences[problem]


def twilio_callback(app: Chalice) -> Callable[[Callable[[Request], None]], Route]:
    """Wrap the route of Twilio's callbacks; it wants a status and reads no more."""

    def respond(view: Callable[[Request], None], request: Request) -> Response:
        try:
            view(request)
        except SignatureInvalid:
            log.warning("callback_unsigned")
            return plain(403, "")
        except LedgerUnavailable:
            return plain(503, "")  # already written down, with what the callback told
        except Exception as error:  # noqa: BLE001 - every failure has an answer
            log.failure("callback_failed", error)
            return plain(503, "")
        return plain(200, "")

    return wrapped(app, respond)
