"""Before the queue: authorize the request, check it, and put it on the queue as one message.

Logto tells its user that the code was sent as soon as we return 200, and never repeats a
request. So 200 is returned only when the code is on the queue.

A request is authorized by the connector's Authorization value. The value in Logto's Console can't
change in the same second as the one in SSM. So the previous value is accepted for two minutes
after a change, also by a Lambda that never read it; and before an unknown value is refused, SSM is
read again: the value may have changed since this process last read it.
"""

from __future__ import annotations

import hmac
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from chalicelib import log
from chalicelib.otp.errors import RequestInvalid, Unauthorized
from chalicelib.otp.request import MAX_BODY_BYTES, OtpRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chalicelib.otp.limits import Limits
    from chalicelib.otp.queue_messages import OtpQueue


GRACE_SECONDS = 120
REREAD_SECONDS = 5.0
"""Each process reads SSM again at most so often, however many wrong values strangers send: SSM
allows 40 calls a second for the whole account."""


class AuthorizationValues(Protocol):
    """The connector's Authorization value, with those that it replaced."""

    def valid_since(self, moment: float) -> Sequence[str]:
        """Return what was valid at `moment` (seconds since the epoch) or later, the newest first.

        Raises QueueUnavailable where not even the current one is known.
        """

    def renew(self, older_than_seconds: float) -> None:
        """Read again what was read longer ago than that."""


@dataclass(frozen=True, slots=True)
class Authorization:
    """Recognizes the connector; `clock` is in seconds since the epoch."""

    values: AuthorizationValues
    clock: Callable[[], float]

    def accepts(self, presented: str | None) -> bool:
        """Whether `presented`, a request's Authorization header, is the connector's.

        Raises QueueUnavailable where the value can't be read.
        """
        header = (presented or "").encode("utf-8", "replace")
        if _is_among(header, self.values.valid_since(math.inf)):
            return True
        self.values.renew(REREAD_SECONDS)
        current, *former = self.values.valid_since(self.clock() - GRACE_SECONDS)
        if _is_among(header, [current]):
            return True
        if _is_among(header, former):
            log.warning("authorization_replaced")  # Logto's Console still has the one before
            return True
        return False


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
        message_id = self.queue.put(text, accepted_at)
        log.event(
            "code_accepted",
            message_id=message_id,
            usage_type=request.usage_type,
            region=request.region,
        )
        log.count("Accepted", usage_type=request.usage_type, region=request.region)


def _is_among(header: bytes, values: Sequence[str]) -> bool:
    # All are compared, each in constant time, so that the time tells nothing of any.
    same = [hmac.compare_digest(header, value.encode()) for value in values]
    return any(same)
