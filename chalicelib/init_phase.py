"""What each Lambda loads and prepares before its first request.

In its init phase a Lambda has a whole processor, later a share by its memory: less than a third at
512 MB. What is imported on first use elsewhere is imported then, so that the first visitor doesn't
wait for it; and what a client or a template makes once is made. No connection is opened: it could
be dead by the first request. Elsewhere, in tests or under `chalice local`, nothing of it happens.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from chalicelib.settings import lambda_handler

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.application import Portaria

HANDLER = lambda_handler()

if HANDLER is not None:
    gc.disable()  # nothing of what is imported from here on will be garbage


def finish(portaria: Portaria) -> None:
    """Prepare what this Lambda's handler needs. What fails will fail again, in a request."""
    if HANDLER is None:
        return
    try:
        PARTS.get(HANDLER, _nothing)(portaria)
    except Exception as error:  # noqa: BLE001 - an error here would be Lambda's, without our words
        from chalicelib import log

        log.failure("preparation_failed", error)
    gc.freeze()  # what is there stays, and no collection looks at it again
    gc.enable()


def _nothing(_: Portaria) -> None:
    """Leave a handler that a team has added with what it loads itself."""


def _api(portaria: Portaria) -> None:
    from cryptography.hazmat.backends import default_backend

    for part in ("sign_in", "sign_out", "access", "bearer_tokens", "intake", "receipts"):
        getattr(portaria, part)
    _ = portaria.provider
    default_backend()  # which PyJWT loads at the first token
    portaria.pages.prepare()
    portaria.languages.prepare()
    _both(portaria)


def _worker(portaria: Portaria) -> None:
    _ = portaria.worker
    _both(portaria)


def _both(portaria: Portaria) -> None:
    from chalicelib import tls
    from chalicelib.otp import phone_numbers

    phone_numbers.prepare(portaria.settings.allowed_countries.split())
    _ = portaria.aws.ssm
    tls.context()
    "localhost".encode("idna")  # Python loads this codec when it first looks up a host


PARTS: dict[str, Callable[[Portaria], None]] = {"app.app": _api, "app.send_otp": _worker}
"""What is prepared for each function, by its handler."""
