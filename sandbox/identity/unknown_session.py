"""Where a visitor ends who opened a page that no sign-in has led to, or whose tab lost its own."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, request

from sandbox.identity import answers, errors
from sandbox.identity.interactions import NoInteraction

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as AnyResponse

    from sandbox.identity.settings import IdentitySettings


def blueprint(settings: IdentitySettings) -> Blueprint:
    """Return the page and the way there."""
    routes = Blueprint("unknown_session", __name__)
    own_page = f"{settings.endpoint}/unknown-session"

    @routes.get("/unknown-session")
    def unknown_session() -> Response:
        return answers.page("unknown_session.html")

    @routes.app_errorhandler(NoInteraction)
    def no_interaction(lost: NoInteraction) -> AnyResponse:
        if request.method == "GET":
            return redirect(settings.unknown_session_redirect_url or own_page)
        # At Logto the page stays, with a note for three seconds; only a reload leads on.
        body = errors.session_not_found("interaction session id cookie not found")
        first_page = f"/{request.path.split('/')[1]}?{urlencode(request.args)}"
        return answers.refusal(body, template="lost.html", problem=lost.reason, again=first_page)

    return routes
