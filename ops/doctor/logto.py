"""Checks of Logto: the tenant, our application, the connector and the sign-in experience."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from ops.doctor.account import skew
from ops.doctor.check import Check, Result, failed, fine, warning
from ops.doctor.context import NotAsked
from ops.errors.doctor.aws import CLOCK_WRONG
from ops.errors.doctor.logto import (
    APP_SECRET_WRONG,
    APPLICATION_UNFIT,
    BACK_CHANNEL_WRONG,
    CONNECTOR_SECRET_WRONG,
    CONNECTOR_WRONG,
    DEAD_TABS,
    ISSUER_WRONG,
    LIFETIME_DIFFERS,
    LOGTO_UNREACHABLE,
    MANAGEMENT_REFUSED,
    PHONE_NOT_OFFERED,
    URI_MISSING,
)
from ops.http_api import ApiError
from ops.logto.resources import HTTP_SMS, code_seconds
from ops.parameters import APP_SECRET, AUTHORIZATION, MANAGEMENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.doctor.context import Context
    from ops.logto.resources import Connector

_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri", "end_session_endpoint")
_NOT_FOUND = 404
_PENDING = "pending"  # the default in .chalice/resources.yaml


def reachable(context: Context) -> Result:
    """Whether Logto answers with the metadata that sign-in needs."""
    try:
        found = context.metadata.body
    except ApiError as error:
        endpoint = context.settings.logto_endpoint
        return failed(f"{endpoint}: {error.message}.", endpoint=endpoint)
    missing = [name for name in _ENDPOINTS if not isinstance(found, dict) or not found.get(name)]
    if missing:
        return failed(f"Logto's metadata lacks {', '.join(missing)}.")
    return fine(context.settings.logto_endpoint)


def issuer(context: Context) -> Result:
    """Whether tokens will be issued in the name that the application expects."""
    body = context.metadata.body
    said = body.get("issuer") if isinstance(body, dict) else None
    wanted = f"{context.settings.logto_endpoint.rstrip('/')}/oidc"
    if said != wanted:
        return failed(f"Logto calls itself {said}, and LOGTO_ENDPOINT makes {wanted} of it.")
    return fine(wanted)


def clock(context: Context) -> Result:
    """Whether this machine's clock and Logto's agree."""
    return skew(context.metadata.headers.get("Date"), "Logto", context)


def credential(context: Context) -> Result:
    """Whether the machine-to-machine application may use the Management API."""
    try:
        context.logto.check()
    except ApiError as error:
        if error.status is None:
            raise
        return failed(f"{error.message} ({error.code}).", name=f"{context.prefix}/{MANAGEMENT}")
    return fine("opens the Management API")


def application(context: Context) -> Result:
    """Whether LOGTO_APP_ID is an application for this product."""
    if context.settings.logto_app_id == _PENDING:
        return failed(
            "There is no application yet: LOGTO_APP_ID is still the deployment's default."
        )
    try:
        found = context.application
    except ApiError as error:
        if error.status == _NOT_FOUND:
            return failed(f"Logto has no application {context.settings.logto_app_id}.")
        raise
    if found.kind != "Traditional":
        return failed(f"The application is of the type {found.kind}, not Traditional web.")
    return fine(found.name)


def redirect_uri(context: Context) -> Result:
    """Whether Logto may send visitors back to us."""
    return _listed("redirectUris", context.addresses.redirect, context)


def sign_out_uri(context: Context) -> Result:
    """Whether Logto may send visitors back after sign-out."""
    return _listed("postLogoutRedirectUris", context.addresses.signed_out, context)


def back_channel(context: Context) -> Result:
    """Whether Logto tells us of sign-outs, and of which session each is."""
    found, wanted = _metadata(context), context.addresses.back_channel
    if found.get("backchannelLogoutUri") != wanted:
        return failed(f"Logto's back-channel logout URI is not {wanted}.", uri=wanted)
    if found.get("backchannelLogoutSessionRequired") is not True:
        return failed('"Is session required?" is off for the back-channel logout.', uri=wanted)
    return fine(wanted)


def app_secret(context: Context) -> Result:
    """Whether our secret is one of the application's, and does not expire soon."""
    ours = context.secret(APP_SECRET).encode()
    milliseconds = context.clock() * 1000
    for each in context.logto.secrets(context.application.id):
        if hmac.compare_digest(each.value.encode(), ours):
            if each.expires_at is None:
                return fine("one of the application's")
            if each.expires_at <= milliseconds:
                return failed("Our secret of the application has expired.", **_secret(context))
            days = (each.expires_at - milliseconds) / 86_400_000
            if days < 30:  # noqa: PLR2004
                return warning(f"Our secret expires in {days:.0f} days.", **_secret(context))
            return fine(f"expires in {days:.0f} days")
    return failed("logto/app-secret is none of the application's secrets.", **_secret(context))


def connector(context: Context) -> Result:
    """Whether Logto sends codes to us."""
    found = context.connector
    wanted = context.addresses.codes
    if found is None:
        return failed("The tenant has no SMS connector.", uri=wanted)
    if found.kind != HTTP_SMS:
        return failed(f"Logto sends codes by {found.kind}, not by us.", uri=wanted)
    if found.config.get("endpoint") != wanted:
        return failed(f"The HTTP SMS connector does not point to {wanted}.", uri=wanted)
    return fine(wanted)


def connector_secret(context: Context) -> Result:
    """Whether the connector sends the Authorization that we expect."""
    found = _http_connector(context)
    sent = str(found.config.get("authorization") or "")
    if not hmac.compare_digest(sent.encode(), context.secret(AUTHORIZATION).encode()):
        return failed("The connector's authorization is another one than otp/authorization.")
    return fine("the same on both sides")


def lifetime(context: Context) -> Result:
    """Whether Logto accepts codes for as long as we send them."""
    logtos, ours = code_seconds(context.experience), context.settings.code_lifetime_seconds
    if logtos != ours:
        return failed(f"Logto accepts codes for {logtos} s, and CODE_LIFETIME_SECONDS is {ours}.")
    return fine(f"{ours} s on both sides")


def phone(context: Context) -> Result:
    """Whether visitors can sign in, and sign up, by a code to their phone."""
    found = context.experience
    methods = (found.get("signIn") or {}).get("methods") or []
    by_code = any(
        each.get("identifier") == "phone" and each.get("verificationCode") for each in methods
    )
    if not by_code:
        return failed("Visitors can't sign in by a code to their phone.")
    sign_up = found.get("signUp") or {}
    if found.get("signInMode") != "SignIn" and "phone" not in (sign_up.get("identifiers") or []):
        return warning("Visitors can sign in by phone, but not sign up.")
    return fine("sign-in by phone and code")


def unknown_session(context: Context) -> Result:
    """Whether a reloaded dead tab comes back to our sign-in."""
    wanted = context.addresses.sign_in
    found = context.experience.get("unknownSessionRedirectUrl")
    if found != wanted:
        return warning(f"A dead tab does not lead to {wanted}.", uri=wanted)
    return fine(wanted)


def _metadata(context: Context) -> Mapping[str, object]:
    try:
        return context.application.metadata
    except ApiError as error:
        if error.status == _NOT_FOUND:
            raise NotAsked("there is no such application") from None
        raise


def _listed(name: str, wanted: str, context: Context) -> Result:
    found = _metadata(context).get(name)
    if not isinstance(found, list) or wanted not in found:
        return failed(f"{wanted} is not among Logto's {name}.", uri=wanted)
    return fine(wanted)


def _http_connector(context: Context) -> Connector:
    found = context.connector
    if found is None or found.kind != HTTP_SMS:
        raise NotAsked("there is no HTTP SMS connector")
    return found


def _secret(context: Context) -> dict[str, str]:
    return {"name": f"{context.prefix}/{APP_SECRET}"}


CHECKS = [
    Check("Logto", LOGTO_UNREACHABLE, reachable),
    Check("Logto's issuer", ISSUER_WRONG, issuer),
    Check("clock and Logto's", CLOCK_WRONG, clock),
    Check("Management API", MANAGEMENT_REFUSED, credential),
    Check("application at Logto", APPLICATION_UNFIT, application),
    Check("redirect URI", URI_MISSING, redirect_uri),
    Check("post sign-out URI", URI_MISSING, sign_out_uri),
    Check("back-channel logout", BACK_CHANNEL_WRONG, back_channel),
    Check("application's secret", APP_SECRET_WRONG, app_secret),
    Check("SMS connector", CONNECTOR_WRONG, connector),
    Check("connector's secret", CONNECTOR_SECRET_WRONG, connector_secret),
    Check("code lifetime", LIFETIME_DIFFERS, lifetime),
    Check("sign-in by phone", PHONE_NOT_OFFERED, phone),
    Check("dead tabs", DEAD_TABS, unknown_session),
]
