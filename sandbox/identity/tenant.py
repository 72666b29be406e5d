"""What an administrator sets up at Logto: applications, the SMS connector, the sign-in experience.

All of it is kept as the Management API shows it. PATCH replaces some objects whole, and what
somebody else has put there must come back as it was, whether the stand-in makes use of it or not.
"""

from __future__ import annotations

import secrets
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.identity.codes import CodePolicy
from sandbox.identity.settings import Application, Connector

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from threading import RLock

    from sandbox.identity.settings import IdentitySettings

HTTP_SMS = "http-sms"
WITH_SECRETS = ("Traditional", "MachineToMachine", "Protected")
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_SECRET_ALPHABET = _ALPHABET + _ALPHABET[:26].upper()
_APPLICATION_ID_LENGTH, _CONNECTOR_ID_LENGTH, _SECRET_LENGTH = 21, 12, 32


@dataclass(slots=True)
class Registration:
    """An application as the Management API shows it, its secrets, and whether it has the role.

    `manages_logto` stands for the role "Logto Management API access".
    """

    resource: dict[str, Any]
    secrets: list[dict[str, Any]] = field(default_factory=list, repr=False)
    manages_logto: bool = False

    def application(self) -> Application:
        """Return what signing in needs to know of it."""
        uris, custom = self.resource["oidcClientMetadata"], self.resource["customClientMetadata"]
        return Application(
            app_id=self.resource["id"],
            app_secret=self.secrets[0]["value"] if self.secrets else "",
            redirect_uris=tuple(uris["redirectUris"]),
            post_logout_redirect_uris=tuple(uris["postLogoutRedirectUris"]),
            backchannel_logout_uri=uris.get("backchannelLogoutUri"),
            backchannel_logout_session_required=uris.get("backchannelLogoutSessionRequired", False),
            always_issue_refresh_token=custom.get("alwaysIssueRefreshToken", False),
            third_party=self.resource["isThirdParty"],
            machine_to_machine=self.resource["type"] == "MachineToMachine",
            manages_logto=self.manages_logto,
            name=self.resource["name"],
        )


@dataclass(slots=True)
class SmsConnector:
    """The tenant's one SMS connector: `connector_id` says of which kind it is."""

    id: str
    connector_id: str
    config: dict[str, Any] = field(repr=False)


class Tenant:
    """The tenant; whoever changes what it returns holds its `lock`.

    Without a connector in the settings it begins as a new tenant of Logto's does: users would sign
    in with a name and a password, which the stand-in's pages don't have.
    """

    def __init__(self, lock: RLock, settings: IdentitySettings) -> None:
        self.lock = lock
        self.registrations: dict[str, Registration] = {}
        self.connector: SmsConnector | None = None
        self.experience = _default_experience()
        self._clock: Callable[[], float] = settings.clock
        self._first_application_id = settings.first_application_id
        for application in settings.applications:
            self._register(application)
        if settings.connector is not None:
            config = {
                "endpoint": settings.connector.endpoint,
                "authorization": settings.connector.authorization,
            }
            self.connector = SmsConnector(new_connector_id(), HTTP_SMS, config)
            self.experience |= deepcopy(_BY_PHONE)
        self.experience["unknownSessionRedirectUrl"] = settings.unknown_session_redirect_url

    def application(self, app_id: str | None) -> Application | None:
        """Return the application of that id, if there is one."""
        with self.lock:
            registration = self.registrations.get(app_id or "")
            return registration.application() if registration else None

    def applications(self) -> list[Application]:
        """Return all applications."""
        with self.lock:
            return [each.application() for each in self.registrations.values()]

    def live_secrets(self, app_id: str) -> list[str]:
        """Return the secrets with which an application can authenticate now."""
        now = self.now_milliseconds()
        with self.lock:
            held = self.registrations[app_id].secrets
            return [each["value"] for each in held if not 0 < (each["expiresAt"] or 0) <= now]

    def http_connector(self) -> Connector | None:
        """Return where codes are posted; None where the connector is of another kind or missing."""
        with self.lock:
            if self.connector is None or self.connector.connector_id != HTTP_SMS:
                return None
            config = self.connector.config
            return Connector(config["endpoint"], config.get("authorization"))

    def code_policy(self) -> CodePolicy:
        """Return how long codes live and how many tries they take, as it is set at the moment."""
        policy: Mapping[str, int] = self.experience["verificationCodePolicy"]
        default = CodePolicy()
        return CodePolicy(
            policy.get("expirationDuration", default.life_seconds),
            policy.get("maxRetryAttempts", default.max_wrong),
        )

    def offers(self, screen: str) -> bool:
        """Whether a screen ("sign-in", "register", …) asks for a number and then for a code."""
        if screen == "register":
            return "phone" in self.experience["signUp"]["identifiers"]
        if screen == "forgot-password":
            return "PhoneVerificationCode" in (self.experience["forgotPasswordMethods"] or [])
        methods = self.experience["signIn"]["methods"]
        return any(each["identifier"] == "phone" and each["verificationCode"] for each in methods)

    def new_application_id(self) -> str:
        """Return the id of an application that is about to be created."""
        with self.lock:
            first, self._first_application_id = self._first_application_id, None
        return first or _random(_ALPHABET, _APPLICATION_ID_LENGTH)

    def now_milliseconds(self) -> int:
        """Return the time as the Management API writes it."""
        return int(self._clock() * 1000)

    def new_secret(self, app_id: str, name: str, expires_at: int | None = None) -> dict[str, Any]:
        """Return a new secret of an application, as the Management API shows it."""
        return self._secret(app_id, name, _random(_SECRET_ALPHABET, _SECRET_LENGTH), expires_at)

    def _secret(
        self, app_id: str, name: str, value: str, expires_at: int | None = None
    ) -> dict[str, Any]:
        return {
            "tenantId": "default",
            "applicationId": app_id,
            "name": name,
            "value": value,
            "createdAt": self.now_milliseconds(),
            "expiresAt": expires_at,
        }

    def _register(self, application: Application) -> None:
        uris: dict[str, Any] = {
            "redirectUris": list(application.redirect_uris),
            "postLogoutRedirectUris": list(application.post_logout_redirect_uris),
        }
        if application.backchannel_logout_uri is not None:
            uris["backchannelLogoutUri"] = application.backchannel_logout_uri
            required = application.backchannel_logout_session_required
            uris["backchannelLogoutSessionRequired"] = required
        custom = {"alwaysIssueRefreshToken": True} if application.always_issue_refresh_token else {}
        resource = new_application(
            application.app_id,
            application.name or application.app_id,
            "MachineToMachine" if application.machine_to_machine else "Traditional",
            self.now_milliseconds(),
        )
        resource |= {
            "oidcClientMetadata": uris,
            "customClientMetadata": custom,
            "isThirdParty": application.third_party,
        }
        app_id = application.app_id
        held = [self._secret(app_id, "Default secret", application.app_secret)]
        self.registrations[app_id] = Registration(resource, held, application.manages_logto)


def new_application(app_id: str, name: str, kind: str, created_at: int) -> dict[str, Any]:
    """Return a new application as the Management API shows it."""
    return {
        "tenantId": "default",
        "id": app_id,
        "name": name,
        "description": None,
        "type": kind,
        "oidcClientMetadata": {"redirectUris": [], "postLogoutRedirectUris": []},
        "customClientMetadata": {},
        "protectedAppMetadata": None,
        "customData": {},
        "isThirdParty": False,
        "appLevelAccessControlEnabled": False,
        "createdAt": created_at,
    }


def new_connector_id() -> str:
    """Return an id as Logto makes one for a connector."""
    return _random(_ALPHABET, _CONNECTOR_ID_LENGTH)


def _random(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


_BY_PHONE: dict[str, Any] = {
    "signIn": {
        "methods": [
            {
                "identifier": "phone",
                "password": False,
                "verificationCode": True,
                "isPasswordPrimary": False,
            }
        ]
    },
    "signUp": {"identifiers": ["phone"], "password": False, "verify": True},
    "forgotPasswordMethods": ["PhoneVerificationCode"],
}


def _default_experience() -> dict[str, Any]:
    """Return the sign-in experience of a new tenant."""
    return {
        "tenantId": "default",
        "id": "default",
        "color": {
            "primaryColor": "#6139F6",
            "isDarkModeEnabled": False,
            "darkPrimaryColor": "#8768F8",
        },
        "branding": {
            "logoUrl": "https://logto.io/logo.svg",
            "darkLogoUrl": "https://logto.io/logo-dark.svg",
        },
        "hideLogtoBranding": False,
        "languageInfo": {"autoDetect": True, "fallbackLanguage": "en"},
        "termsOfUseUrl": None,
        "privacyPolicyUrl": None,
        "agreeToTermsPolicy": "Automatic",
        "signIn": {
            "methods": [
                {
                    "identifier": "username",
                    "password": True,
                    "verificationCode": False,
                    "isPasswordPrimary": True,
                }
            ]
        },
        "signUp": {"identifiers": ["username"], "password": True, "verify": False},
        "socialSignIn": {},
        "socialSignInConnectorTargets": [],
        "signInMode": "SignInAndRegister",
        "customCss": None,
        "customContent": {},
        "customUiAssets": None,
        "customUiCsp": {},
        "passwordPolicy": {},
        "mfa": {"factors": [], "policy": "UserControlled"},
        "adaptiveMfa": {"enabled": False},
        "singleSignOnEnabled": False,
        "supportEmail": None,
        "supportWebsiteUrl": None,
        "unknownSessionRedirectUrl": None,
        "captchaPolicy": {},
        "sentinelPolicy": {},
        "emailBlocklistPolicy": {},
        "verificationCodePolicy": {},
        "forgotPasswordMethods": [],
        "passkeySignIn": {},
        "signUpProfileFields": None,
        "passwordExpiration": {},
        "usernamePolicy": {
            "caseSensitive": True,
            "minLength": 1,
            "maxLength": 128,
            "allowedChars": {
                "lowercase": True,
                "uppercase": True,
                "numbers": True,
                "underscore": True,
            },
        },
    }
