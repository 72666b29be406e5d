"""The composition root: every object that lives as long as the process, made on first use.

Nothing is made at import. Each Lambda makes only its own parts, and imports only what
these need: the API never loads Twilio's SDK, `send_otp` never loads Logto's, and a home
page for a stranger loads neither.
"""

from chalicelib.wiring.codes import intake, receipts, refused_numbers, worker
from chalicelib.wiring.process import languages, pages, settings
from chalicelib.wiring.signing_in import access, back_channel, bearer_tokens, provider, sign_in

__all__ = [
    "access",
    "back_channel",
    "bearer_tokens",
    "intake",
    "languages",
    "pages",
    "provider",
    "receipts",
    "refused_numbers",
    "settings",
    "sign_in",
    "worker",
]
