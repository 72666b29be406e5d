"""Where a visitor ends who opened a page that no sign-in has led to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, redirect

from sandbox.identity import answers
from sandbox.identity.interactions import NoInteraction

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as AnyResponse


def blueprint(endpoint: str) -> Blueprint:
    """Give the page and the way there."""
    routes = Blueprint("unknown_session", __name__)

    @routes.get("/unknown-session")
    def unknown_session() -> Response:
        return answers.page("unknown_session.html")

    @routes.app_errorhandler(NoInteraction)
    def no_interaction(_: NoInteraction) -> AnyResponse:
        return redirect(f"{endpoint}/unknown-session")

    return routes
