"""Users by the Management API: found by phone, suspended, deleted, and their sessions and grants.

As with Logto, no back-channel logout is sent for what ends here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from sandbox.identity import answers
from sandbox.identity.management.access import ApiRefused, body, guarded
from sandbox.identity.management.listing import matches, paged

if TYPE_CHECKING:
    from sandbox.identity.identity import Identity
    from sandbox.identity.records import Grant, Session, User


_GRANT_SECONDS = 180 * 86_400


def blueprint(identity: Identity) -> Blueprint:
    """Return the routes."""
    routes = guarded(identity, "users", "/api/users")
    known = _Known(identity)

    @routes.get("")
    def find() -> Response:
        phone = request.args.get("search.primaryPhone")
        exact = request.args.get("mode.primaryPhone") == "exact"
        found = [
            each
            for each in identity.users()
            if phone is None or (each.phone == phone if exact else matches(phone, each.phone))
        ]
        return paged([_user_json(each) for each in found])

    @routes.get("/<sub>")
    def user(sub: str) -> Response:
        return answers.json(_user_json(known.user(sub)) | {"hasPassword": False})

    @routes.patch("/<sub>/is-suspended")
    def suspend(sub: str) -> Response:
        known.user(sub)
        identity.suspend_user(sub, suspended=body().get("isSuspended") is True)
        return answers.json(_user_json(known.user(sub)) | {"hasPassword": False})

    @routes.delete("/<sub>")
    def delete(sub: str) -> Response:
        known.user(sub)
        identity.delete_user(sub)
        return Response(status=204)

    @routes.get("/<sub>/sessions")
    def sessions(sub: str) -> Response:
        return answers.json({"sessions": [_session_json(each) for each in known.sessions(sub)]})

    @routes.get("/<sub>/sessions/<uid>")
    def session(sub: str, uid: str) -> Response:
        return answers.json(_session_json(known.session(sub, uid)))

    @routes.delete("/<sub>/sessions/<uid>")
    def end_session(sub: str, uid: str) -> Response:
        _end_session(identity, known.session(sub, uid), request.args.get("revokeGrantsTarget"))
        return Response(status=204)

    @routes.get("/<sub>/grants")
    def grants(sub: str) -> Response:
        return answers.json({"grants": [_grant_json(each) for each in known.grants(sub)]})

    @routes.delete("/<sub>/grants/<grant_id>")
    def end_grant(sub: str, grant_id: str) -> Response:
        identity.tokens.revoke_grant(known.grant(sub, grant_id))
        return Response(status=204)

    return routes


def _end_session(identity: Identity, session: Session, target: str | None) -> None:
    if target not in (None, "all", "firstParty"):
        raise ApiRefused(400, "guard.invalid_input", "Error in request input.")
    for grant in session.grants.values():
        if target == "all" or (target == "firstParty" and not grant.application.third_party):
            identity.tokens.revoke_grant(grant)
    identity.close_session(session)


class _Known:
    """Users, and the sessions and grants of theirs that are valid now.

    An unknown user has neither.
    """

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def user(self, sub: str) -> User:
        for user in self._identity.users():
            if user.sub == sub:
                return user
        message = f"The users with ID `{sub}` does not exist."
        raise ApiRefused(404, "entity.not_exists_with_id", message)

    def sessions(self, sub: str) -> list[Session]:
        now = self._identity.settings.clock()
        return [each for each in self._identity.sessions_of(sub) if now < each.expires_at]

    def session(self, sub: str, uid: str) -> Session:
        for session in self.sessions(sub):
            if session.uid == uid:
                return session
        raise ApiRefused(404, "oidc.session_not_found", "Session not found.")

    def grants(self, sub: str) -> list[Grant]:
        oldest = self._identity.settings.clock() - _GRANT_SECONDS
        return [each for each in self._identity.tokens.grants_of(sub) if oldest < each.granted_at]

    def grant(self, sub: str, grant_id: str) -> Grant:
        for grant in self.grants(sub):
            if grant.id == grant_id:
                return grant
        raise ApiRefused(404, "oidc.invalid_grant", "Grant request is invalid.")


def _user_json(user: User) -> dict[str, Any]:
    signed_in_at = user.last_sign_in_at
    return {
        "id": user.sub,
        "username": None,
        "primaryEmail": None,
        "primaryPhone": user.phone,
        "name": None,
        "avatar": None,
        "customData": {},
        "identities": {},
        "lastSignInAt": None if signed_in_at is None else int(signed_in_at * 1000),
        "createdAt": int(user.created_at * 1000),
        "updatedAt": int(user.updated_at * 1000),
        "profile": {},
        "applicationId": None,
        "cimdClientId": None,
        "isSuspended": user.suspended,
    }


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
        "application": {"id": application.app_id, "name": application.name},
    }
