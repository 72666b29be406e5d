"""The sign-in experience by the Management API, and what of it everybody may read.

PATCH changes the keys that are sent, each of them whole, and answers with these alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response

from sandbox.identity import answers
from sandbox.identity.management.access import ApiRefused, body, guarded
from sandbox.identity.management.checks import Checks, only

if TYPE_CHECKING:
    from sandbox.identity.identity import Identity
    from sandbox.identity.tenant import Tenant

_MODES = ("SignIn", "Register", "SignInAndRegister")
_SMS_FACTOR = "PhoneVerificationCode"
_FACTORS = ("Totp", "WebAuthn", "BackupCode", "EmailVerificationCode", _SMS_FACTOR)
_ADAPTIVE_ONLY = ("PromptOnlyAtSignInMandatory", "PromptAtSignInAndSignUpMandatory")
_READ_ONLY = ("tenantId", "id")
_PASSKEY_KEYS = ("enabled", "showPasskeyButton", "allowAutofill")
_CODE_POLICY_LIMITS = {"expirationDuration": (60, 3600), "maxRetryAttempts": (1, 100)}
_CONNECTOR_TYPES = {"phone": "Sms", "email": "Email"}


def blueprint(identity: Identity) -> Blueprint:
    """Return the routes."""
    routes, tenant = guarded(identity, "sign_in_experience", "/api/sign-in-exp"), identity.tenant

    @routes.get("")
    def show() -> Response:
        with tenant.lock:
            return answers.json(tenant.experience)

    @routes.patch("")
    def change() -> Response:
        with tenant.lock:
            known = set(tenant.experience) - set(_READ_ONLY)
            given = only(body(), known)
            if not given:
                message = "Invalid input. Value list must not be empty."
                raise ApiRefused(422, "entity.invalid_input", message)
            changes = _checked(given)
            _Rules(tenant, changes).apply()
            tenant.experience |= changes
        identity.settings.report(f"sign-in experience changed: {', '.join(changes)}")
        return answers.json(changes)

    return routes


def public_blueprint(identity: Identity) -> Blueprint:
    """Return the route that needs no token."""
    routes = Blueprint("public_sign_in_experience", __name__)

    @routes.get("/api/.well-known/sign-in-exp")
    def show() -> Response:
        with identity.tenant.lock:
            held = dict(identity.tenant.experience)
        methods = held["forgotPasswordMethods"] or []
        held["forgotPassword"] = {
            "phone": _SMS_FACTOR in methods,
            "email": "EmailVerificationCode" in methods,
        }
        return answers.json(held)

    return routes


def _checked(given: dict[str, Any]) -> dict[str, Any]:
    """Return what is kept of a request's keys; raises ApiRefused."""
    checks, changes = Checks(), dict(given)
    if "signInMode" in given:
        checks.one_of(given["signInMode"], _MODES, "signInMode")
    if checks.kind(given.get("mfa"), "object", "mfa", required=False):
        for place, factor in enumerate(given["mfa"].get("factors", [])):
            checks.one_of(factor, _FACTORS, "mfa", "factors", place)
    for name in ("signIn", "signUp"):
        checks.kind(given.get(name, {}), "object", name)
    if "unknownSessionRedirectUrl" in given:
        url = given["unknownSessionRedirectUrl"] or None
        if url is not None:
            checks.url(url, "unknownSessionRedirectUrl")
        changes["unknownSessionRedirectUrl"] = url
    if checks.kind(given.get("passkeySignIn"), "object", "passkeySignIn", required=False):
        changes["passkeySignIn"] = only(given["passkeySignIn"], _PASSKEY_KEYS)
    name = "verificationCodePolicy"
    if checks.kind(given.get(name), "object", name, required=False):
        for key, limits in _CODE_POLICY_LIMITS.items():
            checks.between(given[name].get(key), *limits, name, key)
        changes[name] = only(given[name], _CODE_POLICY_LIMITS)
    checks.refuse()
    return changes


class _Rules:
    """What must fit together, in the tenant as it would be after the changes."""

    def __init__(self, tenant: Tenant, changes: dict[str, Any]) -> None:
        after = tenant.experience | changes
        self._changes = changes
        self._has_sms = tenant.connector is not None
        self._sign_up: dict[str, Any] = after["signUp"]
        self._methods: list[dict[str, Any]] = after["signIn"].get("methods", [])
        self._mfa: dict[str, Any] = after["mfa"]
        self._adaptive_mfa: bool = after["adaptiveMfa"].get("enabled", False)

    def apply(self) -> None:
        """Raise ApiRefused for the first rule that is broken."""
        if "signUp" in self._changes:
            self._check_sign_up()
        if "signIn" in self._changes:
            self._check_sign_in()
        if "mfa" in self._changes:
            self._check_mfa()
        for method in self._changes.get("forgotPasswordMethods") or []:
            kind = "sms" if method == _SMS_FACTOR else "email"
            if kind == "email" or not self._has_sms:
                raise _refused(
                    "forgot_password_method_requires_connector",
                    f"Forgot password method requires a corresponding {kind} connector to be "
                    "configured.",
                )

    def _check_sign_up(self) -> None:
        identifiers = list(self._sign_up.get("identifiers", []))
        others = self._sign_up.get("secondaryIdentifiers", [])
        self._need_connectors(*identifiers, *(each.get("identifier") for each in others))
        if {"phone", "email"} & set(identifiers) and not self._sign_up.get("verify"):
            message = "Must enable verify for email/phone sign up identifier."
            raise _refused("passwordless_requires_verify", message)

    def _check_sign_in(self) -> None:
        by_code = [each["identifier"] for each in self._methods if each["verificationCode"]]
        self._need_connectors(*by_code)
        if not all(each["password"] or each["verificationCode"] for each in self._methods):
            message = "You have to select at least one authentication factor."
            raise _refused("at_least_one_authentication_factor", message)
        without = [each for each in self._methods if not each["verificationCode"]]
        if not self._sign_up.get("password") and any(
            each["identifier"] in _CONNECTOR_TYPES for each in without
        ):
            message = (
                "Verification code sign in must be enabled when set a password is not required "
                "in sign up."
            )
            raise _refused("code_sign_in_must_be_enabled", message)
        if "phone" in by_code and _SMS_FACTOR in self._mfa.get("factors", []):
            message = "SMS verification code cannot be used for sign-in when it is enabled for MFA."
            raise _refused("phone_verification_code_cannot_be_used_for_sign_in", message)

    def _check_mfa(self) -> None:
        factors = self._mfa.get("factors", [])
        if len(set(factors)) < len(factors):
            raise _refused("duplicated_mfa_factors", "Duplicated MFA factors.")
        if factors == ["BackupCode"]:
            message = "Backup code cannot be enabled alone."
            raise _refused("backup_code_cannot_be_enabled_alone", message)
        by_sms = any(
            each["identifier"] == "phone" and each["verificationCode"] for each in self._methods
        )
        if by_sms and _SMS_FACTOR in factors:
            message = (
                "SMS verification code cannot be used for MFA when SMS verification is enabled "
                "for sign-in."
            )
            raise _refused("phone_verification_code_cannot_be_used_for_mfa", message)
        if self._mfa.get("policy") in _ADAPTIVE_ONLY and not self._adaptive_mfa:
            message = (
                "When adaptive MFA is disabled, MFA prompt policy must be skippable. Do not use "
                "PromptOnlyAtSignInMandatory or PromptAtSignInAndSignUpMandatory."
            )
            raise _refused("non_adaptive_mfa_requires_skippable_policy", message, 422)

    def _need_connectors(self, *identifiers: str) -> None:
        for identifier in identifiers:
            kind = _CONNECTOR_TYPES.get(identifier)
            if kind == "Email" or (kind == "Sms" and not self._has_sms):
                message = f"Enabled {kind} connector not found."
                raise _refused("enabled_connector_not_found", message)


def _refused(code: str, message: str, status: int = 400) -> ApiRefused:
    return ApiRefused(status, f"sign_in_experiences.{code}", message)
