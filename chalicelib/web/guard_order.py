"""Whether each guard of a team's routes stands where it guards: below `@app.route`.

A guard above it protects nothing, and no request would show it: Chalice has registered the
function below, and never calls the guard.
"""

from __future__ import annotations

from functools import partial
from inspect import isclass, ismethod
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    View = Callable[..., Any]

_PLACE = "guards"


class UnguardedRoute(ValueError):
    """A route that its team means to be guarded, and that is not."""

    def __init__(self, view: View) -> None:
        super().__init__(
            f"{getattr(view, '__name__', view)}: its guard stands above @app.route(...), where "
            "Chalice never calls it, so that anybody could call the route. Write @app.route(...) "
            "first, and @auth.require_sign_in or @auth.require_scopes(...) below it."
        )


def guards_of(app: object) -> list[View]:
    """Return the list of guards that were made for an application, or for a blueprint."""
    guards: list[View] = vars(app).setdefault(_PLACE, [])
    return guards


def views_of(app: object) -> list[View]:
    """Return the views that are registered with a Chalice application; a blueprint has none yet."""
    routes: dict[str, dict[str, Any]] = getattr(app, "routes", {})
    return [entry.view_function for methods in routes.values() for entry in methods.values()]


def refuse_above(guards: Iterable[View], registered: Iterable[View]) -> None:
    """Raise UnguardedRoute where one of these guards was put on a registered view.

    Sees through decorators that name what they wrap (`functools.wraps`, `partial`).
    """
    views = {_identity(view): view for view in registered}
    for guard in guards:
        for below in _wrapped(guard):
            if _identity(below) in views:
                raise UnguardedRoute(below)


def refuse_idle(guards: Iterable[View], registered: Iterable[View]) -> None:
    """Raise UnguardedRoute where a guard holds a registered view, and no registered view it.

    Sees through decorators of any kind, but needs all routes: a view may well call another.
    """
    views = {_identity(view): view for view in registered}
    reached = {each for view in views.values() for each in _held(view)}
    for guard in guards:
        if _identity(guard) in reached:
            continue
        for view in views.keys() & _held(guard).keys():
            raise UnguardedRoute(views[view])


def _wrapped(view: View) -> Iterator[View]:
    below: Any = view
    while True:
        below = (
            below.func
            if isinstance(below, partial)
            else getattr(below, "__dict__", {}).get("__wrapped__")
        )
        if below is None:
            return
        yield below


def _held(view: View) -> dict[object, object]:
    found: dict[object, object] = {}
    left: list[object] = [view]
    while left:
        each = left.pop()
        if _identity(each) not in found:
            found[_identity(each)] = each
            left += [other for other in _parts(each) if callable(other) and not isclass(other)]
    return found


def _parts(holder: object) -> Iterator[object]:
    if ismethod(holder):
        yield holder.__func__
        yield from vars(holder.__self__).values() if hasattr(holder.__self__, "__dict__") else ()
    elif isinstance(holder, partial):
        yield from (holder.func, *holder.args, *holder.keywords.values())
    elif isinstance(holder, FunctionType):
        yield from (*(holder.__defaults__ or ()), *(holder.__kwdefaults__ or {}).values())
        for cell in holder.__closure__ or ():
            try:
                yield cell.cell_contents
            except ValueError:
                continue  # not bound yet
    if hasattr(holder, "__dict__"):
        yield from vars(holder).values()


def _identity(view: object) -> object:
    # A method is a new object each time that it is read.
    return (id(view.__self__), id(view.__func__)) if ismethod(view) else id(view)
