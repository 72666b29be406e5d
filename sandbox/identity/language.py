"""Languages: which one Logto would choose, and the pages' own texts in English and Portuguese."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug.datastructures import LanguageAccept

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask import Request

# The languages that Logto's sign-in pages come with; anything else falls back to English.
# fmt: off
_LOGTO_LANGUAGES = (
    "en", "ar", "cs", "de", "es", "fa-IR", "fr", "it", "ja", "ko", "pl-PL", "pt-BR", "pt-PT",
    "ru", "th", "tr-TR", "uk-UA", "zh-CN", "zh-HK", "zh-TW",
)
# fmt: on


def _on_one_line(number: str) -> str:
    return number.replace(" ", "\N{NO-BREAK SPACE}")


_ENGLISH = {
    "sandbox": "Logto sandbox",
    "sandbox_note": "A local stand-in for Logto, for development only.",
    "sign-in": "Sign in",
    "register": "Create your account",
    "forgot-password": "Reset your password",
    "phone": "Phone number",
    "phone_hint": "With the country code, for example " + _on_one_line("+1 212 555 0100"),
    "send": "Continue",
    "no_account": "No account yet?",
    "have_account": "Already have an account?",
    "enter_code": "Enter the code",
    "sent_to": "We sent a code to",
    "look_at_phone": "The code arrives on the sandbox phone or, with a real Twilio, on your own.",
    "code": "Verification code",
    "confirm": "Continue",
    "send_again": "Send again",
    "other_number": "Use another number",
    "unknown_account": "No account found for {number}. Create a new one?",
    "known_account": "An account with {number} already exists. Sign in to it?",
    "consent": "Allow access",
    "consent_to": "This application asks for access to your account:",
    "allow": "Allow",
    "cancel": "Cancel",
    "unknown_session": "Session not found",
    "unknown_session_text": "Please go back and sign in again.",
    "session_not_found": "Session not found. Please go back and sign in again.",
    "verification_not_found": (
        "The verification was not successful. Restart the verification flow and try again."
    ),
    "reload": "Load this page again",
    "sign_out": "Sign out",
    "signed_out": "You have signed out",
    "refused": "Something went wrong",
    "invalid_phone": "The phone number is invalid",
    "code_mismatch": "Invalid verification code.",
    "code_expired": "Verification code has expired. Please request a new verification code.",
    "code_not_found": "Verification code not found. Please send verification code first.",
    "exceed_max_try": (
        "Verification code retries limitation exceeded. Please request a new verification code."
    ),
    "rate_limited": "Too many messages sent to this recipient. Please try again later.",
    "suspended": "This account is suspended.",
    "no_connector": "Cannot find any available connector for type: Sms.",
    "not_offered": "The sign-in experience offers no phone number with a verification code here.",
    "unknown_only": "No account found with this number.",
    "known_only": "An account with this number already exists.",
}
_PORTUGUESE = {
    "sandbox": "Logto sandbox",
    "sandbox_note": "Um substituto local do Logto, só para desenvolvimento.",
    "sign-in": "Entrar",
    "register": "Crie sua conta",
    "forgot-password": "Redefina sua senha",
    "phone": "Número de telefone",
    "phone_hint": "Com o código do país, por exemplo " + _on_one_line("+55 11 91234 5678"),
    "send": "Continuar",
    "no_account": "Ainda não tem conta?",
    "have_account": "Já tem uma conta?",
    "enter_code": "Digite o código",
    "sent_to": "Enviamos um código para",
    "look_at_phone": "O código chega no telefone do sandbox ou, com um Twilio de verdade, no seu.",
    "code": "Código de verificação",
    "confirm": "Continuar",
    "send_again": "Enviar de novo",
    "other_number": "Usar outro número",
    "unknown_account": "Nenhuma conta encontrada para {number}. Criar uma nova?",
    "known_account": "Já existe uma conta com {number}. Entrar nela?",
    "consent": "Permitir acesso",
    "consent_to": "Este aplicativo pede acesso à sua conta:",
    "allow": "Permitir",
    "cancel": "Cancelar",
    "unknown_session": "Sessão não encontrada",
    "unknown_session_text": "Volte e entre novamente.",
    "session_not_found": "Sessão não encontrada. Volte e entre novamente.",
    "verification_not_found": "A verificação não foi concluída. Recomece e tente de novo.",
    "reload": "Carregar esta página de novo",
    "sign_out": "Sair",
    "signed_out": "Você saiu",
    "refused": "Algo deu errado",
    "invalid_phone": "O número de telefone é inválido",
    "code_mismatch": "Código de verificação inválido.",
    "code_expired": "O código de verificação expirou. Solicite um novo código.",
    "code_not_found": "Código de verificação não encontrado. Solicite um código primeiro.",
    "exceed_max_try": "Limite de tentativas excedido. Solicite um novo código.",
    "rate_limited": "Muitas mensagens enviadas a este número. Tente novamente mais tarde.",
    "suspended": "Esta conta está suspensa.",
    "no_connector": "Não há nenhum conector de SMS.",
    "not_offered": "A experiência de login não oferece aqui telefone com código de verificação.",
    "unknown_only": "Nenhuma conta encontrada com este número.",
    "known_only": "Já existe uma conta com este número.",
}
_TEXTS: dict[str, Mapping[str, str]] = {"en": _ENGLISH, "pt-BR": _PORTUGUESE}


def logto_locale(request: Request, ui_locales: str | None) -> str:
    """Return the locale that Logto puts beside a code: from `ui_locales`, then the browser."""
    return _choose(_LOGTO_LANGUAGES, request, ui_locales)


def page_texts(request: Request, ui_locales: str | None) -> tuple[str, Mapping[str, str]]:
    """Return the language tag of a page and its texts."""
    language = _choose(tuple(_TEXTS), request, ui_locales)
    return language, _TEXTS[language]


def _choose(offered: Sequence[str], request: Request, ui_locales: str | None) -> str:
    requested = (ui_locales or "").split()
    wanted = LanguageAccept([(tag, 1 / place) for place, tag in enumerate(requested, start=1)])
    return wanted.best_match(offered) or request.accept_languages.best_match(offered) or offered[0]
