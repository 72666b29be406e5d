"""Chalice's application object with a request of its own for each thread.

Chalice keeps one `current_request` for the whole process. That is right on Lambda, which has
one request at a time, and wrong on a threaded server: a view that reads it a moment later may
find another user's request.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from chalice.app import Chalice

if TYPE_CHECKING:
    from chalice.app import Request


class Application(Chalice):
    """A Chalice application whose `current_request` is the calling thread's, or None.

    A thread that a view starts has none, unless the view runs it in its own context
    (`contextvars.copy_context`).
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        self._request: ContextVar[Request | None] = ContextVar("current_request", default=None)
        self._context: ContextVar[Any] = ContextVar("lambda_context")
        super().__init__(*args, **options)

    @property
    def current_request(self) -> Request | None:
        """The request that is being answered, for views and for blueprints' views."""
        return self._request.get()

    @current_request.setter
    def current_request(self, request: Request | None) -> None:
        self._request.set(request)

    @property
    def lambda_context(self) -> Any:
        """What Lambda tells about the invocation that brought the request."""
        return self._context.get()

    @lambda_context.setter
    def lambda_context(self, context: Any) -> None:
        self._context.set(context)
