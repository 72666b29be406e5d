"""`send`: a code to a phone the way that Logto sends one, followed until Twilio's last status."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from chalicelib.otp.request import TEST_CODE, TEST_USAGE_TYPE
from ops import output
from ops.delivery import Delivery
from ops.doctor.context import Context, NotAsked
from ops.errors import OperatorError
from ops.errors.codes import CODE_REFUSED, STAGE_INCOMPLETE
from ops.events.posts import Post
from ops.options import Json, Number, StageName
from ops.stage import Stage
from ops.trace import in_e164

if TYPE_CHECKING:
    from collections.abc import Iterator

_ERRORS = 400


def command(
    number: Number,
    *,
    stage: StageName,
    usage_type: Annotated[
        str,
        typer.Option(
            "--type",
            metavar="TYPE",
            help="SignIn, Register, ForgotPassword, Generic …",
        ),
    ] = TEST_USAGE_TYPE,
    locale: Annotated[
        str | None,
        typer.Option(
            metavar="LOCALE",
            help="The visitor's language, e.g. pt-BR.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Send a code as Logto's connector does, and follow it to the phone. It opens nothing.

    It passes the limits and the queue; only the Generic one is a test that no limit counts.
    """
    recipient = in_e164(number)
    statuses = []
    for status in sent(Stage.find(stage), recipient, request(recipient, usage_type, locale)):
        statuses.append(status)
        if not as_json:
            output.show(Text.assemble(("  ✓ ", "green"), status))
    if as_json:
        output.show_json({"statuses": statuses})


def sent(stage: Stage, recipient: str, body: dict[str, Any]) -> Iterator[str]:
    """Post a connector's request to the stage; yield each status that the code reaches.

    Raises OperatorError where it is not accepted, not sent or not delivered.
    """
    context = Context(stage)
    try:
        url, authorization = f"{context.public_url}/otp", context.secret("otp/authorization")
        twilio = context.twilio
    except NotAsked as error:
        raise OperatorError(STAGE_INCOMPLETE, f"{error}.", stage=stage.name) from None
    yield from Delivery(stage.portaria, twilio).follow(
        recipient, lambda: _post(url, authorization, body, stage.name)
    )


def request(recipient: str, usage_type: str, locale: str | None) -> dict[str, Any]:
    """Return the body of a request as Logto's HTTP SMS connector posts it."""
    is_test = usage_type == TEST_USAGE_TYPE
    code = TEST_CODE if is_test else f"{secrets.randbelow(1_000_000):06}"
    payload = {"code": code} | ({"locale": locale} if locale else {})
    return {"to": recipient.removeprefix("+"), "type": usage_type, "payload": payload}


def _post(url: str, authorization: str, body: dict[str, Any], stage: str) -> None:
    headers = {"Authorization": authorization, "Content-Type": "application/json"}
    hidden = body["to"], body["payload"]["code"]
    reply = Post(url, headers, json.dumps(body).encode(), hidden).send(stage)
    if reply.status >= _ERRORS:
        said = f": {reply.said}" if reply.said else ""
        raise OperatorError(CODE_REFUSED, f"It answered {reply.status}{said}", stage=stage)
