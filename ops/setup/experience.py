"""The sign-in experience's part of the plan: the phone, what a team chose beside it, dead tabs."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from ops.errors import OperatorError
from ops.errors.setting_up import CHOICES_CONTRADICT, LOGTO_REFUSED, MFA_BY_SMS
from ops.logto.resources import code_seconds
from ops.setup.choices import BACKUP_FACTOR, SMS_FACTOR, Choices, Factor, MfaPolicy
from ops.setup.shown import experience_shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ops.setup.tenant import Tenant

SIGN_IN = "sign-in and sign-up"
_BY_CODE = {
    "identifier": "phone",
    "password": False,
    "verificationCode": True,
    "isPasswordPrimary": False,
}


class ExperienceSetup:
    """What is planned for the pages of one tenant.

    `choose` is asked what is wanted, and told what the tenant has now. `code_lifetime_seconds` is
    the product's setting, which is compared with the tenant's.
    """

    def __init__(
        self, tenant: Tenant, choose: Callable[[Choices], Choices], code_lifetime_seconds: int
    ) -> None:
        self._tenant, self._plan, self._logto = tenant, tenant.plan, tenant.logto
        self._choose, self._code_lifetime_seconds = choose, code_lifetime_seconds

    def find(self) -> None:
        """Add to the plan what is missing. Raises OperatorError where Logto would refuse it."""
        held = self._logto.sign_in_experience()
        choices = self._choose(present(held))
        mfa = _with_factors(held.get("mfa") or {}, choices)
        sign_in, sign_up = _with_phone(held)
        if choices.password is not None:
            _set_password(sign_in, sign_up, wanted=choices.password)
        mode = "SignInAndRegister" if held["signInMode"] == "Register" else held["signInMode"]
        # A second factor by SMS must be gone before sign-in by SMS can come.
        self._add("second factor", held, {"mfa": mfa})
        # Logto checks ways to sign in and to sign up against each other: they go together.
        ways = {"signInMode": mode, "signIn": sign_in, "signUp": sign_up}
        self._add(SIGN_IN, held, ways)
        self._add("forgotten passwords", held, _forgot_password(held, choices))
        self._add("passkeys", held, _passkeys(held, choices))
        unknown, ours = held.get("unknownSessionRedirectUrl"), self._tenant.addresses.sign_in
        self._add("dead tabs", held, {"unknownSessionRedirectUrl": unknown or ours})
        if unknown and unknown != ours:
            self._plan.notes.append(
                f"The unknown session redirect URL stays {unknown}: a tab whose sign-in another "
                "tab has replaced is not led back to this stage."
            )
        if held["signInMode"] == "SignIn":
            self._plan.notes.append("The tenant lets nobody sign up; that stays.")
        self._compare_lifetime(held)

    def _add(self, what: str, held: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
        changes = {name: value for name, value in wanted.items() if value != held.get(name)}
        if not changes:
            return

        def apply() -> None:
            answered = self._logto.update_sign_in_experience(changes)
            # Logto drops keys that it does not know without a word.
            if any(answered.get(name) != value for name, value in changes.items()):
                raise OperatorError(LOGTO_REFUSED, f"Logto did not take over the {what}.")

        before = "; ".join(experience_shown(name, held.get(name)) for name in changes)
        after = "; ".join(experience_shown(name, value) for name, value in changes.items())
        self._plan.add("Logto", what, before, after, apply)

    def _compare_lifetime(self, held: Mapping[str, Any]) -> None:
        theirs, ours = code_seconds(held), self._code_lifetime_seconds
        if theirs != ours:
            self._plan.notes.append(
                f"Logto's codes live {theirs} s, but CODE_LIFETIME_SECONDS is {ours}: set it to "
                f"{theirs} in .chalice/config.json and deploy."
            )


def present(held: Mapping[str, Any]) -> Choices:
    """Return what the tenant has now, as if it had been chosen; what has no name here is left."""
    phone = _phone(held["signIn"])
    mfa, logtos = held.get("mfa") or {}, {each.logtos: each for each in Factor if each != "none"}
    found = tuple(logtos[each] for each in mfa.get("factors", []) if each in logtos)
    policies = {each.logtos: each for each in MfaPolicy}
    return Choices(
        password=bool(phone and phone["password"]),
        forgot_password=SMS_FACTOR in (held.get("forgotPasswordMethods") or []),
        factors=found or (Factor.NONE,),
        policy=policies.get(mfa.get("policy", "")),
        passkeys=bool((held.get("passkeySignIn") or {}).get("enabled")),
    )


def _phone(sign_in: Mapping[str, Any]) -> dict[str, Any] | None:
    methods = sign_in.get("methods", [])
    return next((each for each in methods if each["identifier"] == "phone"), None)


def _with_phone(held: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return `signIn` and `signUp` with the phone and a verification code.

    Ways to sign in stay, and so does signing up by e-mail. A user name can't stay beside the phone
    at sign-up: Logto would ask new users for both, and for a password.
    """
    sign_in, sign_up = deepcopy(held["signIn"]), deepcopy(held["signUp"])
    by_phone = _phone(sign_in)
    if by_phone is None:
        sign_in.setdefault("methods", []).append(dict(_BY_CODE))
    else:
        by_phone["verificationCode"] = True
    identifiers = sign_up.get("identifiers", [])
    if "phone" not in identifiers:
        kept = [each for each in identifiers if each != "username"]
        sign_up |= {"identifiers": [*kept, "phone"], "verify": True}
        if not kept:
            sign_up["password"] = False
    elif not sign_up.get("verify"):
        sign_up["verify"] = True
    return sign_in, sign_up


def _set_password(sign_in: dict[str, Any], sign_up: dict[str, Any], *, wanted: bool) -> None:
    if not wanted and "username" in sign_up["identifiers"]:
        raise OperatorError(
            CHOICES_CONTRADICT, "The tenant signs people up by user name, which needs a password."
        )
    sign_up["password"] = wanted
    phone = _phone(sign_in)
    assert phone is not None  # noqa: S101 - it was added before
    phone["password"] = wanted
    if not wanted:
        phone["isPasswordPrimary"] = False


def _with_factors(held: Mapping[str, Any], choices: Choices) -> dict[str, Any]:
    """Return `mfa` as it is to be. Raises OperatorError."""
    mfa, chosen = dict(held), choices.logtos_factors
    if chosen is not None:
        if chosen and Factor.NONE in (choices.factors or ()):
            raise OperatorError(CHOICES_CONTRADICT, "No second factor, and one, were chosen.")
        mfa["factors"] = chosen
    factors = mfa.get("factors", [])
    if SMS_FACTOR in factors:
        raise OperatorError(MFA_BY_SMS)
    if factors == [BACKUP_FACTOR]:
        raise OperatorError(
            CHOICES_CONTRADICT, "Backup codes can't be the only second factor: Logto refuses that."
        )
    if choices.policy is not None:
        if not factors:
            raise OperatorError(
                CHOICES_CONTRADICT, "There is no second factor that --mfa-policy could be about."
            )
        mfa["policy"] = choices.policy.logtos
    return mfa


def _forgot_password(held: Mapping[str, Any], choices: Choices) -> dict[str, Any]:
    if choices.forgot_password is None:
        return {}
    methods = list(held.get("forgotPasswordMethods") or [])
    if choices.forgot_password == (SMS_FACTOR in methods):
        return {}
    others = [each for each in methods if each != SMS_FACTOR]
    return {"forgotPasswordMethods": [*others, *([SMS_FACTOR] * choices.forgot_password)]}


def _passkeys(held: Mapping[str, Any], choices: Choices) -> dict[str, Any]:
    found = held.get("passkeySignIn") or {}
    if choices.passkeys is None or choices.passkeys == bool(found.get("enabled")):
        return {}
    shown = {"showPasskeyButton": True, "allowAutofill": True} if choices.passkeys else {}
    return {"passkeySignIn": {**shown, **found, "enabled": choices.passkeys}}
