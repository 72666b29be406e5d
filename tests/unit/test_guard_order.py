"""A guard above `@app.route` guards nothing: the application does not start with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import pytest
from chalice.app import Blueprint, Chalice

from chalicelib.web.auth import Auth
from chalicelib.web.chalice_app import Application
from chalicelib.web.guard_order import UnguardedRoute
from tests.kit.api_gateway import request

View = Callable[..., Any]
Decorate = Callable[[View], View]


def as_it_is(view: View) -> View:
    return view


def by_wraps(view: View) -> View:
    @wraps(view)
    def inner(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    return inner


def by_partial(view: View) -> View:
    return partial(view)


def by_closure(view: View) -> View:
    def inner(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    return inner


def by_default(view: View) -> View:
    def inner(*args: Any, of: View = view, **kwargs: Any) -> Any:
        return of(*args, **kwargs)

    return inner


class ByInstance:
    """A decorator that is a class, and its view in an attribute."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.__name__ = "by_instance"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.view(*args, **kwargs)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        return self.view(*args, **kwargs)


def by_method(view: View) -> View:
    return ByInstance(view).call


SEEN_THROUGH = [as_it_is, by_wraps, by_partial]
OPAQUE = [by_closure, by_default, ByInstance, by_method]
GUARDS: dict[str, Callable[[Auth], Decorate]] = {
    "sign-in": lambda auth: auth.require_sign_in,
    "scopes": lambda auth: auth.require_scopes("read:orders"),
}


@pytest.fixture(params=GUARDS)
def guard(request: pytest.FixtureRequest) -> Callable[[Auth], Decorate]:
    return GUARDS[request.param]


def new_view() -> View:
    """Make a view of its own for each test, as each module has."""

    def orders() -> str:
        raise AssertionError("nobody may come so far")

    return orders


def ask(app: Chalice) -> int:
    """Call the application as Lambda does; returns the answer's status."""
    status: int = app(request("GET", "/orders"), None)["statusCode"]
    return status


@pytest.mark.parametrize("between", SEEN_THROUGH)
@pytest.mark.parametrize("kind", [Application, Chalice])
def test_a_guard_above_the_route_is_refused_at_once(
    guard: Callable[[Auth], Decorate], between: Decorate, kind: type[Chalice]
):
    app = kind(app_name="team", configure_logs=False)
    registered = between(app.route("/orders")(new_view()))

    with pytest.raises(UnguardedRoute, match=r"orders: .*@app\.route"):
        guard(Auth(app))(registered)


@pytest.mark.parametrize("between", SEEN_THROUGH)
def test_a_guard_above_a_blueprints_route_is_refused_with_the_blueprint(
    guard: Callable[[Auth], Decorate], between: Decorate
):
    app, blueprint = Application(app_name="team", configure_logs=False), Blueprint("team")
    guard(Auth(blueprint))(between(blueprint.route("/orders")(new_view())))

    with pytest.raises(UnguardedRoute, match="orders"):
        app.register_blueprint(blueprint)


def test_a_guard_of_the_application_above_a_blueprints_route_is_refused_too(
    guard: Callable[[Auth], Decorate],
):
    app, blueprint = Application(app_name="team", configure_logs=False), Blueprint("team")
    guard(Auth(app))(blueprint.route("/orders")(new_view()))

    with pytest.raises(UnguardedRoute, match="orders"):
        app.register_blueprint(blueprint)


@pytest.mark.parametrize("between", OPAQUE)
@pytest.mark.parametrize("in_blueprint", [False, True])
def test_a_guard_above_what_hides_the_view_answers_no_request(
    guard: Callable[[Auth], Decorate], between: Decorate, *, in_blueprint: bool
):
    app, blueprint = Application(app_name="team", configure_logs=False), Blueprint("team")
    routes: Any = blueprint if in_blueprint else app
    guard(Auth(routes))(between(routes.route("/orders")(new_view())))
    if in_blueprint:
        app.register_blueprint(blueprint)

    for _ in range(2):
        with pytest.raises(UnguardedRoute, match="orders"):
            ask(app)


def test_one_guard_below_and_one_above_is_refused():
    app = Application(app_name="team", configure_logs=False)
    auth = Auth(app)
    registered = app.route("/orders")(auth.require_sign_in(new_view()))

    with pytest.raises(UnguardedRoute):
        auth.require_scopes("read:orders")(registered)


@pytest.mark.parametrize("between", [*SEEN_THROUGH, *OPAQUE])
@pytest.mark.parametrize("in_blueprint", [False, True])
def test_guards_below_the_route_stand_where_they_should(between: Decorate, *, in_blueprint: bool):
    app, blueprint = Application(app_name="team", configure_logs=False), Blueprint("team")
    routes: Any = blueprint if in_blueprint else app
    auth = Auth(routes)
    guarded = auth.require_sign_in(auth.require_scopes("read")(between(new_view())))
    routes.route("/orders", name="orders")(_named(between(guarded)))
    app.register_blueprint(blueprint)

    assert ask(app) == 500  # by the guard: there is no sign-in in this process


def _named(view: View) -> View:
    # Chalice reads a handler's name, which a partial has not.
    if not hasattr(view, "__name__"):
        view.__name__ = "orders"
    return view


def test_a_guarded_view_may_call_another_that_is_open():
    app = Application(app_name="team", configure_logs=False)
    auth = Auth(app)

    @app.route("/open")
    def unguarded() -> object:
        return "open"

    @app.route("/orders")
    @auth.require_sign_in
    def guarded() -> object:
        return unguarded()

    assert ask(app) == 500


def test_a_guarded_function_need_be_no_route():
    app = Application(app_name="team", configure_logs=False)
    choices = {"orders": Auth(app).require_sign_in(new_view())}

    @app.route("/orders")
    def dispatch() -> Any:
        return choices["orders"]()

    assert ask(app) == 500
