"""Sign-in for the routes that a team adds: who is signed in, who calls an API, with what access.

    auth = Auth(app)

    @app.route("/orders")
    @auth.require_sign_in
    def orders() -> dict[str, str]:
        return {"of": auth.current_user().sub}

`docs/guides/add-a-page.md` and `docs/guides/add-an-api.md` have an example of each.
"""

from __future__ import annotations

from contextvars import ContextVar
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import quote, unquote, urlencode

from chalicelib.sign_in.errors import SignInRequired
from chalicelib.sign_in.provider import Audience
from chalicelib.sign_in.sessions import SESSION_COOKIE
from chalicelib.sign_in.user import User
from chalicelib.web import answers
from chalicelib.web.callers import team_answer, team_failure
from chalicelib.web.guard_order import guards_of, refuse_above, views_of
from chalicelib.web.request import browser_request, header_values, navigates

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalice.app import Request, Response

    from chalicelib.application import Portaria
    from chalicelib.sign_in.bearer import Caller
    from chalicelib.sign_in.browser_request import BrowserRequest

View = TypeVar("View", bound="Callable[..., Any]")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Routes(Protocol):
    """A Chalice application, or one of its blueprints."""

    @property
    def current_request(self) -> Request | None:
        """The request that is being answered."""


class _Call:
    """One request to a route, and who sent it, which is looked up once, on first use."""

    def __init__(self, request: Request, portaria: Portaria) -> None:
        self.request = request
        self.portaria = portaria
        self.caller: Caller | None = None

    @cached_property
    def browser_request(self) -> BrowserRequest:
        return browser_request(self.request, self.portaria.settings.public_url)

    @property
    def session_token(self) -> str | None:
        return self.browser_request.cookie(SESSION_COOKIE)

    @cached_property
    def user(self) -> User | None:
        session = self.portaria.sign_in.current(self.browser_request)
        return User(session.claims) if session else None


# What a guard has found, for the view that it guards only.
_guarded: ContextVar[_Call | None] = ContextVar("guarded", default=None)


class Auth:
    """Guards routes of `app`, and returns who calls them.

    What a guarded route returns is answered as JSON, a string as plain text, and a Chalice
    Response as it is; each with our security headers and `Cache-Control: no-store`.
    """

    def __init__(self, app: Routes) -> None:
        self._app = app

    def require_sign_in(self, view: View) -> View:
        """Let only signed-in visitors in.

        A browser that navigates is sent to sign in, and comes back; everybody else gets 401
        in JSON. A request that changes something must come from our own pages: 403 otherwise,
        because a cookie alone does not say who made the browser send it (CSRF).
        """

        def guarded(call: _Call, *args: Any, **kwargs: Any) -> Any:
            if (
                call.request.method not in SAFE_METHODS
                and not call.browser_request.is_the_visitors_will
            ):
                return answers.json(403, {"error": "cross_site_request"})
            if call.user is None:
                raise SignInRequired
            return view(*args, **kwargs)

        return self._guard(view, guarded)

    def require_scopes(
        self, *scopes: str, organization: str | None = None
    ) -> Callable[[View], View]:
        """Let in only callers whose Bearer token was made for this API and has all `scopes`.

        `organization` names the path parameter that holds an organization's id: then the token
        must be that organization's own. Without it, a scope that a role in any organization
        grants counts too. Others get 401 or 403 as RFC 6750 says.
        """

        def decorate(view: View) -> View:
            def guarded(call: _Call, *args: Any, **kwargs: Any) -> Any:
                within = None if organization is None else unquote(kwargs[organization])
                call.caller = call.portaria.bearer_tokens.caller(
                    header_values(call.request, "authorization"), scopes, within
                )
                return view(*args, **kwargs)

            return self._guard(view, guarded)

        return decorate

    def current_user(self) -> User:
        """Return who is signed in; raises SignInRequired, which a guarded route need not catch."""
        user = self._call().user
        if user is None:
            raise SignInRequired
        return user

    def current_caller(self) -> Caller:
        """Return who calls with a Bearer token, in a route that `require_scopes` guards.

        Raises LookupError in any other route.
        """
        caller = self._call().caller
        if caller is None:
            raise LookupError("current_caller() needs @auth.require_scopes(...) on the route")
        return caller

    def access_token(self, resource: str = "", organization: str | None = None) -> str:
        """Return an access token of the signed-in user, for an API to be called in their name.

        For the API resource (one of LOGTO_RESOURCES), the organization, or the resource within
        the organization. Raises SignInRequired, AccessRefused where the user may not have it,
        and ProviderUnreachable; a guarded route need not catch them.
        """
        call = self._call()
        return call.portaria.access.token(call.session_token, Audience(resource, organization))

    def fetch_user_info(self) -> dict[str, Any]:
        """Ask Logto what it knows of the user now; raises as `access_token` does."""
        call = self._call()
        return call.portaria.access.user_info(call.session_token)

    def _guard(self, view: View, guarded: Callable[..., Any]) -> View:
        @wraps(view)
        def route(*args: Any, **kwargs: Any) -> Response:
            call = self._call()
            outside = _guarded.set(call)
            try:
                return team_answer(guarded(call, *args, **kwargs))
            except SignInRequired:
                return _sign_in_first(call)
            except Exception as error:  # noqa: BLE001 - every failure has an answer
                return team_failure(error)
            finally:
                # The thread's next request may be another visitor's, and its route unguarded.
                _guarded.reset(outside)

        guards_of(self._app).append(route)
        refuse_above([route], views_of(self._app))
        return route  # type: ignore[return-value]

    def _call(self) -> _Call:
        call = _guarded.get()
        if call is not None:
            return call
        request = self._app.current_request
        assert request is not None  # noqa: S101 - Chalice sets it before it calls a route
        # A blueprint has no Portaria of its own: its application has.
        application: Any = getattr(self._app, "current_app", self._app)
        return _Call(request, application.portaria)


def _sign_in_first(call: _Call) -> Response:
    if call.request.method != "GET" or not navigates(call.request):
        return answers.json(401, {"error": "not_signed_in"})
    way_back = urlencode({"return_to": _path(call.request)})
    base_url = call.browser_request.public_url
    return answers.redirect(f"{base_url}/sign-in?{way_back}", base_url)


def _path(request: Request) -> str:
    # Made from the route, which knows neither API Gateway's stage nor a domain's path mapping.
    path = request.path
    for name, value in (request.uri_params or {}).items():
        path = path.replace(f"{{{name}}}", quote(unquote(value), safe=""))
    query = request.to_original_event().get("multiValueQueryStringParameters") or {}
    return f"{path}?{urlencode(query, doseq=True)}" if query else path
