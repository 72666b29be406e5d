"""The text of `make up` when everything runs: what to open, and what to set in a real Logto."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ops.console import in_logtos_console
from ops.settings import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.settings import Logto, Settings
    from sandbox.terminal import Terminal

EXAMPLE_NUMBER = "+1 212 555 0100"  # Logto accepts it, and it belongs to no subscriber
LOGTO_CLOUD = ".logto.app"
TUNNEL = "https://YOUR-TUNNEL"


def greeting(settings: Settings, terminal: Terminal) -> str:
    """Return the text; the connector's Authorization is in it where a real Logto needs it."""
    return "\n".join(
        [
            "",
            *_places(settings, terminal),
            "",
            *(_console(settings, settings.logto, terminal) if settings.logto else ()),
            _wrapped(_whom(settings, terminal)),
            "  Ctrl-C stops everything.",
            "",
        ]
    )


def _places(settings: Settings, terminal: Terminal) -> Iterator[str]:
    places = {"app": (settings.app_url, "sign in here")}
    if settings.twilio is None:
        places["phone"] = (settings.phone_url, "the codes arrive here")
    if settings.logto is None:
        places["identity"] = (settings.identity_url, "stands in for Logto")
    places["aws"] = (settings.aws_url, "for boto3, as AWS_ENDPOINT_URL")
    for name, (url, what) in places.items():
        yield f"  {name:<10}{terminal.bold(f'{url:<34}')}{what}"


def _console(settings: Settings, logto: Logto, terminal: Terminal) -> Iterator[str]:
    host = urlsplit(logto.endpoint).hostname or ""
    called = settings.tunnel_url or (settings.app_url if is_loopback(host) else TUNNEL)
    yield f"  To set in the Console of {terminal.bold(logto.endpoint)}:"
    for line in in_logtos_console(
        settings.app_url, settings.otp_authorization, called, logto.app_id
    ):
        yield f"    {line}"
    for note in _notes(settings, host, called):
        yield ""
        yield _wrapped(note)
    yield ""


def _notes(settings: Settings, host: str, called: str) -> Iterator[str]:
    if called == TUNNEL:
        yield (
            f"{TUNNEL} stands for an address at which Logto reaches port {settings.app_port} of "
            "this machine, with codes and for back-channel logout. Make a tunnel and set "
            "PUBLIC_URL to its address: then it is shown above, and browsers use it too."
        )
    elif settings.tunnel_url is None:
        yield (
            "If this Logto runs in Docker, localhost is its container, and it does not find the "
            "application there. A tunnel solves that: set PUBLIC_URL to its address."
        )
    if settings.tunnel_url is None and not host.endswith(LOGTO_CLOUD):
        yield (
            "A self-hosted Logto brings codes to a private or loopback address, but calls none "
            "for back-channel logout, unless it runs with "
            "OIDC_PROVIDER_SSRF_PROTECTION_DISABLED=1. A tunnel solves that, too."
        )
    if not settings.authorization_given:
        yield (
            "The Authorization above changes at each start: to keep it, set "
            "OTP_AUTHORIZATION in .env to it."
        )
    where = "on the phone" if settings.twilio else f"at {settings.phone_url}"
    yield (
        f'Try "Send test" of the connector first: a text with the code 000000 arrives {where} when '
        "Logto reaches the application."
    )


def _whom(settings: Settings, terminal: Terminal) -> str:
    if settings.twilio is not None:
        return "Sign in with your own phone's number: Twilio sends the codes there."
    if settings.logto is not None:
        return (
            "Sign in with a number that exists, such as your own: its codes arrive at "
            f"{terminal.bold(settings.phone_url)} and nowhere else."
        )
    return f"Any valid phone number will do, say {terminal.bold(EXAMPLE_NUMBER)}."


def _wrapped(text: str) -> str:
    return fill(text, 88, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
