"""The environment of the stage `local`, with the addresses of the sandbox that is running.

`.chalice/config.json` has it for the default ports and the stand-ins. What a developer changed is
laid over it here, and published for a plain `chalice local --stage local` beside the sandbox.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ops.template import ROOT
from sandbox import deployment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandbox.settings import Settings


def environment(settings: Settings) -> dict[str, str]:
    """Return what the functions find in their environment; an empty value means unset."""
    stage = deployment.local_stage().environment_variables
    logto = settings.logto
    return {
        **{
            # Queue URLs begin with the address of AWS.
            name: value.replace(stage["AWS_ENDPOINT_URL"], settings.aws_url)
            for name, value in stage.items()
        },
        "PUBLIC_URL": settings.app_url,
        "LOGTO_ENDPOINT": logto.endpoint if logto else settings.identity_url,
        "LOGTO_APP_ID": logto.app_id if logto else stage["LOGTO_APP_ID"],
        "TWILIO_API_URL": "" if settings.twilio else settings.phone_url,
        "SETTINGS_FILE": "",
        **settings.product,
    }


def published_file(settings: Settings) -> Path | None:
    """Return the file that a plain `chalice local --stage local` reads, if it is this sandbox's.

    It looks for AWS on the default port, so the sandbox that has this port has the file.
    """
    stage = deployment.local_stage().environment_variables
    is_ours = stage["AWS_ENDPOINT_URL"] == settings.aws_url
    return ROOT / stage["SETTINGS_FILE"] if is_ours else None


@contextmanager
def published(settings: Settings, file: Path | None) -> Iterator[None]:
    """Say in `file`, for as long as the block runs, what the application's environment is."""
    if file is None:
        yield
        return
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(environment(settings)), encoding="utf-8")
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
