"""Twilio's callbacks, signed form posts, read without Twilio's SDK, which the API never loads.

The signature is an HMAC-SHA1 with the account's primary Auth Token over the URL and the sorted
parameters. SHA-1 is Twilio's choice; what is known against it does not touch HMAC. Source:
https://www.twilio.com/docs/usage/security#validating-requests and
https://www.twilio.com/docs/messaging/guides/track-outbound-message-status.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from chalicelib.otp.errors import SenderMisconfigured, SignatureInvalid
from chalicelib.otp.receipts import Receipt, Stage
from chalicelib.otp.twilio.error_codes import Meaning, Where, meaning

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Form = Mapping[str, Sequence[str]]

_DEFAULT_PORTS = {"https": 443, "http": 80}
_MESSAGE_SID = re.compile(r"(?:SM|MM)[0-9a-f]{32}", re.ASCII)
_ERROR_CODE = re.compile(r"[0-9]{1,6}", re.ASCII)


@dataclass(frozen=True, slots=True)
class TwilioCallbacks:
    """Callbacks of the account that `config` gives, which raises SenderMisconfigured."""

    config: Callable[[], str]

    def read(self, url: str, body: bytes, signature: str | None) -> Receipt | None:
        """Read what was posted to `url`; None where it is about no message or stage of ours.

        Raises SignatureInvalid, and SenderMisconfigured where the Auth Token can't be read.
        """
        # Blank values are signed, too. Bytes that are no UTF-8 break the signature, as they should.
        form = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        if not is_signed(signature, auth_token(self.config()), url, form):
            raise SignatureInvalid
        return receipt_of(form)


def receipt_of(form: Form) -> Receipt | None:
    """Read a callback's form; None where it is about no message or stage of ours.

    Twilio adds parameters and states as it pleases; those we don't know are ignored.
    """
    message_sid = _only(form, "MessageSid")
    try:
        stage = Stage(_only(form, "MessageStatus"))
    except ValueError:
        return None
    if not _MESSAGE_SID.fullmatch(message_sid):
        return None
    text = _only(form, "ErrorCode")
    code = int(text) if _ERROR_CODE.fullmatch(text) else None
    is_for_the_number = meaning(code, Where.CALLBACK) is Meaning.RECIPIENT
    return Receipt(message_sid, stage, code, is_for_the_number)


def is_signed(signature: str | None, auth_token: str, url: str, parameters: Form) -> bool:
    """Whether Twilio signed a callback to `url` with these form `parameters`.

    Twilio is not consistent about the port in the URL that it signs, so the URL counts with
    and without one, as in Twilio's own libraries.
    """
    if not auth_token:
        return False  # an empty key is everybody's key
    given = (signature or "").encode()
    return any(
        hmac.compare_digest(given, _signature(auth_token, variant, parameters))
        for variant in _variants(url)
    )


def auth_token(config: str) -> str:
    """Take the Auth Token from the parameter `twilio`; raises SenderMisconfigured."""
    try:
        token = json.loads(config)["authToken"]
    except (ValueError, KeyError, TypeError):
        token = None
    if not isinstance(token, str) or not token:
        raise SenderMisconfigured("parameter twilio has no authToken")
    return token


def _signature(token: str, url: str, parameters: Form) -> bytes:
    pairs = sorted({(name, value) for name, values in parameters.items() for value in values})
    signed = url + "".join(name + value for name, value in pairs)
    return base64.b64encode(hmac.digest(token.encode(), signed.encode(), "sha1"))


def _variants(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    if parts.port is not None:
        bare = parts.netloc.removesuffix(f":{parts.port}")
        return url, parts._replace(netloc=bare).geturl()
    with_port = f"{parts.netloc}:{_DEFAULT_PORTS.get(parts.scheme, 443)}"
    return url, parts._replace(netloc=with_port).geturl()


def _only(form: Form, name: str) -> str:
    values = form.get(name, ())
    return values[0] if len(values) == 1 else ""
