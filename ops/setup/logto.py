"""Logto's part of the plan: the application, the SMS connector, the sign-in experience."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ops.connector import write_privately
from ops.errors import OperatorError
from ops.errors.setting_up import APPLICATION_WRONG, BACKUP_FAILED, LOGTO_REFUSED, MFA_BY_SMS
from ops.http_api import ApiError
from ops.logto.client import public_sign_in_experience
from ops.logto.resources import HTTP_SMS, TWILIO_SMS
from ops.parameters import TEMPLATES
from ops.setup.plan import HIDDEN, MISSING
from ops.setup.store import APP_SECRET, AUTHORIZATION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from chalicelib.settings import Settings
    from ops.logto.client import Logto
    from ops.logto.resources import Application, Connector
    from ops.setup.plan import Plan
    from ops.setup.store import Store

_CODE_SECONDS = 600  # Logto's, where the tenant's policy names no other
_SMS_FACTOR = "PhoneVerificationCode"
_NOT_FOUND = 404
_BY_CODE = {
    "identifier": "phone",
    "password": False,
    "verificationCode": True,
    "isPasswordPrimary": False,
}
_CODE = re.compile(r"\{\{\s*code\s*\}\}")
_USAGE_TYPE = re.compile(r"[A-Za-z]{1,64}", re.ASCII)
_PUBLIC = frozenset({"accountSID", "fromMessagingServiceSID", "disableRiskCheck", "phoneNumberId"})


class LogtoSetup:
    """What is planned at one tenant, for a stage that answers at `url`.

    The configuration of a connector that is changed is first written to a new file in `backups`.
    """

    def __init__(  # noqa: PLR0913 - one run's parts
        self,
        plan: Plan,
        store: Store,
        settings: Settings,
        logto: Logto,
        *,
        url: str,
        backups: Path,
    ) -> None:
        self._plan, self._store, self._settings, self._logto = plan, store, settings, logto
        self._url, self._backups = url.rstrip("/"), backups
        self._app_id: str | None = None
        self.connector: Connector | None = logto.sms_connector()
        self.backup: Path | None = None

    @property
    def twilio_config(self) -> Mapping[str, Any] | None:
        """The configuration of Logto's own Twilio connector, if that is the tenant's."""
        found = self.connector
        return found.config if found is not None and found.kind == TWILIO_SMS else None

    def texts(self) -> dict[str, str]:
        """Return the texts of Logto's own Twilio connector, as parameters."""
        templates = (self.twilio_config or {}).get("templates") or []
        return {
            f"{TEMPLATES}{each['usageType']}": each["content"]
            for each in templates
            if _USAGE_TYPE.fullmatch(each.get("usageType") or "")
            and _CODE.search(each.get("content") or "")
        }

    @property
    def replaces_connector(self) -> bool:
        """Whether a connector that serves something else is going to be given up."""
        found = self.connector
        return found is not None and (
            found.kind != HTTP_SMS or found.config.get("endpoint") != self._endpoint
        )

    @property
    def connector_config(self) -> dict[str, Any]:
        """The connector's configuration as it is to be; other keys stay."""
        found = self.connector
        kept = found.config if found is not None and found.kind == HTTP_SMS else {}
        authorization = self._store.values.get(AUTHORIZATION)
        return {**kept, "endpoint": self._endpoint, "authorization": authorization}

    @property
    def _endpoint(self) -> str:
        return f"{self._url}/otp"

    def find_application(self) -> None:
        """Plan the application and its secret."""
        found = self._application()
        wanted = {
            "backchannelLogoutUri": f"{self._url}/backchannel-logout",
            "backchannelLogoutSessionRequired": True,
        }
        lists = {"redirectUris": f"{self._url}/callback", "postLogoutRedirectUris": f"{self._url}/"}
        if found is None:
            metadata = {name: [uri] for name, uri in lists.items()} | wanted
            name = f"portaria-{self._settings.stage}"
            self._plan.add(
                "Logto",
                f"application {name}",
                MISSING,
                "Traditional web application with " + ", ".join(map(_shown, metadata.values())),
                lambda: self._create(name, metadata),
            )
        else:
            self._app_id = found.id
            held = dict(found.metadata)
            changed = {
                name: [*held.get(name, []), uri]
                for name, uri in lists.items()
                if uri not in held.get(name, [])
            } | {name: value for name, value in wanted.items() if held.get(name) != value}
            for name, value in changed.items():
                self._plan.add(
                    "Logto",
                    f"application {found.name}: {name}",
                    _shown(held.get(name)),
                    _shown(value),
                    self._changing(found.id, name, value),
                )
        self._find_secret()

    def find_connector(self) -> None:
        """Plan the connector; what was there is written to a file first."""
        found, wanted = self.connector, self.connector_config
        after = f"{HTTP_SMS}: endpoint={self._endpoint}, authorization={HIDDEN}"
        if found is None:
            self._plan.add("Logto", "SMS connector", MISSING, after, self._create_connector)
            return
        if found.kind == HTTP_SMS and dict(found.config) == wanted:
            return
        before = f"{found.kind}: {_masked(found.config)}"
        if self.replaces_connector:
            self._plan.notes.append(
                "A tenant has one SMS connector: whatever gets its codes by the present one won't "
                "any longer. Two stages need two tenants."
            )
        self._plan.add(
            "Logto",
            "SMS connector's configuration",
            "in Logto only",
            f"saved in {self._backups}, readable by you alone",
            lambda: self._save(found),
        )

        def change() -> None:
            self._logto.update_connector(found.id, self.connector_config)

        apply = change if found.kind == HTTP_SMS else self._create_connector
        self._plan.add("Logto", "SMS connector", before, after, apply)

    def find_experience(self) -> None:
        """Plan the sign-in experience. Raises OperatorError where Logto would refuse it."""
        held = self._logto.sign_in_experience()
        sign_in, sign_up = _with_phone(held)
        if _SMS_FACTOR in held.get("mfa", {}).get("factors", []):
            raise OperatorError(MFA_BY_SMS)
        mode = "SignInAndRegister" if held["signInMode"] == "Register" else held["signInMode"]
        # Logto checks ways to sign in and to sign up against each other: they go together.
        ways = {"signInMode": mode, "signIn": sign_in, "signUp": sign_up}
        self._plan_experience("sign-in and sign-up", held, ways)
        redirect = held.get("unknownSessionRedirectUrl") or f"{self._url}/sign-in"
        self._plan_experience(
            "unknown session redirect URL", held, {"unknownSessionRedirectUrl": redirect}
        )
        unknown = held.get("unknownSessionRedirectUrl")
        if unknown and unknown != f"{self._url}/sign-in":
            self._plan.notes.append(
                f"The unknown session redirect URL stays {unknown}: a tab whose sign-in another "
                "tab has replaced is not led back to this stage."
            )
        if held["signInMode"] == "SignIn":
            self._plan.notes.append("The tenant lets nobody sign up; that stays.")
        self._compare_lifetime()

    def _application(self) -> Application | None:
        try:
            found = self._logto.application(self._settings.logto_app_id)
        except ApiError as error:
            if error.status != _NOT_FOUND:
                raise
        else:
            if found.kind != "Traditional":
                raise OperatorError(
                    APPLICATION_WRONG,
                    f"The application {found.name} is of the type {found.kind}, not Traditional.",
                )
            return found
        named = self._logto.applications(f"portaria-{self._settings.stage}")
        callback = f"{self._url}/callback"
        # Names are not unique: one that leads here was made by an earlier run.
        ours = [each for each in named if callback in each.metadata.get("redirectUris", [])]
        if ours:
            self._tell_app_id(ours[0].id)
        return ours[0] if ours else None

    def _find_secret(self) -> None:
        held = self._store.values.get(APP_SECRET)
        if self._app_id is not None:
            now = datetime.now(UTC).timestamp() * 1000
            live = [
                each.value
                for each in self._logto.secrets(self._app_id)
                if each.expires_at is None or each.expires_at > now
            ]
            if held in live:
                return
        before = MISSING if held is None else f"{HIDDEN}, which is not a secret of the application"
        after = f"{HIDDEN}, the application's secret"
        self._plan.add("AWS", self._store.path(APP_SECRET), before, after, self._put_secret)

    def _create(self, name: str, metadata: Mapping[str, Any]) -> None:
        self._app_id = self._logto.create_application(name, metadata).id
        self._tell_app_id(self._app_id)

    def _tell_app_id(self, app_id: str) -> None:
        if app_id != self._settings.logto_app_id:
            stage = self._settings.stage
            self._plan.remaining.append(f"portaria deploy --stage {stage} LOGTO_APP_ID={app_id}")

    def _put_secret(self) -> None:
        assert self._app_id is not None  # noqa: S101 - created before
        secrets = self._logto.secrets(self._app_id)
        now = datetime.now(UTC).timestamp() * 1000
        live = [each for each in secrets if each.expires_at is None or each.expires_at > now]
        if not live:
            name = f"portaria {datetime.now(UTC):%Y-%m-%d %H:%M}"
            live = [self._logto.create_secret(self._app_id, name)]
        self._store.put(APP_SECRET, live[-1].value)

    def _changing(self, app_id: str, name: str, value: Any) -> Callable[[], None]:
        def apply() -> None:
            # Logto replaces the whole: what somebody else changed in the meantime must stay.
            metadata = dict(self._logto.application(app_id).metadata)
            self._logto.update_application(app_id, metadata | {name: value})

        return apply

    def _plan_experience(
        self, what: str, held: Mapping[str, Any], wanted: Mapping[str, Any]
    ) -> None:
        changes = {name: value for name, value in wanted.items() if value != held.get(name)}
        if not changes:
            return

        def apply() -> None:
            answered = self._logto.update_sign_in_experience(changes)
            # Logto drops keys that it does not know without a word.
            if not changes.keys() <= answered.keys():
                raise OperatorError(LOGTO_REFUSED, f"Logto did not take over the {what}.")

        before = "; ".join(_experience_shown(name, held.get(name)) for name in changes)
        after = "; ".join(_experience_shown(name, value) for name, value in changes.items())
        self._plan.add("Logto", what, before, after, apply)

    def _create_connector(self) -> None:
        self.connector = self._logto.create_connector(HTTP_SMS, self.connector_config)

    def _save(self, connector: Connector) -> None:
        """Write a connector to a new file that only its owner can read."""
        moment = f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
        path = self._backups / f"{self._settings.stage}-{connector.kind}-{moment}.json"
        saved = {"connectorId": connector.kind, "config": connector.config}
        try:
            self._backups.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_privately(path, f"{json.dumps(saved, indent=2)}\n")
        except OSError as error:
            raise OperatorError(
                BACKUP_FAILED, f"{path} can't be written ({type(error).__name__})."
            ) from None
        self.backup = path

    def _compare_lifetime(self) -> None:
        policy = public_sign_in_experience(self._settings.logto_endpoint).get(
            "verificationCodePolicy", {}
        )
        theirs = policy.get("expirationDuration", _CODE_SECONDS)
        ours = self._settings.code_lifetime_seconds
        if theirs != ours:
            self._plan.notes.append(
                f"Logto's codes live {theirs} s, but CODE_LIFETIME_SECONDS is {ours}: set it to "
                f"{theirs} in .chalice/config.json and deploy."
            )


def _with_phone(held: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return `signIn` and `signUp` with the phone and a verification code.

    Ways to sign in stay, and so does signing up by e-mail. A user name can't stay beside the phone
    at sign-up: Logto would ask new users for both, and for a password.
    """
    sign_in, sign_up = deepcopy(held["signIn"]), deepcopy(held["signUp"])
    methods = sign_in.setdefault("methods", [])
    by_phone = next((each for each in methods if each["identifier"] == "phone"), None)
    if by_phone is None:
        methods.append(dict(_BY_CODE))
    else:
        by_phone["verificationCode"] = True
    identifiers = sign_up.get("identifiers", [])
    if "phone" not in identifiers:
        kept = [each for each in identifiers if each != "username"]
        sign_up |= {"identifiers": [*kept, "phone"], "verify": True}
        if not kept:
            sign_up["password"] = False
    elif not sign_up.get("verify"):
        sign_up["verify"] = True
    return sign_in, sign_up


def _masked(config: Mapping[str, Any]) -> str:
    """Return a configuration for people; only what is known to be no secret is in it."""
    return ", ".join(f"{name}={_public(name, value)}" for name, value in config.items())


def _public(name: str, value: Any) -> str:
    if name == "templates" and isinstance(value, list):
        return f"{len(value)} texts"
    if name == "endpoint":
        # Its query, or what is before the host, may be a password.
        found = urlsplit(str(value))
        return f"{found.scheme}://{found.netloc.rpartition('@')[2]}{found.path}"
    return str(value) if name in _PUBLIC else HIDDEN


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "session required" if value else "session not required"
    return "none" if value is None else str(value)


def _experience_shown(name: str, value: Any) -> str:
    if name == "signIn":
        return f"sign in with {', '.join(map(_method, value.get('methods', []))) or 'nothing'}"
    if name == "signUp":
        ways = [
            word for key, word in (("password", "password"), ("verify", "code")) if value.get(key)
        ]
        by = " or ".join(value.get("identifiers", [])) or "nothing"
        return f"sign up with {' and '.join([by, *ways])}"
    return _shown(value)


def _method(given: Mapping[str, Any]) -> str:
    ways = [
        word
        for word, is_on in (("code", given["verificationCode"]), ("password", given["password"]))
        if is_on
    ]
    return f"{given['identifier']} by {' or '.join(ways)}"
