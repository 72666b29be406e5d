"""What a team may choose of Logto's sign-in experience, beside the code by SMS.

Whatever is not chosen stays as the tenant has it. The keys and values are those that Logto's
Management API was seen to accept; docs/explanation/logto.md has the requests.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import typer

T = TypeVar("T")
SMS_FACTOR, BACKUP_FACTOR = "PhoneVerificationCode", "BackupCode"


class Factor(StrEnum):
    """A second factor, as an option names it."""

    PASSKEY = "passkey"
    AUTHENTICATOR = "authenticator"
    BACKUP_CODES = "backup-codes"
    SMS = "sms"
    NONE = "none"
    """No second factor at all."""

    @property
    def logtos(self) -> str:
        """Logto's name for it."""
        return _LOGTOS[self]


class MfaPolicy(StrEnum):
    """Who has to have a second factor."""

    OPTIONAL = "optional"
    MANDATORY = "mandatory"

    @property
    def logtos(self) -> str:
        """Logto's name for it."""
        return "UserControlled" if self is MfaPolicy.OPTIONAL else "Mandatory"


_LOGTOS = {
    Factor.PASSKEY: "WebAuthn",
    Factor.AUTHENTICATOR: "Totp",
    Factor.BACKUP_CODES: BACKUP_FACTOR,
    Factor.SMS: SMS_FACTOR,
}
_OFFERED = [each.value for each in Factor if each is not Factor.SMS]


@dataclass(frozen=True, slots=True)
class Choices:
    """What is chosen; None stays as it is.

    `password` beside the code, at sign-up and sign-in. `forgot_password`: a code by SMS lets choose
    a new one. `factors` are all the second factors there are to be. `passkeys` sign in without a
    code.
    """

    password: bool | None = None
    forgot_password: bool | None = None
    factors: tuple[Factor, ...] | None = None
    policy: MfaPolicy | None = None
    passkeys: bool | None = None

    @property
    def logtos_factors(self) -> list[str] | None:
        """The second factors under Logto's names, each once."""
        if self.factors is None:
            return None
        chosen = dict.fromkeys(each for each in self.factors if each is not Factor.NONE)
        return [each.logtos for each in chosen]


NOTHING_CHOSEN = Choices()


def asked(present: Choices) -> Choices:
    """Ask on the terminal for each choice; an answer that is there already changes nothing."""
    password = _agreed("Allow a password beside the code by SMS?", present=present.password)
    forgot = present.forgot_password
    if password:
        forgot = _agreed("Let a code by SMS replace a forgotten password?", present=forgot)
    passkeys = _agreed("Offer sign-in by passkey, which needs no SMS?", present=present.passkeys)
    factors: tuple[Factor, ...] = typer.prompt(
        f"Second factors: any of {', '.join(_OFFERED[:-1])}, or {_OFFERED[-1]}",
        default=_listed(present.factors or ()),
        value_proc=_factors,
        err=True,
    )
    policy = present.policy
    if factors != (Factor.NONE,):
        is_mandatory = _agreed(
            "Require a second factor of everybody?", present=policy is MfaPolicy.MANDATORY
        )
        policy = MfaPolicy.MANDATORY if is_mandatory else MfaPolicy.OPTIONAL
    return Choices(
        password=_changed(password, present.password),
        forgot_password=_changed(forgot, present.forgot_password),
        factors=_changed(factors, present.factors),
        policy=_changed(policy, present.policy),
        passkeys=_changed(passkeys, present.passkeys),
    )


def _changed(answer: T | None, present: T | None) -> T | None:
    return None if answer == present else answer


def _agreed(question: str, *, present: bool | None) -> bool:
    return typer.confirm(question, default=bool(present), err=True)


def _listed(factors: tuple[Factor, ...]) -> str:
    return ", ".join(factors)


def _factors(answer: str | tuple[Factor, ...]) -> tuple[Factor, ...]:
    """Read an answer; raises typer.BadParameter, on which the question is asked again."""
    if isinstance(answer, tuple):
        return answer
    names = answer.replace(",", " ").split()
    if Factor.SMS in names:
        raise typer.BadParameter("Logto refuses SMS as second factor beside sign-in by SMS.")
    if not names or not set(names) <= set(_OFFERED):
        raise typer.BadParameter(f"Name some of {', '.join(_OFFERED)}.")
    return tuple(Factor(each) for each in names)
