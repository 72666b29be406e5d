"""An application with routes of a team's own, and users who are signed in to it."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.sign_in.sessions import Session, index_hash

if TYPE_CHECKING:
    from chalicelib.web.chalice_app import Application

ROOT = Path(__file__).parents[2]
ISSUER = "https://logto.test/oidc"


def new_application() -> Application:
    """Load `app.py` anew, to add routes that no other test should meet."""
    app: Application = runpy.run_path(str(ROOT / "app.py"))["app"]
    return app


def cookie_of(app: Application, sub: str) -> dict[str, str]:
    """Sign a user in without Logto; returns the header that their browser sends."""
    sign_in = app.portaria.sign_in
    now = int(sign_in.clock())
    session = Session(
        claims={"iss": ISSUER, "sub": sub},
        storage={},
        created_at=now,
        seen_at=now,
        checked_at=now,
        subject_hash=index_hash(ISSUER, "sub", sub),
        provider_session_hash=index_hash(ISSUER, "sid", sub),
    )
    token = sign_in.sessions.start(session, None)
    assert token is not None
    return {"Cookie": f"portaria_session={token}"}
