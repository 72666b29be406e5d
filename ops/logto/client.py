"""The calls of Logto's Management API."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ops.http_api import Answer, ApiError, Basic, Bearer, Parsed, call, parsed, unreadable
from ops.logto.resources import HTTP_SMS, Application, AppSecret, Connector, Credential, User

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


_SERVICE = "Logto"
_ALL = "all"
_RENEW_SECONDS = 60  # a token is not used in the last minute of its life
_PAGE_SIZE = 100
_TEST_SECONDS = 30.0  # Logto waits for the endpoint, which API Gateway gives 29 s
_SECRET_KEYS = frozenset({"authorization", "authToken", "accessToken", "phone"})


class Logto:
    """The tenant at `endpoint`; safe to use from several threads."""

    def __init__(
        self,
        endpoint: str,
        credential: Credential,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._credential = credential
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._token_ends_at = float("-inf")

    def __repr__(self) -> str:
        """Return where it is, without a secret."""
        return f"Logto({self._endpoint!r}, {self._credential!r})"

    def check(self) -> None:
        """Get a token, which shows whether the credential opens the API.

        Of the errors, `oidc.invalid_client` with status 400 means that the id is unknown at this
        host and with 401 that the secret is wrong, `oidc.invalid_target` that the resource is, and
        `auth.forbidden` that the application lacks its role.
        """
        self._bearer()

    def applications(self, name: str | None = None, kind: str = "Traditional") -> list[Application]:
        """Return the applications of a kind, the newest first; names are not unique."""
        found: list[Application] = []
        query: dict[str, Any] = {"types": kind, "page_size": _PAGE_SIZE}
        if name is not None:
            # A search in Logto is for a part of the name, in upper or lower case.
            query["search"] = f"%{name}%"
        page = 1
        while True:
            answer = self._call("GET", "applications", params={**query, "page": page})
            found += _every(Application.from_json, answer)
            if page * _PAGE_SIZE >= int(answer.headers.get("Total-Number", "0")):
                return [each for each in found if name is None or each.name == name]
            page += 1

    def application(self, app_id: str) -> Application:
        """Return an application; 404 `entity.not_exists_with_id` where there is none."""
        return _one(Application.from_json, self._call("GET", _path("applications", app_id)))

    def create_application(
        self, name: str, metadata: Mapping[str, Any], kind: str = "Traditional"
    ) -> Application:
        """Create an application; an equal name is no obstacle."""
        body = {"name": name, "type": kind, "oidcClientMetadata": metadata}
        return _one(Application.from_json, self._call("POST", "applications", json=body))

    def update_application(self, app_id: str, metadata: Mapping[str, Any]) -> Application:
        """Replace an application's metadata whole."""
        path, body = _path("applications", app_id), {"oidcClientMetadata": metadata}
        return _one(Application.from_json, self._call("PATCH", path, json=body))

    def secrets(self, app_id: str) -> list[AppSecret]:
        """Return an application's secrets, the oldest first; several may be valid."""
        path = _path("applications", app_id, "secrets")
        return _every(AppSecret.from_json, self._call("GET", path))

    def create_secret(self, app_id: str, name: str) -> AppSecret:
        """Add a secret; 422 `application.secret_name_exists` where the name is taken."""
        path = _path("applications", app_id, "secrets")
        body = {"name": name, "expiresAt": None}
        return _one(AppSecret.from_json, self._call("POST", path, json=body))

    def sms_connector(self) -> Connector | None:
        """Return the tenant's SMS connector, of which there is one at most."""
        found = _every(Connector.from_json, self._call("GET", "connectors"))
        return next((each for each in found if each.type == "Sms"), None)

    def create_connector(self, kind: str, config: Mapping[str, Any]) -> Connector:
        """Create an SMS connector, which silently deletes the one that was there."""
        body = {"connectorId": kind, "config": config}
        return _one(Connector.from_json, self._call("POST", "connectors", json=body))

    def update_connector(self, connector_id: str, config: Mapping[str, Any]) -> Connector:
        """Replace a connector's configuration whole."""
        path, body = _path("connectors", connector_id), {"config": config}
        return _one(Connector.from_json, self._call("PATCH", path, json=body))

    def send_test(self, phone: str, config: Mapping[str, Any], kind: str = HTTP_SMS) -> None:
        """Have Logto send the code 000000 to a number in E.164 with a configuration, saved or not.

        400 `connector.general` where the endpoint refused; its answer is in the message.
        """
        path = _path("connectors", kind, "test")
        body = {"phone": phone.removeprefix("+"), "config": config}
        self._call("POST", path, json=body, read_seconds=_TEST_SECONDS)

    def sign_in_experience(self) -> dict[str, Any]:
        """Return the sign-in experience, as Logto writes it."""
        return _object(self._call("GET", "sign-in-exp"))

    def update_sign_in_experience(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change the keys that are given, each of them whole; returns these as they are now.

        Logto drops keys that it does not know without a word: compare what is returned.
        """
        return _object(self._call("PATCH", "sign-in-exp", json=changes))

    def users_with_phone(self, phone: str) -> list[User]:
        """Return the users with a number in E.164."""
        digits = phone.removeprefix("+")
        query = {"search.primaryPhone": digits, "mode.primaryPhone": "exact"}
        return _every(User.from_json, self._call("GET", "users", hidden=(digits,), params=query))

    def create_one_time_token(self, email: str, seconds: int) -> dict[str, Any]:
        """Create a token that signs an e-mail address in once; return it as Logto writes it.

        Not measured: see https://docs.logto.io/end-user-flows/one-time-token.
        """
        body = {"email": email, "expiresIn": seconds}
        return _object(self._call("POST", "one-time-tokens", hidden=(email,), json=body))

    def _call(self, method: str, path: str, *, hidden: tuple[str, ...] = (), **more: Any) -> Answer:
        bearer = self._bearer()
        secrets = (*hidden, *_secrets_in(more.get("json")), bearer.token)
        url = f"{self._endpoint}/api/{path}"
        return call(_SERVICE, method, url, bearer, hidden=secrets, **more)

    def _bearer(self) -> Bearer:
        with self._lock:
            if self._clock() >= self._token_ends_at:
                self._renew()
            return Bearer(self._token)

    def _renew(self) -> None:
        credential, asked_at = self._credential, self._clock()
        form = {
            "grant_type": "client_credentials",
            "resource": credential.resource,
            "scope": _ALL,
        }
        answer = call(
            _SERVICE,
            "POST",
            f"{self._endpoint}/oidc/token",
            Basic(quote(credential.id, safe=""), quote(credential.secret, safe="")),
            hidden=(credential.secret,),
            data=form,
        )
        given = _object(answer)
        if _ALL not in str(given.get("scope", "")).split():
            # Logto gives such a token all the same, and then refuses every call with it.
            message = 'the application lacks the role "Logto Management API access"'
            raise ApiError(_SERVICE, "auth.forbidden", message, answer.status)
        try:
            self._token = str(given["access_token"])
            self._token_ends_at = asked_at + float(given["expires_in"]) - _RENEW_SECONDS
        except (KeyError, TypeError, ValueError):
            raise unreadable(_SERVICE) from None


def public_sign_in_experience(endpoint: str) -> dict[str, Any]:
    """Return what of the sign-in experience needs no credential; raises ApiError.

    Its `verificationCodePolicy` is empty where codes live 600 seconds and take ten tries.
    """
    url = f"{endpoint.rstrip('/')}/api/.well-known/sign-in-exp"
    return _object(call(_SERVICE, "GET", url))


def _path(*parts: str) -> str:
    return "/".join(quote(each, safe="") for each in parts)


def _secrets_in(body: Any) -> list[str]:
    """Return what an error must not repeat of a request's body."""
    if isinstance(body, dict):
        return [
            secret
            for name, value in body.items()
            for secret in ([value] if name in _SECRET_KEYS else _secrets_in(value))
            if isinstance(secret, str)
        ]
    return []


def _one(parse: Callable[[Mapping[str, Any]], Parsed], answer: Answer) -> Parsed:
    return parsed(_SERVICE, parse, answer.body)


def _every(parse: Callable[[Mapping[str, Any]], Parsed], answer: Answer) -> list[Parsed]:
    if not isinstance(answer.body, list):
        raise unreadable(_SERVICE)
    return [parsed(_SERVICE, parse, each) for each in answer.body]


def _object(answer: Answer) -> dict[str, Any]:
    if not isinstance(answer.body, dict):
        raise unreadable(_SERVICE)
    return answer.body
