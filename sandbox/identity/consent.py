"""The consent page, which only third-party applications need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, request

from sandbox.identity import answers
from sandbox.identity.interactions import NoInteraction

if TYPE_CHECKING:
    from flask import Response

    from sandbox.identity.identity import Identity


def blueprint(identity: Identity) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("consent", __name__)

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
            scopes=interaction.asked.scope.split(),
        )

    return routes
