"""The pages a visitor signs in on: a phone number, then the code that arrived on it.

A sign-in with a number that has no account, and a registration with one that has, need a
confirmation. Logto asks for it after the code, so that no stranger learns who has an account.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import phonenumbers
from flask import Blueprint, Response, redirect, request

from sandbox.identity import answers, errors
from sandbox.identity.codes import CodeRefused, ConnectorRefused, message_for, send
from sandbox.identity.interactions import APPLICATION, NoInteraction
from sandbox.identity.language import logto_locale, page_texts

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as AnyResponse

    from sandbox.identity.codes import Verification
    from sandbox.identity.identity import Identity
    from sandbox.identity.interactions import Interaction


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
_NOT_IN_MODE = {"sign-in": "Register", "register": "SignIn"}  # the screen, by the sign-in mode
_PATH = "/<any({}):path>".format(", ".join(f'"{path}"' for path in _SCREENS))


def blueprint(identity: Identity) -> Blueprint:
    """Return the routes."""
    routes, screens = Blueprint("screens", __name__), Screens(identity)
    code = f"{_PATH}/verification-code"
    both = ["GET", "POST"]
    routes.add_url_rule(_PATH, view_func=screens.phone, methods=both)
    routes.add_url_rule(code, view_func=screens.code, methods=both)
    routes.add_url_rule(f"{code}/resend", view_func=screens.resend, methods=["POST"])
    routes.add_url_rule(f"{_PATH}/confirm", view_func=screens.confirm, methods=both)
    routes.add_url_rule("/direct/<path:_method>", view_func=screens.direct)

    @routes.get("/unknown-session")
    def unknown_session() -> Response:
        return answers.page("unknown_session.html")

    @routes.app_errorhandler(NoInteraction)
    def no_interaction(lost: NoInteraction) -> AnyResponse:
        if request.method == "GET":
            own_page = f"{identity.settings.endpoint}/unknown-session"
            elsewhere = identity.tenant.experience["unknownSessionRedirectUrl"]
            return redirect(elsewhere or own_page)
        # At Logto the page stays, with a note for three seconds; only a reload leads on.
        body = errors.session_not_found("interaction session id cookie not found")
        first_page = f"/{request.path.split('/')[1]}?{urlencode(request.args)}"
        return answers.refusal(body, template="lost.html", problem=lost.reason, again=first_page)

    return routes


class Screens:
    """The pages by their paths; each shows its form again with what was wrong."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def phone(self, path: str) -> Response:
        """Ask for a number and send a code to it."""
        interaction = self._identity.interactions.of(request)
        screen, mode = _SCREENS[path], self._identity.tenant.experience["signInMode"]
        if screen in _NOT_IN_MODE and mode == _NOT_IN_MODE[screen]:
            other = "register" if screen == "sign-in" else "sign-in"
            return answers.see_other(_address(other, interaction))
        offered = self._identity.tenant.offers(screen)
        both = mode == "SignInAndRegister"
        show = partial(_page, "phone.html", interaction, path, offered=offered, both=both)
        if not offered:
            return show(CodeRefused("not_offered"))
        if request.method == "GET":
            return show(typed=interaction.parameter("login_hint") or "")
        typed = request.form.get("phone", "")
        try:
            _send_code(self._identity, interaction, digits(typed), _USAGE_TYPES[_SCREENS[path]])
        except CodeRefused as refusal:
            return show(refusal, typed=typed)
        return answers.see_other(_address(f"{path}/verification-code", interaction))

    def code(self, path: str) -> Response:
        """Ask for the code; a password reset leads to the sign-in, as no user has a password."""
        interaction = self._identity.interactions.of(request)
        sent = _verification(interaction)
        show = partial(_page, "code.html", interaction, path, phone=sent.phone)
        if request.method == "GET":
            return show()
        typed = "".join(request.form.get("code", "").split())
        try:
            self._identity.codes.check(sent, typed, self._identity.tenant.code_policy())
            if _SCREENS[path] == "forgot-password":
                return answers.see_other(_address("sign-in", interaction))
            self._refuse_what_the_mode_excludes(sent)
            if self._identity.settings.confirm_accounts and not self._is_meant(path, sent):
                return answers.see_other(_address(f"{path}/confirm", interaction))
            return self._sign_in(interaction, sent)
        except CodeRefused as refusal:
            return show(refusal)

    def resend(self, path: str) -> Response:
        """Send another code to the same number."""
        interaction = self._identity.interactions.of(request)
        phone = _verification(interaction).phone
        try:
            _send_code(self._identity, interaction, phone, _USAGE_TYPES[_SCREENS[path]])
        except CodeRefused as refusal:
            return _page("code.html", interaction, path, refusal, phone=phone)
        return answers.see_other(_address(f"{path}/verification-code", interaction))

    def confirm(self, path: str) -> Response:
        """Ask whether to create an account, or to sign in to the one that exists."""
        interaction = self._identity.interactions.of(request)
        proven = _verification(interaction)
        if not proven.used or proven.usage_type == _USAGE_TYPES["forgot-password"]:
            raise NoInteraction("verification_not_found")
        known = self._identity.user_with_phone(proven.phone) is not None
        show = partial(_page, "confirm.html", interaction, path, phone=proven.phone, known=known)
        if request.method == "GET":
            return show()
        try:
            self._refuse_what_the_mode_excludes(proven)
            return self._sign_in(interaction, proven)
        except CodeRefused as refusal:
            return show(refusal)

    def direct(self, _method: str) -> Response:
        """Go on to a page of our own: there are no social or enterprise connectors here."""
        interaction = self._identity.interactions.of(request)
        fallback = "register" if request.args.get("fallback") == "register" else "sign-in"
        return answers.see_other(_address(fallback, interaction))

    def _is_meant(self, path: str, proven: Verification) -> bool:
        known = self._identity.user_with_phone(proven.phone) is not None
        return known == (_SCREENS[path] == "sign-in")

    def _refuse_what_the_mode_excludes(self, proven: Verification) -> None:
        known = self._identity.user_with_phone(proven.phone) is not None
        mode = self._identity.tenant.experience["signInMode"]
        if mode == "SignIn" and not known:
            raise CodeRefused("unknown_only")
        if mode == "Register" and known:
            raise CodeRefused("known_only")

    def _sign_in(self, interaction: Interaction, proven: Verification) -> Response:
        user = self._identity.register(proven.phone)
        if user.suspended:
            raise CodeRefused("suspended", 401)
        interaction.user = user
        self._identity.settings.report(f"signed in: {user.sub}, …{user.phone[-2:]}")
        return answers.see_other(f"/oidc/auth/{interaction.uid}")


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


def _send_code(identity: Identity, interaction: Interaction, phone: str, usage_type: str) -> None:
    """Send a code, which replaces the interaction's older one, or raise CodeRefused.

    What the connector's endpoint answered then stands in the refusal's reason, word for word.
    """
    about = f"{usage_type} code for …{phone[-2:]}"
    report = identity.settings.report
    tenant = identity.tenant
    if tenant.connector is None:
        report(f"{about}: no connector")
        raise CodeRefused("no_connector", 501)
    try:
        verification = identity.codes.make(phone, usage_type)
    except CodeRefused as refusal:
        report(f"{about}: {refusal.reason}")
        raise
    interaction.verification = verification
    ui_locales = interaction.parameter("ui_locales")
    locale = logto_locale(request, ui_locales)
    ip = request.access_route[0]  # the leftmost X-Forwarded-For, which the client may have made up
    report(f"{about}: requested")
    try:
        connector = tenant.http_connector()
        if connector is None:
            raise ConnectorRefused.of_another_kind()
        status = send(connector, message_for(verification, locale, ui_locales, ip))
    except ConnectorRefused as refusal:
        report(f"{about}: the connector's endpoint answered {refusal.status or 'nothing'}")
        raise CodeRefused(refusal.message) from refusal
    report(f"{about}: the connector's endpoint answered {status}")


def _address(path: str, interaction: Interaction) -> str:
    return f"/{path}?{urlencode({APPLICATION: interaction.application.app_id})}"


def _verification(interaction: Interaction) -> Verification:
    if interaction.verification is None:
        raise NoInteraction("verification_not_found")
    return interaction.verification


def _page(
    template: str,
    interaction: Interaction,
    path: str,
    refusal: CodeRefused | None = None,
    **values: Any,
) -> Response:
    ui_locales = interaction.parameter("ui_locales")
    _, texts = page_texts(request, ui_locales)
    return answers.page(
        template,
        refusal.status if refusal else 200,
        ui_locales,
        path=path,
        app_id=interaction.application.app_id,
        screen=_SCREENS[path],
        problem=texts.get(refusal.reason, refusal.reason) if refusal else None,
        **values,
    )
