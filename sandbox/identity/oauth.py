"""authlib's authorization server with Logto's clients and Logto's answers."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from authlib.integrations.flask_oauth2 import AuthorizationServer  # type: ignore[import-untyped]
from authlib.oauth2 import OAuth2Error, OAuth2Request  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped]
    ClientMixin,
    InvalidClientError,
    OAuth2Payload,
    UnsupportedResponseTypeError,
)
from flask import Response, request

from sandbox.identity import answers, errors
from sandbox.identity.errors import Refused
from sandbox.identity.jwts import id_token_claims, only
from sandbox.identity.settings import OIDC_SCOPES

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from werkzeug.datastructures import MultiDict

    from sandbox.identity.jwts import SigningKeys
    from sandbox.identity.records import Authorization, Session
    from sandbox.identity.settings import Application, IdentitySettings
    from sandbox.identity.tenant import Tenant
    from sandbox.identity.token_store import TokenStore

CLIENT_AUTHENTICATION = ["client_secret_basic", "client_secret_post"]


class Client(ClientMixin):  # type: ignore[misc]
    """An application, with the methods that authlib calls."""

    def __init__(
        self, application: Application, live_secrets: Collection[str], known_scopes: frozenset[str]
    ) -> None:
        self.application = application
        self._live_secrets = live_secrets
        self._known_scopes = known_scopes

    def get_default_redirect_uri(self) -> None:
        """Return none: the code grant knows when the redirect URI may be missing."""

    def get_allowed_scope(self, scope: str | None) -> str:
        """Drop unknown scopes silently, as Logto does."""
        return only(scope or "", self._known_scopes)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Compare exactly."""
        return redirect_uri in self.application.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        """Compare in constant time."""
        given = client_secret.encode()
        return any(hmac.compare_digest(given, each.encode()) for each in self._live_secrets)

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        """Allow Basic and form credentials everywhere."""
        return method in CLIENT_AUTHENTICATION

    def check_response_type(self, response_type: str | None) -> bool:
        """Allow the code flow only; a missing type is refused later."""
        return response_type in (None, "code")

    def check_grant_type(self, grant_type: str) -> bool:
        """Allow machine-to-machine applications their grant, and others all other grants."""
        return (grant_type == "client_credentials") == self.application.machine_to_machine


class Values(OAuth2Payload):  # type: ignore[misc]
    """Parameters as authlib reads them."""

    def __init__(self, values: MultiDict[str, str]) -> None:
        self._values = values

    @property
    def data(self) -> MultiDict[str, str]:
        """One value of each name."""
        return self._values

    @property
    def datalist(self) -> dict[str, list[str]]:
        """All values of each name."""
        return dict(self._values.lists())


class ParametersRequest(OAuth2Request):  # type: ignore[misc]
    """A request that can outlast its HTTP request: an authorization request waits for a sign-in."""

    def __init__(self, values: MultiDict[str, str]) -> None:
        super().__init__(request.method, request.url, headers=request.headers)
        self.payload = Values(values)
        self.session: Session | None = None
        self._values = values

    @property
    def form(self) -> MultiDict[str, str]:
        """The same parameters: the provider takes them from the query and from a form alike."""
        return self._values


class LogtoAuthorizationServer(AuthorizationServer):  # type: ignore[misc]
    """Finds clients in the tenant and answers, errors above all, as Logto does."""

    def __init__(
        self, settings: IdentitySettings, tenant: Tenant, tokens: TokenStore, keys: SigningKeys
    ) -> None:
        super().__init__()
        self.settings = settings
        self.tenant = tenant
        self.tokens = tokens
        self.keys = keys
        self._known_scopes = frozenset(OIDC_SCOPES).union(
            settings.organization_permissions,
            *(resource.scopes for resource in settings.api_resources),
        )

    def query_client(self, client_id: str) -> Client:
        """Find a client; an unknown one is a 400 even where authlib would make it a 401.

        The Management API takes redirect URIs that the provider then refuses, and with them every
        request of their application.
        """
        application = self.tenant.application(client_id)
        if application is None:
            raise Refused("invalid_client", f"invalid client {client_id}")
        for uri in application.redirect_uris:
            if urlsplit(uri).scheme not in {"http", "https"}:
                raise Refused("invalid_redirect_uri", "redirect_uris must only contain web uris")
            if "#" in uri:
                raise Refused("invalid_redirect_uri", "redirect_uris must not contain fragments")
        return Client(application, self.tenant.live_secrets(client_id), self._known_scopes)

    def authenticate_client(
        self, oauth_request: ParametersRequest, methods: Sequence[str], endpoint: str = "token"
    ) -> Client:
        """Return the client that calls; a call that names none is a 400."""
        if "client_id" not in oauth_request.form and "Authorization" not in request.headers:
            raise Refused("invalid_request", "no client authentication mechanism provided")
        found: Client = super().authenticate_client(oauth_request, methods, endpoint)
        return found

    def create_oauth2_request(self, given: ParametersRequest | None) -> ParametersRequest:
        """Return the current request, or the one that has waited for a sign-in."""
        return given or ParametersRequest(request.values.copy())

    def with_id_token(self, token: dict[str, Any], authorization: Authorization) -> dict[str, Any]:
        """Return a token response with an ID token, where `openid` was granted."""
        if "openid" not in authorization.scopes:
            return token
        claims = id_token_claims(authorization, self.settings)
        return token | {"id_token": self.keys.sign(claims)}

    def handle_response(
        self, status: int, payload: Any, headers: Sequence[tuple[str, str]]
    ) -> Response:
        """Turn what authlib decided into a response."""
        if status == 302:  # noqa: PLR2004 - authlib's redirect; Logto's is a 303
            return answers.see_other(dict(headers)["Location"])
        if isinstance(payload, dict):
            return answers.json(payload, status)
        return Response(payload, status, headers)

    def handle_error_response(
        self, oauth_request: ParametersRequest, error: OAuth2Error
    ) -> Response:
        """Send the error to the application's callback, or to the caller as JSON."""
        if error.redirect_uri:
            parameters = {
                "error": error.error,
                "error_description": errors.description_of(error),
                "state": oauth_request.payload.data.get("state"),
                "iss": self.settings.issuer,
            }
            in_fragment = isinstance(error, UnsupportedResponseTypeError)
            return answers.callback(error.redirect_uri, parameters, fragment=in_fragment)
        response = answers.json(errors.body_of(error), error.status_code)
        by_basic = request.authorization is not None and request.authorization.type == "basic"
        if isinstance(error, InvalidClientError) and by_basic:
            response.headers["WWW-Authenticate"] = challenge("Basic", self.settings.issuer, error)
        return response


def challenge(scheme: str, realm: str, error: OAuth2Error) -> str:
    """Return a WWW-Authenticate value that names the error."""
    return (
        f'{scheme} realm="{realm}", error="{error.error}", '
        f'error_description="{errors.description_of(error)}"'
    )
