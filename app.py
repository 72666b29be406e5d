"""Portaria's routes and entry points: a contents page, the work is done in `chalicelib`.

Lambda calls `app` for the API and `send_otp` for the queue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib import __version__, init_phase, log  # `init_phase` comes before all others
from chalicelib.application import Portaria
from chalicelib.sign_in.errors import SignInRequired
from chalicelib.sign_in.options import SignInOptions
from chalicelib.web import answers, callers
from chalicelib.web.chalice_app import Application
from chalicelib.web.request import called_url, form_field, raw_body, remaining_seconds

if TYPE_CHECKING:
    from chalice.app import Request, Response, SQSEvent

    from chalicelib.sign_in.browser_request import (
        BrowserRequest,
        Home,
        Redirect,
        SignOutUnconfirmed,
    )

# Chalice answers other types before we can; these are the ones whose sender we want to answer.
CONTENT_TYPES = [
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/plain",
]

app = Application(app_name="portaria", configure_logs=False, portaria=Portaria())


@app.route("/")
@callers.browser(app)
def home(request: BrowserRequest) -> Home:
    """Show who is signed in, or a way to sign in."""
    return app.portaria.sign_in.home(request)


# An image on a neighbour's page could otherwise sign a visitor in whom Logto still knows, or
# crowd out the attempts that are open in other tabs.
@app.route("/sign-in")
@callers.browser(app, only_navigation=True)
def sign_in(request: BrowserRequest) -> Redirect:
    """Send the visitor to Logto's sign-in page."""
    return app.portaria.sign_in.begin(request, SignInOptions.from_request(request))


@app.route("/sign-up")
@callers.browser(app, only_navigation=True)
def sign_up(request: BrowserRequest) -> Redirect:
    """Send the visitor to Logto's registration page."""
    options = SignInOptions.from_request(request, sign_up=True)
    return app.portaria.sign_in.begin(request, options)


@app.route("/callback")
@callers.browser(app)
def callback(request: BrowserRequest) -> Redirect:
    """Receive Logto's answer and sign the visitor in."""
    return app.portaria.sign_in.complete(request)


@app.route("/sign-out", methods=["GET", "POST"], content_types=CONTENT_TYPES)
@callers.browser(app)
def sign_out(request: BrowserRequest) -> Redirect | SignOutUnconfirmed:
    """Sign the visitor out, here and at Logto."""
    return app.portaria.sign_out.leave(request)


@app.route("/account/sign-out-everywhere", methods=["POST"], content_types=CONTENT_TYPES)
@callers.browser(app)
def sign_out_everywhere(request: BrowserRequest) -> Redirect | SignOutUnconfirmed:
    """Sign the visitor out on all devices."""
    return app.portaria.sign_out.leave_everywhere(request)


@app.route("/backchannel-logout", methods=["POST"], content_types=CONTENT_TYPES)
@callers.back_channel(app)
def backchannel_logout(chalice_request: Request) -> None:
    """Receive a back-channel logout from Logto."""
    app.portaria.sign_out.receive(form_field(chalice_request, "logout_token"))


@app.route("/account")
@callers.json_client(app)
def account(request: BrowserRequest) -> dict[str, Any]:
    """Return the signed-in user's claims."""
    session = app.portaria.sign_in.current(request)
    if session is None:
        raise SignInRequired
    return session.claims


@app.route("/otp", methods=["POST"], content_types=CONTENT_TYPES)
@callers.connector(app)
def otp(chalice_request: Request) -> None:
    """Take a code from Logto's HTTP SMS connector."""
    app.portaria.intake.accept(
        chalice_request.headers.get("authorization"), raw_body(chalice_request)
    )


@app.route("/otp/status", methods=["POST"], content_types=CONTENT_TYPES)
@callers.twilio_callback(app)
def otp_status(chalice_request: Request) -> None:
    """Receive a delivery receipt from Twilio."""
    app.portaria.receipts.receive(
        called_url(chalice_request, app.portaria.settings.public_url),
        raw_body(chalice_request),
        chalice_request.headers.get("x-twilio-signature"),
    )


@app.route("/health")
def health() -> Response:
    """Answer with the deployed version, touching nothing else."""
    return answers.json(200, {"status": "ok", "version": __version__})


# Chalice wants an ARN here and can't refer to the stack's own queue; the real one, and the
# partial batch response, come from .chalice/resources.yaml.
@app.on_sqs_message(queue_arn="arn:aws:sqs:us-east-1:000000000000:otp", name="send_otp")
def send_otp(event: SQSEvent) -> dict[str, Any]:
    """Send the codes of a batch; returns the messages that should come back."""
    log.invocation(event.context)
    return app.portaria.worker.handle(event.to_dict()["Records"], remaining_seconds(event.context))


init_phase.finish(app.portaria)
