"""Portaria's routes and entry points: a contents page, the work is done in `chalicelib`.

Lambda calls `app` for the API and `send_otp` for the queue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib import __version__, log, wiring
from chalicelib.sign_in.options import SignInOptions
from chalicelib.web import incoming, otp_responses, responses
from chalicelib.web.chalice_app import Application
from chalicelib.web.invocation import remaining_seconds

if TYPE_CHECKING:
    from chalice.app import Request, Response, SQSEvent

    from chalicelib.pages import Page
    from chalicelib.sign_in.browser_request import BrowserRequest, Redirect

# Chalice answers other types before we can; these are the ones whose sender we want to answer.
CONTENT_TYPES = [
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/plain",
]

app = Application(app_name="portaria", configure_logs=False)


@app.route("/")
@responses.browser(app)
def home(request: BrowserRequest) -> Page:
    """Show who is signed in, or a way to sign in."""
    return responses.home(request, wiring.sign_in().current(request))


# An image on a neighbour's page could otherwise sign a visitor in whom Logto still knows, or
# crowd out the attempts that are open in other tabs.
@app.route("/sign-in")
@responses.browser(app, only_navigation=True)
def sign_in(request: BrowserRequest) -> Redirect:
    """Send the visitor to Logto's sign-in page."""
    return wiring.sign_in().begin(request, SignInOptions.from_request(request))


@app.route("/sign-up")
@responses.browser(app, only_navigation=True)
def sign_up(request: BrowserRequest) -> Redirect:
    """Send the visitor to Logto's registration page."""
    options = SignInOptions.from_request(request, sign_up=True)
    return wiring.sign_in().begin(request, options)


@app.route("/callback")
@responses.browser(app)
def callback(request: BrowserRequest) -> Redirect:
    """Receive Logto's answer and sign the visitor in."""
    return wiring.sign_in().complete(request)


@app.route("/sign-out", methods=["GET", "POST"], content_types=CONTENT_TYPES)
@responses.browser(app)
def sign_out(request: BrowserRequest) -> Page | Redirect:
    """Sign the visitor out, here and at Logto."""
    return responses.sign_out(request)


@app.route("/account/sign-out-everywhere", methods=["POST"], content_types=CONTENT_TYPES)
@responses.browser(app)
def sign_out_everywhere(request: BrowserRequest) -> Page | Redirect:
    """Sign the visitor out on all devices."""
    return responses.sign_out_everywhere(request)


@app.route("/backchannel-logout", methods=["POST"], content_types=CONTENT_TYPES)
@responses.provider_call(app)
def backchannel_logout(request: Request) -> None:
    """Receive a back-channel logout from Logto."""
    wiring.back_channel().receive(incoming.form_field(request, "logout_token"))


@app.route("/account")
@responses.json_client(app)
def account(request: BrowserRequest) -> Response:
    """Answer with the signed-in user's claims."""
    session = wiring.sign_in().current(request)
    if session is None:
        return responses.json(401, {"error": "not_signed_in"})
    return responses.json(200, session.claims)


@app.route("/otp", methods=["POST"], content_types=CONTENT_TYPES)
@otp_responses.connector(app)
def otp(request: Request) -> None:
    """Take a code from Logto's HTTP SMS connector."""
    wiring.intake().accept(request.headers.get("authorization"), incoming.raw_body(request))


@app.route("/otp/status", methods=["POST"], content_types=CONTENT_TYPES)
@otp_responses.twilio_callback(app)
def otp_status(request: Request) -> None:
    """Receive a delivery receipt from Twilio."""
    wiring.receipts().receive(
        incoming.called_url(request),
        incoming.raw_body(request),
        request.headers.get("x-twilio-signature"),
    )


@app.route("/health")
def health() -> Response:
    """Answer with the deployed version, touching nothing else."""
    return responses.json(200, {"status": "ok", "version": __version__})


# Chalice wants an ARN here and can't refer to the stack's own queue; the real one, and the
# partial batch response, come from .chalice/resources.yaml.
@app.on_sqs_message(queue_arn="arn:aws:sqs:us-east-1:000000000000:otp", name="send_otp")
def send_otp(event: SQSEvent) -> dict[str, Any]:
    """Send the codes of a batch; returns the messages that should come back."""
    log.invocation(event.context)
    return wiring.worker().handle(event.to_dict()["Records"], remaining_seconds(event.context))
