"""Before the queue: who asks, what for, and the one message that carries it on.

Logto tells its user that the code was sent as soon as we answer 200, and never asks
twice. So the answer is 200 only when the code is safely on the queue.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from chalicelib import log
from chalicelib.otp.errors import QueueUnavailable, RequestInvalid, Unauthorized
from chalicelib.otp.request import MAX_BODY_BYTES, OtpRequest, locale_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.otp.authorization import Authorization
    from chalicelib.otp.limits import Limits


class OtpQueue(Protocol):
    """The queue between the request and the phone."""

    def put(self, body: str, accepted_at: float) -> str:
        """Keep a message, and with it when it was accepted; return its id.

        Raises QueueUnavailable.
        """


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes requests of the connector that `authorization` recognizes."""

    authorization: Authorization
    queue: OtpQueue
    limits: Limits
    clock: Callable[[], float]

    def accept(self, authorization: str | None, body: bytes) -> None:
        """Put a request on the queue as it came, byte for byte.

        Raises Unauthorized, RequestInvalid, HeldBack, LedgerUnavailable or
        QueueUnavailable; then nothing was accepted.
        """
        if not self.authorization.accepts(authorization):
            raise Unauthorized
        accepted_at = self.clock()
        if len(body) > MAX_BODY_BYTES:
            raise RequestInvalid("too_large")
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            raise RequestInvalid("unreadable") from None
        request = OtpRequest.parse(text)
        self.limits.admit(request)
        try:
            message_id = self.queue.put(text, accepted_at)
        except QueueUnavailable as error:
            error.locale = locale_of(request.payload)
            raise
        log.event(
            "code_accepted",
            message_id=message_id,
            usage_type=request.usage_type,
            region=request.region,
        )
        log.count("Accepted", usage_type=request.usage_type, region=request.region)
