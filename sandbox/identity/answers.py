"""The shapes of the provider's answers: 303 redirects, callbacks, cookies, JSON and pages."""

from __future__ import annotations

from json import dumps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from flask import Response, jsonify, make_response, render_template, request
from markupsafe import escape

from sandbox.identity.language import page_texts

if TYPE_CHECKING:
    from collections.abc import Mapping

SESSION_COOKIE = "_session"
LOGOUT_COOKIE = "_logout"


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
    """Answer with JSON that must not be cached."""
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


def set_cookie(response: Response, name: str, value: str, max_age_seconds: int) -> None:
    """Set one of the provider's own cookies."""
    response.set_cookie(name, value, max_age=max_age_seconds, httponly=True, samesite="Lax")


def delete_cookie(response: Response, name: str) -> None:
    """Delete one of the provider's own cookies."""
    response.delete_cookie(name, httponly=True, samesite="Lax")


def announce_application(response: Response, app_id: str) -> None:
    """Set `_logto` to raw JSON, unquoted and unescaped, as Logto does.

    Cookies know no ports, so applications on localhost receive it too. Python's SimpleCookie
    stops at it and drops all that follows.
    """
    value = dumps({"appId": app_id}, separators=(",", ":"))
    response.headers.add("Set-Cookie", f"_logto={value}; path=/; samesite=lax")
