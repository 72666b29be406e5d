"""Lists of the Management API: which entries a search finds, and one page of them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Response, request

from sandbox.identity.management.access import ApiRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

_DEFAULT_PAGE_SIZE, _MAX_PAGE_SIZE = 20, 100


def matches(pattern: str, *texts: str | None) -> bool:
    """Whether SQL's LIKE finds the pattern in one of the texts, in upper or lower case."""
    wanted = re.escape(pattern).replace("%", ".*").replace("_", ".")
    return any(re.fullmatch(wanted, text or "", re.IGNORECASE | re.DOTALL) for text in texts)


def paged(found: Sequence[dict[str, Any]]) -> Response:
    """Answer with the requested page, and with all where none is requested."""
    if not {"page", "page_size"} & set(request.args):
        return _json(found)
    number, size = _whole("page", 1), _whole("page_size", _DEFAULT_PAGE_SIZE)
    if size > _MAX_PAGE_SIZE:
        raise _invalid()
    last = max(1, -(-len(found) // size))
    response = _json(found[(number - 1) * size : number * size])
    response.headers["Total-Number"] = str(len(found))
    pages = {"first": 1, "prev": number - 1, "next": number + 1, "last": last}
    response.headers["Link"] = ", ".join(
        f'<{_address(page)}>; rel="{name}"'
        for name, page in pages.items()
        if name in {"first", "last"} or 1 <= page <= last
    )
    return response


def _json(found: Sequence[dict[str, Any]]) -> Response:
    response = Response(json.dumps(found), content_type="application/json; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    return response


def _address(page: int) -> str:
    """Return a page's address as Logto writes it, without the /api in front of the path."""
    query = [(name, value) for name, value in request.args.items(multi=True) if name != "page"]
    sizes = [each for each in query if each[0] == "page_size"]
    others = [each for each in query if each[0] != "page_size"]
    path = request.path.removeprefix("/api")
    return f"{request.host_url.rstrip('/')}{path}?{urlencode([*others, ('page', page), *sizes])}"


def _whole(name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise _invalid()
    return int(text)


def _invalid() -> ApiRefused:
    return ApiRefused(400, "guard.invalid_pagination", "The request pagination value is invalid.")
