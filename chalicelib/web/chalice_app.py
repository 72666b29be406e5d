"""Chalice's application object, with a current request for each thread and our own error answers.

Chalice keeps one `current_request` for the whole process. That is right on Lambda, which has
one request at a time, and wrong on a threaded server: a view that reads it a moment later may
find another user's request.

What Chalice answers by itself (405, 415, 500, and the errors that views raise) is bare JSON, and
an exception's text stands in its log.
"""

from __future__ import annotations

import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from chalice.app import Chalice, Response, RestAPIEventHandler

from chalicelib import log
from chalicelib.application import Portaria
from chalicelib.pages import FailureKind
from chalicelib.web.answers import security_headers
from chalicelib.web.failures import SERVER_ERROR, failure_page, report
from chalicelib.web.guard_order import guards_of, refuse_above, refuse_idle, views_of
from chalicelib.web.request import browser_request, navigates

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalice.app import Blueprint, Request

NOT_FOUND = 404
LEAST_OF_ERRORS = 400
_OF_CHALICE = {"Code", "Message"}  # the body of what Chalice answers by itself


class Application(Chalice):
    """A Chalice application whose `current_request` is the calling thread's, or None.

    A thread that a view starts has none, unless the view runs it in its own context
    (`contextvars.copy_context`). `portaria` is what the routes call.
    """

    def __init__(self, *args: Any, portaria: Portaria | None = None, **options: Any) -> None:
        self.portaria = portaria or Portaria()
        self._request: ContextVar[Request | None] = ContextVar("current_request", default=None)
        self._may_have_idle_guards = True  # until all routes are there to tell
        super().__init__(*args, **options)

    def register_blueprint(self, blueprint: Blueprint, *args: Any, **options: Any) -> None:
        """Add a blueprint's routes; raises UnguardedRoute where a guard stands above one."""
        guards_of(self).extend(guards_of(blueprint))
        super().register_blueprint(blueprint, *args, **options)
        refuse_above(guards_of(self), views_of(self))

    @property
    def current_request(self) -> Request | None:
        """The request that is being answered, for views and for blueprints' views."""
        return self._request.get()

    @current_request.setter
    def current_request(self, request: Request | None) -> None:
        self._request.set(request)

    def __call__(self, event: Any, context: Any) -> dict[str, Any]:
        """Answer one request; as Chalice's own, with another handler of what fails.

        Raises UnguardedRoute where a guard guards nothing.
        """
        if self._may_have_idle_guards:
            refuse_idle(guards_of(self), views_of(self))
            self._may_have_idle_guards = False
        log.invocation(context)
        self.lambda_context = context
        handler = _Handler(
            self,
            self.routes,
            self.api,
            self.log,
            self.debug,
            middleware_handlers=self._get_middleware_handlers("http"),
        )
        self.current_request = handler.create_request_object(event, context)
        answer: dict[str, Any] = handler(event, context)
        return answer


class _Handler(RestAPIEventHandler):
    """Chalice's handler of one request."""

    def __init__(self, app: Application, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._app = app
        self._reference: str | None = None

    def _global_error_handler(self, event: Any, get_response: Callable[..., Response]) -> Response:
        # The outermost step: middleware of a team's has had its turn.
        return self._ours(super()._global_error_handler(event, get_response))

    def _main_rest_api_handler(self, event: Any, context: Any) -> Response:
        resource = event.get("requestContext", {}).get("resourcePath")
        if resource is not None and resource not in self.routes:
            # Chalice fails here; API Gateway knows a resource that this code doesn't.
            body = {"Code": "NotFoundError", "Message": "There is no such resource."}
            return Response(body, status_code=NOT_FOUND)
        return super()._main_rest_api_handler(event, context)

    def _unhandled_exception_to_response(self) -> Response:
        if self.debug:
            return super()._unhandled_exception_to_response()
        error = sys.exc_info()[1]
        assert isinstance(error, Exception)  # noqa: S101 - Chalice calls this where it has caught one
        self._reference = report(error, SERVER_ERROR)
        body = {
            "Code": "InternalServerError",
            "Message": "An internal server error occurred.",
            "Reference": self._reference,
        }
        return Response(body, status_code=SERVER_ERROR)

    def _ours(self, answer: Response) -> Response:
        if answer.status_code < LEAST_OF_ERRORS or not (
            isinstance(answer.body, dict) and answer.body.keys() >= _OF_CHALICE
        ):
            return answer
        json = {"Content-Type": "application/json"}
        answer.headers = security_headers() | json | answer.headers
        return self._page(answer) or answer

    def _page(self, answer: Response) -> Response | None:
        if self.current_request is None or not navigates(self.current_request):
            return None
        try:
            request = browser_request(self.current_request, self._app.portaria.settings.public_url)
        except Exception:  # noqa: BLE001 - no base URL, so no page with links
            return None
        status = answer.status_code
        page = failure_page(self._app.portaria, request, status, _kind(status), self._reference)
        page.headers = answer.headers | page.headers  # Allow, for one
        return page


def _kind(status: int) -> FailureKind:
    if status == NOT_FOUND:
        return FailureKind.NOT_FOUND
    return FailureKind.UNEXPECTED if status >= SERVER_ERROR else FailureKind.NOT_ACCEPTED
