"""The authorization endpoint: from an application's request to its callback, or to a page first.

The page for consent, which only third-party applications need, is here too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from authlib.oauth2 import OAuth2Error  # type: ignore[import-untyped]
from flask import Blueprint, Response, request

from sandbox.identity import answers, errors
from sandbox.identity.code_grant import CodeGrant, LogtoRules, S256Challenge
from sandbox.identity.errors import Refused
from sandbox.identity.interactions import APPLICATION, NoInteraction

if TYPE_CHECKING:
    from flask import Response

    from sandbox.identity.identity import Identity
    from sandbox.identity.interactions import Interaction
    from sandbox.identity.oauth import ParametersRequest
    from sandbox.identity.records import Session


_FIRST_SCREENS = {
    "register": "/register",
    "signUp": "/register",  # the older parameter interaction_mode
    "reset_password": "/reset-password",
    "identifier:sign_in": "/identifier-sign-in",
    "identifier:register": "/identifier-register",
}
_FOR_THE_PAGE = ("ui_locales", "one_time_token", "login_hint", "identifier")


def blueprint(identity: Identity) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("authorization", __name__)
    identity.server.register_grant(CodeGrant, [S256Challenge(required=False), LogtoRules()])

    @routes.route("/oidc/auth", methods=["GET", "POST"])
    def begin() -> Response:
        return _answer(identity, identity.server.create_oauth2_request(None), None)

    @routes.get("/oidc/auth/<uid>")
    def resume(uid: str) -> Response:
        try:
            interaction = identity.interactions.find(request, uid)
        except NoInteraction:
            return _expired(identity)
        return _answer(identity, interaction.oauth_request, interaction)

    @routes.route("/consent", methods=["GET", "POST"])
    def consent() -> Response:
        interaction = identity.interactions.of(request)
        if interaction.user is None:
            raise NoInteraction
        if request.method == "POST" and request.form.get("answer") == "allow":
            interaction.consented = True
            return answers.see_other(f"/oidc/auth/{interaction.uid}")
        if request.method == "POST":
            # Logto goes to the bare callback URL then, without error, state or anything else.
            response = answers.see_other(interaction.parameter("redirect_uri") or "/")
            identity.interactions.finish(response, request, interaction)
            return response
        return answers.page(
            "consent.html",
            ui_locales=interaction.parameter("ui_locales"),
            app_id=interaction.application.app_id,
            scopes=interaction.oauth_request.scope.split(),
        )

    return routes


def _answer(
    identity: Identity, oauth_request: ParametersRequest, interaction: Interaction | None
) -> Response:
    session = identity.session(request.cookies.get(answers.SESSION_COOKIE))
    user = session.user if session else None
    if interaction is not None and interaction.user is not None:
        user = interaction.user
    try:
        grant: CodeGrant = identity.server.get_consent_grant(oauth_request, end_user=user)
        fresh = interaction is not None and interaction.user is not None
        if user is None or (not fresh and _needs_a_new_sign_in(identity, grant, session)):
            return _to_sign_in(identity, grant)
        application = grant.client.application
        if application.app_id in user.barred_from:
            denied = Refused("access_denied", "Access denied.")
            denied.redirect_uri = grant.redirect_uri
            raise denied
    except OAuth2Error as error:
        return _error(identity, oauth_request, error)
    if application.third_party and not (interaction is not None and interaction.consented):
        interaction = interaction or identity.interactions.begin(oauth_request, application)
        interaction.user = user
        return _to_page(identity, interaction, "/consent")
    oauth_request.session = identity.open_session(user, session, fresh=fresh)
    response: Response = identity.server.create_authorization_response(
        oauth_request, grant_user=user, grant=grant
    )
    answers.announce_application(response, application.app_id)
    answers.set_cookie(
        response,
        answers.SESSION_COOKIE,
        oauth_request.session.id,
        identity.settings.lifetimes.session_seconds,
    )
    if interaction is not None:
        identity.interactions.finish(response, request, interaction)
    return response


def _needs_a_new_sign_in(identity: Identity, grant: CodeGrant, session: Session | None) -> bool:
    max_age = grant.request.payload.data.get("max_age", "")
    is_older = (
        session is not None
        and max_age.isdigit()
        and identity.settings.clock() - session.authenticated_at > int(max_age)
    )
    return grant.prompt == "login" or is_older


def _to_sign_in(identity: Identity, grant: CodeGrant) -> Response:
    interaction = identity.interactions.begin(grant.request, grant.client.application)
    first_screen = interaction.parameter("first_screen") or interaction.parameter(
        "interaction_mode"
    )
    screen = _FIRST_SCREENS.get(first_screen or "", "/sign-in")
    direct = interaction.parameter("direct_sign_in")
    if not direct:
        return _to_page(identity, interaction, screen)
    method, _, target = direct.partition(":")
    path = "/".join(["/direct", *filter(None, (quote(method), quote(target)))])
    return _to_page(identity, interaction, path, fallback=screen.removeprefix("/"))


def _to_page(identity: Identity, interaction: Interaction, path: str, **more: str) -> Response:
    app_id = interaction.application.app_id
    query = {APPLICATION: app_id}
    for name in _FOR_THE_PAGE:
        value = interaction.parameter(name)
        if value is not None:
            query[name] = value
    response = answers.see_other(f"{path}?{urlencode(query | more)}")
    answers.announce_application(response, app_id)
    identity.interactions.keep(response, request, interaction)
    return response


def _expired(identity: Identity) -> Response:
    issuer = identity.settings.issuer
    return answers.refusal(
        errors.session_not_found("authorization request has expired", iss=issuer)
    )


def _error(identity: Identity, oauth_request: ParametersRequest, error: OAuth2Error) -> Response:
    if error.redirect_uri:
        response: Response = identity.server.handle_error_response(oauth_request, error)
        return response
    body = errors.body_of(error)
    state = oauth_request.payload.data.get("state")
    if state is not None:
        body["state"] = state
    return answers.refusal(body | {"iss": identity.settings.issuer}, error.status_code)
