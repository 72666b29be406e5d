"""Serve the stand-in for Twilio on this machine: `python -m sandbox.phone`."""

from __future__ import annotations

import os
from functools import partial

from sandbox.phone import PhoneSettings, create_app
from sandbox.server import serve


def main() -> None:
    """Serve until stopped."""
    settings = PhoneSettings(
        app_url=os.environ.get("APP_URL", "http://localhost:8000"),
        report=partial(print, flush=True),
    )
    serve(lambda _: create_app(settings), int(os.environ.get("PHONE_PORT", "3010")))


if __name__ == "__main__":
    main()
