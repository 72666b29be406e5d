"""Logto's cookies, as a browser on localhost meets them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Request, Response

SESSION = "_session"
INTERACTION = "_interaction"
LOGOUT = "_logout"


def announce_application(response: Response, app_id: str) -> None:
    """Set `_logto` to raw JSON, unquoted and unescaped, as Logto does.

    Cookies know no ports, so applications on localhost receive it too. Python's SimpleCookie
    stops at it and drops all that follows.
    """
    value = json.dumps({"appId": app_id}, separators=(",", ":"))
    response.headers.add("Set-Cookie", f"_logto={value}; path=/; samesite=lax")


def interactions(request: Request) -> list[str]:
    """Return the uids of this browser's open interactions, newest first: one an application."""
    return [uid for uid in request.cookies.get(INTERACTION, "").split(".") if uid]


def put_interactions(response: Response, uids: list[str], max_age: int) -> None:
    """Let the browser keep these uids, or none."""
    if uids:
        put(response, INTERACTION, ".".join(uids), max_age)
    else:
        drop(response, INTERACTION)


def put(response: Response, name: str, value: str, max_age: int) -> None:
    """Set one of the provider's own cookies."""
    response.set_cookie(name, value, max_age=max_age, httponly=True, samesite="Lax")


def drop(response: Response, name: str) -> None:
    """Take a cookie back."""
    response.delete_cookie(name, httponly=True, samesite="Lax")
