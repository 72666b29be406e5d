"""The account and sender, as Logto's own Twilio connector is configured."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from chalicelib.otp.errors import SenderMisconfigured


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """Who sends: a messaging service or, without one, a number."""

    account_sid: str
    auth_token: str = field(repr=False)
    messaging_service_sid: str | None
    sender: str | None
    risk_check: bool

    @classmethod
    def from_json(cls, text: str) -> TwilioAccount:
        """Read the parameter `twilio`; raises SenderMisconfigured where it does not fit."""
        try:
            config = json.loads(text)
            account = cls(
                account_sid=config["accountSID"],
                auth_token=config["authToken"],
                messaging_service_sid=config.get("fromMessagingServiceSid")
                or config.get("fromMessagingServiceSID"),  # Logto's connector writes it so
                sender=config.get("from"),
                risk_check=not config.get("disableRiskCheck", False),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise SenderMisconfigured("parameter twilio can't be read") from None
        if not account.messaging_service_sid and not account.sender:
            raise SenderMisconfigured("parameter twilio names no sender")
        return account
