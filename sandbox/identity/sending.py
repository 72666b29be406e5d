"""Sending a code: make it, post it to the connector's endpoint once, and say how that went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from sandbox.identity.connector import ConnectorRefused, message_for, send
from sandbox.identity.language import logto_locale
from sandbox.identity.verification import CodeRefused

if TYPE_CHECKING:
    from sandbox.identity.identity import Identity
    from sandbox.identity.interactions import Interaction


def send_code(identity: Identity, interaction: Interaction, phone: str, usage_type: str) -> None:
    """Send a code, which replaces the interaction's older one, or raise CodeRefused.

    What the connector's endpoint answered then stands in the refusal's reason, word for word.
    """
    about = f"{usage_type} code for …{phone[-2:]}"
    report = identity.settings.report
    try:
        verification = identity.codes.make(phone, usage_type)
    except CodeRefused as refusal:
        report(f"{about}: {refusal.reason}")
        raise
    interaction.verification = verification
    ui_locales = interaction.parameter("ui_locales")
    locale = logto_locale(request, ui_locales)
    ip = request.access_route[0]  # the leftmost X-Forwarded-For, which the client may have made up
    report(f"{about}: requested")
    try:
        status = send(
            identity.settings.connector, message_for(verification, locale, ui_locales, ip)
        )
    except ConnectorRefused as refusal:
        report(f"{about}: the connector's endpoint answered {refusal.status or 'nothing'}")
        raise CodeRefused(refusal.message) from refusal
    report(f"{about}: the connector's endpoint answered {status}")
