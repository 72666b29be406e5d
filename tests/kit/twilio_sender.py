"""Our adapter to Twilio's SDK as tests send with it, by the stand-in."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.otp.ledger import AttemptId
from chalicelib.otp.sender import SendResult, TextMessage
from chalicelib.otp.twilio.sender import TwilioSender
from tests.kit.phone import ACCOUNT, Twilio


def config(**changes: Any) -> str:
    fields: dict[str, Any] = ACCOUNT | changes
    return json.dumps({name: value for name, value in fields.items() if value})


def sender(twilio: Twilio, **changes: Any) -> TwilioSender:
    return TwilioSender(lambda: config(**changes), twilio.url)


def hand_over(
    sender: TwilioSender, recipient: str, text: str, validity_seconds: float
) -> SendResult:
    return sender.send(attempt_text(recipient, text, validity_seconds), lambda: None)


def attempt_text(recipient: str, text: str = "text", validity_seconds: float = 60) -> TextMessage:
    return TextMessage(recipient, text, validity_seconds, AttemptId("code-1", "claim-1"), "961615")
