"""The environment of the stage `local`, with the addresses of the sandbox that is running.

`.chalice/config.json` has it for the default ports, so that a plain `chalice local --stage
local` works beside the sandbox. Other ports and real providers are laid over it here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox import deployment

if TYPE_CHECKING:
    from sandbox.settings import Settings


def environment(settings: Settings) -> dict[str, str]:
    """Give what the functions find in their environment; an empty value means unset."""
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
    }
