"""Checks of the secrets in SSM."""

from __future__ import annotations

import base64
import re
import secrets
from typing import TYPE_CHECKING

from chalicelib.otp.errors import SenderMisconfigured
from ops.doctor.check import Change, Check, Result, failed, fine, warning
from ops.doctor.mending import additions
from ops.errors.doctor.product import (
    AUTHORIZATION_MALFORMED,
    LEDGER_KEY_WRONG,
    MANAGEMENT_UNREADABLE,
    SECRETS_IN_CLEAR,
    SECRETS_MISSING,
    TWILIO_UNREADABLE,
)
from ops.logto.resources import Credential
from ops.parameters import AUTHORIZATION, LEDGER_KEY, MANAGEMENT, SECRETS, TWILIO, generated_secrets

if TYPE_CHECKING:
    from ops.doctor.context import Context


_AUTHORIZATION = re.compile(r"Bearer [A-Za-z0-9._~+/-]+=*", re.ASCII)  # RFC 6750, section 2.1
_LEAST_AUTHORIZATION = 24  # characters after "Bearer ": 128 bits and more
_LEAST_KEY_BYTES = 32


def present(context: Context) -> Result:
    """Whether every secret is in SSM."""
    missing = [name for name in SECRETS if name not in context.parameters]
    if missing:
        path = f"{context.prefix}/{missing[0]}"
        return failed(f"Not in SSM: {', '.join(missing)}.", name=path)
    return fine(f"{len(SECRETS)} under {context.prefix}")


def fix_present(context: Context) -> list[Change]:
    """Make the missing secrets that can be chosen; Logto's and Twilio's can't."""
    values = generated_secrets(secrets.token_bytes)
    return additions(context, values, "a new random value")


def encrypted(context: Context) -> Result:
    """Whether secrets are encrypted."""
    clear = [
        name
        for name in (*SECRETS, MANAGEMENT)
        if name in context.parameters and context.parameters[name].kind != "SecureString"
    ]
    if clear:
        return failed(f"In clear in SSM: {', '.join(clear)}.", name=f"{context.prefix}/{clear[0]}")
    return fine("SecureStrings")


def authorization(context: Context) -> Result:
    """Whether the connector's secret has the form of a Bearer token, and is long enough."""
    value = context.secret(AUTHORIZATION)
    if not _AUTHORIZATION.fullmatch(value):
        return failed('otp/authorization is not "Bearer " and a token.')
    if len(value) < len("Bearer ") + _LEAST_AUTHORIZATION:
        return warning("otp/authorization is so short that it could be guessed.")
    return fine("Bearer …")


def ledger_key(context: Context) -> Result:
    """Whether the ledger's key is base64 of 32 bytes."""
    try:
        size = len(base64.b64decode(context.secret(LEDGER_KEY), validate=True))
    except ValueError:
        return failed("ledger-key is no base64.")
    if size < _LEAST_KEY_BYTES:
        return failed(f"ledger-key has {size} bytes instead of {_LEAST_KEY_BYTES}.")
    return fine(f"{size} bytes")


def twilio_json(context: Context) -> Result:
    """Whether the parameter `twilio` can be read."""
    try:
        context.read_twilio_account()
    except SenderMisconfigured as error:
        return failed(f"{error}.", name=f"{context.prefix}/{TWILIO}")
    return fine("account, token and sender")


def management_json(context: Context) -> Result:
    """Whether the parameter `logto/management` can be read, where there is one."""
    try:
        Credential.from_json(context.secret(MANAGEMENT))
    except ValueError as error:
        return failed(f"{MANAGEMENT} is {error}.", name=f"{context.prefix}/{MANAGEMENT}")
    return fine("id, secret and resource")


CHECKS = [
    Check("secrets", SECRETS_MISSING, present, fix_present),
    Check("secrets' encryption", SECRETS_IN_CLEAR, encrypted),
    Check("otp/authorization", AUTHORIZATION_MALFORMED, authorization),
    Check("ledger-key", LEDGER_KEY_WRONG, ledger_key),
    Check("twilio", TWILIO_UNREADABLE, twilio_json),
    Check("logto/management", MANAGEMENT_UNREADABLE, management_json),
]
