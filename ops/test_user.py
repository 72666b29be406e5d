"""`test-user`: a link that signs one e-mail address in once, for a reviewer or a demonstration."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

import typer

from ops import output
from ops.doctor.context import Context, NotAsked
from ops.errors import OperatorError
from ops.errors.setting_up import PROVIDER_UNREACHABLE
from ops.errors.test_numbers import LOGTO_CREDENTIAL_MISSING, ONE_TIME_TOKEN_REFUSED
from ops.http_api import ApiError, parsed
from ops.moments import to_the_minute, utc
from ops.options import DryRun, Json, StageName
from ops.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HOUR_SECONDS = 3600
_WEEK_HOURS = 7 * 24


@dataclass(frozen=True, slots=True)
class SignInLink:
    """Whoever opens it first is the user; `expires_at` in ISO 8601."""

    link: str = field(repr=False)
    email: str
    expires_at: str


def command(
    email: Annotated[
        str, typer.Argument(metavar="EMAIL", help="The user's address. Logto sends nothing to it.")
    ],
    *,
    stage: StageName,
    hours: Annotated[
        int,
        typer.Option(
            metavar="HOURS",
            min=1,
            max=_WEEK_HOURS,
            help="How long the link can be used.",
        ),
    ] = 48,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Make a link that signs a user in once, without phone and code, for a reviewer.

    It follows Logto's documentation and was not tried with a real Logto.
    """
    context = Context(Stage.find(stage))
    with _explained(stage):
        start, logto = f"{context.public_url}/sign-in", context.logto
        if dry_run:
            plan = {"email": email, "hours": hours, "start": start}
            if as_json:
                output.show_json({"planned": plan})
            output.say(
                f"Logto would be asked for a token for {email}, good for {hours} hours and one "
                f"sign-in at {start}. Nothing was made."
            )
            return
        with output.progress("Asking Logto …"):
            given = logto.create_one_time_token(email, hours * _HOUR_SECONDS)
        made = link(start, email, given)
    if as_json:
        output.show_json(asdict(made))
        return
    print(made.link)  # on one line, however narrow the terminal is
    until = to_the_minute(datetime.fromisoformat(made.expires_at))
    output.say(f"Whoever opens it first, until {until}, is signed in as {email}.")


def link(start: str, email: str, token: Mapping[str, Any]) -> SignInLink:
    """Return the link to a one-time token as Logto answers it; raises ApiError."""

    def from_json(given: Mapping[str, Any]) -> SignInLink:
        query = urlencode({"one_time_token": str(given["token"]), "login_hint": email})
        expires_at = utc(given["expiresAt"] // 1000)
        return SignInLink(f"{start}?{query}", email, expires_at.isoformat())

    return parsed("Logto", from_json, token)


@contextmanager
def _explained(stage: str) -> Iterator[None]:
    try:
        yield
    except NotAsked as error:
        raise OperatorError(LOGTO_CREDENTIAL_MISSING, f"{error}.", stage=stage) from None
    except ApiError as error:
        problem = PROVIDER_UNREACHABLE if error.status is None else ONE_TIME_TOKEN_REFUSED
        raise OperatorError(problem, f"{error}.", stage=stage) from None
