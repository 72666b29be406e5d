"""One request for a code, as Logto's HTTP SMS connector words it.

Read twice from the same text: before the queue, to tell Logto at once what can't be sent,
and behind it, where anybody may have put the message.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib.otp import phone_numbers
from chalicelib.otp.errors import RequestInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BODY_BYTES = 16_384
MAX_CODE_LENGTH = 32
TEST_CODE = "000000"
TEST_USAGE_TYPE = "Generic"

_USAGE_TYPE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
# SQS takes what XML 1.0 can hold; JSON text may legally carry more, unescaped.
_NOT_FOR_SQS = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class OtpRequest:
    """A code, who gets it and what for. Its repr shows none of what must stay secret."""

    recipient: str = field(repr=False)
    """E.164, with "+"."""
    region: str
    """Country of the number (ISO 3166-1 alpha-2), or the numbering plan's
    main country; "001" for worldwide services, "ZZ" for none."""
    usage_type: str
    """Logto's: SignIn, Register, ForgotPassword, Generic … new ones may come."""
    code: str = field(repr=False)
    payload: Mapping[str, Any] = field(repr=False)
    """Everything that a template may show, the code included."""
    ip: str | None = field(default=None, repr=False)
    """The visitor's address as Logto knows it; a client can forge it."""

    @property
    def phone(self) -> str:
        """The phone that `recipient` reaches, in E.164, by one name: to count, not to send to."""
        return phone_numbers.canonical(self.recipient)

    @property
    def is_connector_test(self) -> bool:
        """Whether it is the test message of Logto's Console, which always has the same code."""
        return self.usage_type == TEST_USAGE_TYPE and self.code == TEST_CODE

    @classmethod
    def parse(cls, text: str) -> OtpRequest:
        """Read a request.

        Raises RequestInvalid, whose `problem` names a sentence.
        """
        body = _json_object(text)
        payload = body.get("payload")
        if not isinstance(payload, dict):
            raise RequestInvalid("code_missing")
        code = payload.get("code")
        if isinstance(code, int) and not isinstance(code, bool):
            code = str(code)
        if not isinstance(code, str) or not 0 < len(code.strip()) <= MAX_CODE_LENGTH:
            raise RequestInvalid("code_missing")
        usage_type = body.get("type")
        if not isinstance(usage_type, str) or not _USAGE_TYPE.fullmatch(usage_type):
            raise RequestInvalid("type_missing")
        to, ip = body.get("to"), body.get("ip")
        try:
            recipient, region = phone_numbers.parse(to if isinstance(to, str) else "")
        except phone_numbers.NotANumber:
            raise RequestInvalid("number_invalid") from None
        return cls(
            recipient=recipient,
            region=region,
            usage_type=usage_type,
            code=code,
            payload=payload,
            ip=ip if isinstance(ip, str) else None,
        )


def _json_object(text: str) -> dict[str, Any]:
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BODY_BYTES:
        raise RequestInvalid("too_large")
    if _NOT_FOR_SQS.search(text):
        raise RequestInvalid("unreadable")
    try:
        # JSON can hold half a character (a lone surrogate), as JavaScript leaves of a name that was
        # cut; nothing could hash or send it. It becomes "?".
        whole = json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8", "replace")
        body = json.loads(whole)
    except (ValueError, RecursionError):
        raise RequestInvalid("unreadable") from None
    if not isinstance(body, dict):
        raise RequestInvalid("unreadable")
    return body
