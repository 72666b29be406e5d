"""What can go wrong between a visitor and Logto.

Each error says what happened in fields, none of them secret, and has no HTTP status:
`chalicelib.web.failures` turns them into answers.
"""

from __future__ import annotations


class SignInError(Exception):
    """A visitor can't be signed in, kept signed in or signed out. `reason` is for the log."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class AttemptUnknown(SignInError):
    """The callback belongs to no open attempt of this browser: expired, used, or not its own."""


class SignInCancelled(SignInError):
    """The visitor came back without an answer: Logto's consent page was cancelled."""

    def __init__(self) -> None:
        super().__init__("bare callback")


class SignInRefused(SignInError):
    """Logto answered the attempt with an error; `code` is OAuth's, e.g. access_denied."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"refused: {code}")


class SignInRequired(SignInError):
    """Nobody is signed in, or the session has ended."""

    def __init__(self) -> None:
        super().__init__("not signed in")


class AccessRefused(SignInError):
    """The user is signed in, but Logto issues no such access token; `code` is OAuth's."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"access refused: {code}")


class BearerTokenMissing(SignInError):
    """An API was called without a Bearer token."""

    def __init__(self) -> None:
        super().__init__("no Bearer token")


class BearerTokenRejected(SignInError):
    """A Bearer token did not pass our checks."""


class ScopeMissing(SignInError):
    """A Bearer token is good, but not for this: it lacks one of `scopes`."""

    def __init__(self, scopes: tuple[str, ...]) -> None:
        self.scopes = scopes
        super().__init__("scope missing")


class AnswerRejected(SignInError):
    """Logto's answer, or what claims to be one, did not pass our checks."""


class ProviderUnreachable(SignInError):
    """Logto did not answer, not in time, or not sensibly."""


class ProviderMisconfigured(SignInError):
    """Logto knows the application under another id, secret or redirect URI than ours."""


class StoreUnavailable(SignInError):
    """The sessions table can't be read or written."""
