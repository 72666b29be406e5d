"""Sign-out: the end-session endpoint, and the logout tokens for the session's applications.

The endpoint answers with a form that a script submits at once: a visitor without JavaScript stays
on a blank page, signed in. Only the browser that got the form can submit it.
"""

from __future__ import annotations

import hmac
import secrets
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

import requests
from flask import Blueprint, Response, request

from sandbox.identity import answers, errors
from sandbox.identity.errors import Refused
from sandbox.identity.jwts import logout_token_claims

if TYPE_CHECKING:
    from sandbox.identity.identity import Identity
    from sandbox.identity.records import Session
    from sandbox.identity.settings import Application

_TIMEOUT_SECONDS = 2.5
_FORM_SECONDS = 3600
_CONTENT_SECURITY_POLICY = "default-src 'none'; script-src 'self'; frame-ancestors 'none'"


def blueprint(identity: Identity) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("logout", __name__, url_prefix="/oidc/session/end")
    targets: dict[str, str] = {}  # where to go after a sign-out, by the secret in its form

    @routes.errorhandler(Refused)
    def refuse(refusal: Refused) -> Response:
        return answers.refusal(errors.body_of(refusal), refusal.status_code)

    @routes.route("", methods=["GET", "POST"])
    def end_session() -> Response:
        target = _target(identity)
        xsrf = secrets.token_hex(24)
        targets[xsrf] = target
        response = answers.page("sign_out.html", xsrf=xsrf)
        response.headers["Content-Security-Policy"] = _CONTENT_SECURITY_POLICY
        answers.set_cookie(response, answers.LOGOUT_COOKIE, xsrf, _FORM_SECONDS)
        return response

    @routes.post("/confirm")
    def confirm() -> Response:
        xsrf = request.cookies.get(answers.LOGOUT_COOKIE, "")
        if xsrf not in targets:
            raise Refused("invalid_request", "could not find logout details")
        if not hmac.compare_digest(xsrf.encode(), request.form.get("xsrf", "").encode()):
            raise Refused("invalid_request", "xsrf token invalid")
        session = identity.session(request.cookies.get(answers.SESSION_COOKIE))
        if session is not None:
            identity.close_session(session)
            identity.settings.report(f"signed out: {session.user.sub}")
            _post_logout_tokens(identity, session)
        response = answers.see_other(targets.pop(xsrf))
        answers.delete_cookie(response, answers.SESSION_COOKIE)
        answers.delete_cookie(response, answers.LOGOUT_COOKIE)
        return response

    @routes.get("/success")
    def success() -> Response:
        return answers.page("signed_out.html")

    return routes


def _target(identity: Identity) -> str:
    """Return where to go afterwards; the client is named by its id or by an ID token.

    An `id_token_hint` is not needed, and no page asks the visitor to confirm.
    """
    client_id, hint = request.values.get("client_id"), request.values.get("id_token_hint")
    if hint is not None:
        audience = (identity.keys.read(hint) or {}).get("aud")
        if audience is None:
            raise Refused("invalid_request", "could not decode id_token_hint")
        if client_id not in (None, audience):
            raise Refused("invalid_request", "client_id does not match the provided id_token_hint")
        client_id = audience
    target = request.values.get("post_logout_redirect_uri")
    if target is None:
        return f"{identity.settings.issuer}/session/end/success"
    application = identity.tenant.application(client_id)
    if application is None or target not in application.post_logout_redirect_uris:
        raise Refused("invalid_request", "post_logout_redirect_uri not registered")
    return answers.with_query(target, {"state": request.values.get("state")})


def _post_logout_tokens(identity: Identity, session: Session) -> None:
    """Post a logout token to all applications at the same time; their answers change nothing."""
    applications = [
        application
        for application in identity.tenant.applications()
        if application.app_id in session.sids and application.backchannel_logout_uri
    ]
    if not applications:
        return
    pool = ThreadPoolExecutor(len(applications))
    posts = [
        pool.submit(_post_logout_token, identity, session, application)
        for application in applications
    ]
    answered, _ = wait(posts, timeout=_TIMEOUT_SECONDS)
    pool.shutdown(wait=False)
    for each in answered:
        each.result()  # raises what went wrong here; an application's refusal is no such thing


def _post_logout_token(identity: Identity, session: Session, application: Application) -> None:
    sid = session.sids[application.app_id]
    claims = logout_token_claims(session.user, application, sid, identity.settings)
    form = {"logout_token": identity.keys.sign(claims, "logout+jwt")}
    uri = application.backchannel_logout_uri or ""
    with requests.Session() as http:
        http.trust_env = False
        try:
            response = http.post(uri, form, timeout=_TIMEOUT_SECONDS, allow_redirects=False)
        except requests.RequestException as error:
            answer = type(error).__name__
        else:
            answer = str(response.status_code)
    identity.settings.report(f"back-channel logout of {application.app_id}: {answer}")
