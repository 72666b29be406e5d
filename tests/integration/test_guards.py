"""What guards hand over to the views of a team's own routes, and to nobody else."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from contextvars import copy_context
from typing import TYPE_CHECKING

import pytest
from chalice.local import create_local_server

from chalicelib.web.auth import Auth
from tests.kit.application import CONFIG, Stage, serving_app
from tests.kit.browser import Browser
from tests.kit.engines import LOOPBACK
from tests.kit.routes import cookie_of, new_application

if TYPE_CHECKING:
    from chalicelib.web.chalice_app import Application

Serve = Callable[["Application"], AbstractContextManager[Browser]]


@pytest.fixture
def serve(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Serve:
    return lambda app: serving_app(app, stage, monkeypatch)


def test_a_view_meets_its_user_wherever_chalices_request_has_gone(serve: Serve):
    app = new_application()
    auth = Auth(app)

    @app.route("/guarded")
    @auth.require_sign_in
    def guarded() -> str:
        app.current_request = None
        return auth.current_user().sub

    with serve(app) as site:
        assert site.get("/guarded", headers=cookie_of(app, "user-1")).text == "user-1"


def test_a_thread_in_the_views_context_knows_the_user_and_any_other_does_not(serve: Serve):
    app = new_application()
    auth = Auth(app)

    @app.route("/guarded")
    @auth.require_sign_in
    def guarded() -> dict[str, object]:
        with ThreadPoolExecutor(1) as pool:
            inside = pool.submit(copy_context().run, auth.current_user).result().sub
            outside = pool.submit(lambda: app.current_request is None).result()
        return {"inside": inside, "none outside": outside}

    with serve(app) as site:
        assert site.get("/guarded", headers=cookie_of(app, "user-1")).json() == {
            "inside": "user-1",
            "none outside": True,
        }


def test_what_a_guard_has_found_ends_with_its_view(serve: Serve):
    app = new_application()
    auth = Auth(app)

    @app.route("/guarded")
    @auth.require_sign_in
    def guarded() -> str:
        return auth.current_user().sub

    @app.route("/failing")
    @auth.require_sign_in
    def failing() -> str:
        raise ValueError(auth.current_user().sub)

    @app.route("/open")
    def unguarded() -> str:
        return auth.current_user().sub

    with serve(app) as site:  # keeps its connection, and so the server's thread
        for path in ("/guarded", "/failing"):
            site.get(path, headers=cookie_of(app, "user-1"))
            assert site.get("/open", headers=cookie_of(app, "user-2")).text == "user-2"
            assert site.get("/open").status_code == 500


def test_a_view_without_scopes_has_no_caller(serve: Serve):
    app = new_application()
    auth = Auth(app)

    @app.route("/guarded")
    @auth.require_sign_in
    def guarded() -> str:
        return auth.current_caller().sub

    with serve(app) as site:
        assert site.get("/guarded", headers=cookie_of(app, "user-1")).status_code == 500


def test_the_application_is_one_that_chalice_local_can_change(serve: Serve):
    app = new_application()
    create_local_server(app, CONFIG, LOOPBACK, 0).server.server_close()

    with serve(app) as site:
        assert site.get("/health").json()["status"] == "ok"
        assert site.get("/account").json() == {"error": "not_signed_in"}
