"""Of Logto's Management API what ends a user's sessions, and the tokens that open it.

As with Logto, no back-channel logout is sent for what ends here.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from authlib.oauth2.rfc6749.grants import (  # type: ignore[import-untyped]
    ClientCredentialsGrant as AuthlibGrant,
)
from flask import Blueprint, Response, request

from sandbox.identity import answers
from sandbox.identity.errors import Refused
from sandbox.identity.oauth import CLIENT_AUTHENTICATION
from sandbox.identity.settings import MANAGEMENT_API

if TYPE_CHECKING:
    from sandbox.identity.identity import Identity
    from sandbox.identity.records import Grant, Session
    from sandbox.identity.settings import IdentitySettings


_GRANT_SECONDS = 180 * 86_400


class _Refused(Exception):
    """Logto's answer where it refuses a request."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status = status
        self.body = {"code": code, "message": message}
        super().__init__(code)


def blueprint(identity: Identity) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("management", __name__, url_prefix="/api/users/<sub>")
    known = _Known(identity)
    identity.server.register_grant(ClientCredentialsGrant)

    @routes.errorhandler(_Refused)
    def refuse(refused: _Refused) -> Response:
        return answers.json(refused.body, refused.status)

    @routes.before_request
    def let_in() -> None:
        _let_in(identity, request.headers.get("Authorization"))

    @routes.get("/sessions")
    def sessions(sub: str) -> Response:
        return answers.json({"sessions": [_session_json(each) for each in known.sessions(sub)]})

    @routes.get("/sessions/<uid>")
    def session(sub: str, uid: str) -> Response:
        return answers.json(_session_json(known.session(sub, uid)))

    @routes.delete("/sessions/<uid>")
    def end_session(sub: str, uid: str) -> Response:
        _end_session(identity, known.session(sub, uid), request.args.get("revokeGrantsTarget"))
        return Response(status=204)

    @routes.get("/grants")
    def grants(sub: str) -> Response:
        return answers.json({"grants": [_grant_json(each) for each in known.grants(sub)]})

    @routes.delete("/grants/<grant_id>")
    def end_grant(sub: str, grant_id: str) -> Response:
        identity.tokens.revoke_grant(known.grant(sub, grant_id))
        return Response(status=204)

    return routes


def _let_in(identity: Identity, authorization: str | None) -> None:
    if authorization is None:
        code = "auth.authorization_header_missing"
        raise _Refused(401, code, "Authorization header is missing.")
    claims = identity.keys.read(authorization.removeprefix("Bearer ")) or {}
    alive = identity.settings.clock() < claims.get("exp", 0)
    if claims.get("aud") != MANAGEMENT_API or not alive:
        message = "Unauthorized. Please check credentials and its scope."
        raise _Refused(401, "auth.unauthorized", message)
    if claims.get("scope") != MANAGEMENT_SCOPE:
        message = "Forbidden. Please check your user roles and permissions."
        raise _Refused(403, "auth.forbidden", message)


def _end_session(identity: Identity, session: Session, target: str | None) -> None:
    if target not in (None, "all", "firstParty"):
        raise _Refused(400, "guard.invalid_input", "Error in request input.")
    for grant in session.grants.values():
        if target == "all" or (target == "firstParty" and not grant.application.third_party):
            identity.tokens.revoke_grant(grant)
    identity.close_session(session)


class _Known:
    """A user's sessions and grants that are valid now; an unknown user has none."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def sessions(self, sub: str) -> list[Session]:
        now = self._identity.settings.clock()
        return [each for each in self._identity.sessions_of(sub) if now < each.expires_at]

    def session(self, sub: str, uid: str) -> Session:
        for session in self.sessions(sub):
            if session.uid == uid:
                return session
        raise _Refused(404, "oidc.session_not_found", "Session not found.")

    def grants(self, sub: str) -> list[Grant]:
        oldest = self._identity.settings.clock() - _GRANT_SECONDS
        return [each for each in self._identity.tokens.grants_of(sub) if oldest < each.granted_at]

    def grant(self, sub: str, grant_id: str) -> Grant:
        for grant in self.grants(sub):
            if grant.id == grant_id:
                return grant
        raise _Refused(404, "oidc.invalid_grant", "Grant request is invalid.")


def _session_json(session: Session) -> dict[str, Any]:
    user, began_at = session.user, int(session.authenticated_at)
    living = {app_id: each for app_id, each in session.grants.items() if not each.revoked}
    application = next(iter(session.grants), None)
    return {
        "payload": {
            "exp": int(session.expires_at),
            "iat": began_at,
            "jti": session.id,
            "uid": session.uid,
            "kind": "Session",
            "loginTs": began_at,
            "accountId": user.sub,
            "authorizations": {
                app_id: {
                    "sid": session.sids[app_id],
                    "grantId": grant.id,
                    "persistsLogout": grant.offline,
                }
                for app_id, grant in living.items()
            },
        },
        "lastSubmission": {"interactionEvent": "SignIn", "userId": user.sub},
        "clientId": application,
        "accountId": user.sub,
        "expiresAt": int(session.expires_at * 1000),
    }


def _grant_json(grant: Grant) -> dict[str, Any]:
    granted_at, application = grant.granted_at, grant.application
    return {
        "id": grant.id,
        "payload": {
            "exp": int(granted_at) + _GRANT_SECONDS,
            "iat": int(granted_at),
            "jti": grant.id,
            "kind": "Grant",
            "clientId": application.app_id,
            "accountId": grant.user.sub,
            "openid": {"scope": grant.scope},
        },
        "expiresAt": int((granted_at + _GRANT_SECONDS) * 1000),
        "application": {"id": application.app_id, "name": application.app_id},
    }


MANAGEMENT_SCOPE = "all"


class ClientCredentialsGrant(AuthlibGrant):  # type: ignore[misc]
    """The client credentials grant: a machine-to-machine application's tokens for this API.

    As with Logto, an application that lacks the role, or did not request the only scope there
    is, gets a token as well: one without a scope, which opens nothing.
    """

    TOKEN_ENDPOINT_AUTH_METHODS = CLIENT_AUTHENTICATION

    def validate_token_request(self) -> None:
        """Check the resource too."""
        super().validate_token_request()
        requested = self.request.form.getlist("resource")
        if not requested:
            raise Refused(
                "invalid_target", "both `resource` and `organization_id` are not provided"
            )
        if requested != [MANAGEMENT_API]:
            raise Refused("invalid_target", "resource indicator is missing, or unknown")

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """Make the token."""
        settings: IdentitySettings = self.server.settings
        application = self.request.client.application
        now, lifetime = int(settings.clock()), settings.lifetimes.access_token_seconds
        requested = (self.request.payload.scope or "").split()
        granted = application.manages_logto and MANAGEMENT_SCOPE in requested
        scope = {"scope": MANAGEMENT_SCOPE} if granted else {}
        claims = {
            "jti": secrets.token_urlsafe(32),
            "sub": application.app_id,
            "iat": now,
            "exp": now + lifetime,
            **scope,
            "client_id": application.app_id,
            "iss": settings.issuer,
            "aud": MANAGEMENT_API,
        }
        token = self.server.keys.sign(claims, "at+jwt")
        body = {"access_token": token, "expires_in": lifetime, "token_type": "Bearer", **scope}
        return 200, body, self.TOKEN_RESPONSE_HEADER
