"""The pages a visitor signs in on: a phone number, then the code that arrived on it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import phonenumbers
from flask import Blueprint, Response, request

from sandbox.identity import answers
from sandbox.identity.interactions import FIELD, NoInteraction
from sandbox.identity.language import page_texts
from sandbox.identity.sending import send_code
from sandbox.identity.verification import CodeRefused

if TYPE_CHECKING:
    from sandbox.identity.identity import Identity
    from sandbox.identity.interactions import Interaction
    from sandbox.identity.verification import Verification

_PUNCTUATION = re.compile(r"[\s()+./-]")
_PHONE = re.compile(r"[0-9]+")
_USAGE_TYPES = {"sign-in": "SignIn", "register": "Register", "forgot-password": "ForgotPassword"}
_SCREENS = {
    "sign-in": "sign-in",
    "identifier-sign-in": "sign-in",
    "register": "register",
    "identifier-register": "register",
    "forgot-password": "forgot-password",
    "reset-password": "forgot-password",
}
_PATH = "/<any({}):path>".format(", ".join(f'"{path}"' for path in _SCREENS))


def blueprint(identity: Identity) -> Blueprint:
    """Give the routes."""
    routes = Blueprint("screens", __name__)

    @routes.route(_PATH, methods=["GET", "POST"])
    def phone(path: str) -> Response:
        interaction = identity.interactions.of(request)
        if request.method == "GET":
            return _page(interaction, path, typed=interaction.parameter("login_hint") or "")
        typed = request.form.get("phone", "")
        try:
            send_code(identity, interaction, digits(typed), _USAGE_TYPES[_SCREENS[path]])
        except CodeRefused as refusal:
            return _page(interaction, path, refusal, typed=typed)
        return answers.see_other(_code_page(path, interaction))

    @routes.route(f"{_PATH}/verification-code", methods=["GET", "POST"])
    def code(path: str) -> Response:
        interaction = identity.interactions.of(request)
        sent_to = _verification(interaction).phone
        if request.method == "GET":
            return _page(interaction, path, sent_to=sent_to)
        try:
            return answers.see_other(_accept_code(identity, interaction, path))
        except CodeRefused as refusal:
            return _page(interaction, path, refusal, sent_to=sent_to)

    @routes.post(f"{_PATH}/verification-code/resend")
    def resend(path: str) -> Response:
        interaction = identity.interactions.of(request)
        sent_to = _verification(interaction).phone
        try:
            send_code(identity, interaction, sent_to, _USAGE_TYPES[_SCREENS[path]])
        except CodeRefused as refusal:
            return _page(interaction, path, refusal, sent_to=sent_to)
        return answers.see_other(_code_page(path, interaction))

    return routes


def digits(typed: str) -> str:
    """Return a number as Logto keeps it, without "+", or raise CodeRefused where none can be.

    Logto's pages judge by Google's metadata, too. Of the numbers for fiction in North America
    these know +1 … 555 01xx only.
    """
    phone = _PUNCTUATION.sub("", typed)
    if not _PHONE.fullmatch(phone):
        raise CodeRefused("invalid_phone")
    try:
        number = phonenumbers.parse(f"+{phone}")
    except phonenumbers.NumberParseException:
        raise CodeRefused("invalid_phone") from None
    if not phonenumbers.is_valid_number(number):
        raise CodeRefused("invalid_phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]


def _code_page(path: str, interaction: Interaction) -> str:
    return f"/{path}/verification-code?{FIELD}={interaction.uid}"


def _verification(interaction: Interaction) -> Verification:
    if interaction.verification is None:
        raise NoInteraction
    return interaction.verification


def _accept_code(identity: Identity, interaction: Interaction, path: str) -> str:
    """Check the typed code and give the path to go on to; nobody has a password to reset here."""
    typed = "".join(request.form.get("code", "").split())
    phone = identity.codes.check(_verification(interaction), typed)
    if _SCREENS[path] == "forgot-password":
        return f"/sign-in?{FIELD}={interaction.uid}"
    user = identity.directory.user_with_phone(phone)
    if user.suspended:
        raise CodeRefused("suspended", 401)
    interaction.user = user
    identity.settings.report(f"signed in: {user.sub}, …{phone[-2:]}")
    return f"/oidc/auth/{interaction.uid}"


def _page(
    interaction: Interaction, path: str, refusal: CodeRefused | None = None, **values: str
) -> Response:
    ui_locales = interaction.parameter("ui_locales")
    _, texts = page_texts(request, ui_locales)
    return answers.page(
        "code.html" if "sent_to" in values else "phone.html",
        refusal.status if refusal else 200,
        ui_locales,
        path=path,
        interaction=interaction.uid,
        screen=_SCREENS[path],
        problem=texts.get(refusal.reason, refusal.reason) if refusal else None,
        **values,
    )
