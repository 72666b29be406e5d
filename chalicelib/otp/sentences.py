"""What Logto's user reads when a code can't be sent: Logto shows our answer word for word."""

from __future__ import annotations

_DEFAULT = "en"
_SENTENCES = {
    "en": {
        "number_invalid": "This phone number is not valid. Please check it.",
        "code_missing": "The message could not be sent: it has no code.",
        "type_missing": "The message could not be sent: it has no type.",
        "unreadable": "The message could not be sent: the request can't be read.",
        "too_large": "The message could not be sent: the request is too large.",
        "country_not_allowed": "Messages can't be sent to phone numbers of this country.",
        "number_refused": "This phone number can't receive our messages. Please use another one.",
        "number_short": "Too many codes for this phone number. Please try again in a while.",
        "number_long": "Too many codes for this phone number. Please try again later.",
        "ip": "Too many codes are being asked for. Please try again later.",
        "country": "Too many codes are being asked for. Please try again later.",
        "overall": "Too many codes are being asked for. Please try again later.",
        "try_again": "The message could not be sent. Please try again in a moment.",
    },
    "pt": {
        "number_invalid": "Este número de telefone não é válido. Confira e tente de novo.",
        "code_missing": "Não foi possível enviar a mensagem: falta o código.",
        "type_missing": "Não foi possível enviar a mensagem: falta o tipo.",
        "unreadable": "Não foi possível enviar a mensagem: o pedido não pôde ser lido.",
        "too_large": "Não foi possível enviar a mensagem: o pedido é grande demais.",
        "country_not_allowed": "Não é possível enviar mensagens para números deste país.",
        "number_refused": "Este número não pode receber nossas mensagens. Use outro, por favor.",
        "number_short": "Foram pedidos códigos demais para este número. Tente de novo em breve.",
        "number_long": "Foram pedidos códigos demais para este número. Tente mais tarde.",
        "ip": "Estão sendo pedidos códigos demais. Tente de novo mais tarde.",
        "country": "Estão sendo pedidos códigos demais. Tente de novo mais tarde.",
        "overall": "Estão sendo pedidos códigos demais. Tente de novo mais tarde.",
        "try_again": "Não foi possível enviar a mensagem. Tente de novo daqui a pouco.",
    },
}


def sentence(problem: str, locale: str | None) -> str:
    """Give the sentence for `problem` in the language of `locale`, or in English."""
    language = (locale or _DEFAULT).partition("-")[0].lower()
    return _SENTENCES.get(language, _SENTENCES[_DEFAULT])[problem]
