"""The shapes of the provider's answers: 303 redirects, callbacks, and errors as JSON or a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from flask import Response, jsonify, make_response, render_template, request
from markupsafe import escape

from sandbox.identity.language import page_texts

if TYPE_CHECKING:
    from collections.abc import Mapping


def see_other(location: str) -> Response:
    """Redirect with 303, as Logto does."""
    return Response(
        f"Redirecting to {escape(location)}.",
        status=303,
        headers={"Location": location},
        content_type="text/html; charset=utf-8",
    )


def callback(
    redirect_uri: str, parameters: Mapping[str, str | None], *, fragment: bool = False
) -> Response:
    """Send the browser back to an application with what is not None of the parameters."""
    return see_other(with_query(redirect_uri, parameters, fragment=fragment))


def with_query(uri: str, parameters: Mapping[str, str | None], *, fragment: bool = False) -> str:
    """Return an address with what is not None of the parameters."""
    query = urlencode({name: value for name, value in parameters.items() if value is not None})
    separator = "#" if fragment else "&" if urlsplit(uri).query else "?"
    return f"{uri}{separator}{query}" if query else uri


def json(body: Mapping[str, Any], status: int = 200) -> Response:
    """Answer with JSON that nobody may keep."""
    response = jsonify(body)
    response.status_code = status
    response.content_type = "application/json; charset=utf-8"
    response.headers["Cache-Control"] = "no-store"
    return response


def refusal(
    body: Mapping[str, Any], status: int = 400, template: str = "refusal.html", **values: Any
) -> Response:
    """Refuse with Logto's JSON; a person's browser gets a page that says the same."""
    if "text/html" in request.accept_mimetypes.values():
        return page(template, status, reason=body["error_description"], **values)
    return json(body, status)


def page(
    template: str, status: int = 200, ui_locales: str | None = None, **values: Any
) -> Response:
    """Show a page in the visitor's language."""
    language, texts = page_texts(request, ui_locales)
    html = render_template(template, language=language, t=texts, **values)
    response = make_response(html, status)
    response.headers["Cache-Control"] = "no-store"
    return response
