"""The configuration of Logto's own Twilio connector, as its Management API has it.

It holds the account, its token, the sender and the texts together. Here the first three are the
SSM parameter `twilio`, and each text is a parameter of its own.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chalicelib.otp.errors import SenderMisconfigured
from chalicelib.otp.texts import MINUTES, values
from chalicelib.otp.twilio.account import TwilioAccount
from ops.errors import OperatorError
from ops.errors.doctor.product import TWILIO_UNREADABLE
from ops.errors.texts import CONNECTOR_UNREADABLE
from ops.text_store import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECTOR_ID = "twilio-short-message-service"
REQUIRED = ("Register", "SignIn", "ForgotPassword", "Generic")
"""The usage types without which Logto saves no SMS connector of its own."""
SECRETS = ("authToken",)


def read(document: Any) -> dict[str, Any]:
    """Return the configuration in what Logto answered: connectors, one connector, or `config`.

    Raises OperatorError.
    """
    if isinstance(document, list):
        document = next(
            (
                each
                for each in document
                if isinstance(each, dict) and each.get("connectorId") == CONNECTOR_ID
            ),
            None,
        )
    config = document.get("config", document) if isinstance(document, dict) else None
    try:
        TwilioAccount.from_json(json.dumps(config))
        texts(config or {})
    except (SenderMisconfigured, TypeError, KeyError) as error:
        raise OperatorError(CONNECTOR_UNREADABLE) from error
    assert isinstance(config, dict)  # noqa: S101 - nothing else is an account
    return config


def texts(config: Mapping[str, Any]) -> dict[str, Text]:
    """Return the texts of a configuration by usage type."""
    return {each["usageType"]: Text(each["content"]) for each in config.get("templates", [])}


def held_account(value: str | None, name: str) -> dict[str, Any]:
    """Return what is in the parameter `twilio`, whose path is `name`; nothing where there is none.

    Raises OperatorError.
    """
    try:
        found = {} if value is None else json.loads(value)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise OperatorError(TWILIO_UNREADABLE, "The parameter twilio is no JSON object.", name=name)
    return found


def account(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the parameter `twilio` holds of a configuration."""
    return {name: value for name, value in config.items() if name != "templates"}


def exported(
    twilio: Mapping[str, Any],
    stored: Mapping[str, Text],
    *,
    code_lifetime_seconds: int,
    with_secrets: bool,
) -> dict[str, Any]:
    """Return the body that creates the connector in Logto again.

    Its texts are those of the default language, for the connector has no others; `{{minutes}}`,
    which it would show as it stands, is written out. Without secrets the account's token is left
    out.
    """
    minutes = str(values({}, code_lifetime_seconds)[MINUTES])
    kept = {name: value for name, value in twilio.items() if with_secrets or name not in SECRETS}
    # Logto's connector writes it so; the parameter may have it either way.
    if "fromMessagingServiceSid" in kept:
        kept["fromMessagingServiceSID"] = kept.pop("fromMessagingServiceSid")
    templates = [
        {"usageType": name, "content": text.text.replace(f"{{{{{MINUTES}}}}}", minutes)}
        for name, text in stored.items()
        if "/" not in name
    ]
    return {"connectorId": CONNECTOR_ID, "config": {**kept, "templates": templates}}
