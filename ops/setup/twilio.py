"""Twilio's part of the plan: credentials, a messaging service, its sender, the countries."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ops.connector import account, held_account
from ops.errors import OperatorError
from ops.errors.setting_up import TWILIO_ACCOUNT
from ops.http_api import ApiError
from ops.parameters import TWILIO
from ops.setup.plan import HIDDEN, MISSING
from ops.twilio import Twilio

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.settings import Settings
    from ops.setup.answers import Answers
    from ops.setup.plan import Plan
    from ops.setup.store import Store
    from ops.twilio_resources import Number

SERVICE_NAME = "Portaria"
_SERVICE_KEYS = ("fromMessagingServiceSid", "fromMessagingServiceSID")
_SENDER_KEYS = (*_SERVICE_KEYS, "from")


class TwilioSetup:
    """What is planned at one account."""

    def __init__(
        self,
        plan: Plan,
        store: Store,
        settings: Settings,
        answers: Answers,
        imported: Mapping[str, Any] | None,
    ) -> None:
        self._plan, self._store, self._settings, self._answers = plan, store, settings, answers
        self._before = held_account(store.values.get(TWILIO), store.path(TWILIO))
        self._config = dict(self._before)
        if not self._config and imported:
            self._config = account(imported)
        if not {"accountSID", "authToken"} <= self._config.keys():
            sid, token = answers.twilio()
            self._config |= {"accountSID": sid, "authToken": token}
        if self._before and imported and self._before.get("accountSID") != imported["accountSID"]:
            plan.notes.append(
                "Logto's connector sends by another Twilio account than the parameter twilio: that "
                "parameter stays, and codes go by its account."
            )
        self._service_sid = next(filter(None, map(self._config.get, _SERVICE_KEYS)), None)
        self.twilio = Twilio(
            self._config["accountSID"], self._config["authToken"], settings.twilio_api_url
        )

    def find(self) -> None:
        """Add to the plan what is missing. Raises OperatorError and ApiError."""
        found = self.twilio.account()
        if found.status != "active":
            raise self._wrong(f"Twilio's account is {found.status}, not active.")
        if found.kind == "Trial":
            self._plan.notes.append(
                "Twilio's account is a trial: texts go to numbers that are verified there only."
            )
        if self._service_sid is None and self._config.get("from"):
            self._check_number(self._config["from"])
        else:
            self._find_service()
        if self._config != self._before or not any(map(self._before.get, _SENDER_KEYS)):
            self._plan_parameter()
        self._compare_countries()

    def _check_number(self, phone_number: str) -> None:
        if not any(
            each.phone_number == phone_number and each.sends_texts for each in self.twilio.numbers()
        ):
            self._plan.notes.append(
                "The sender in the parameter twilio is not a number of the account that sends "
                "texts; alphanumeric senders are none either."
            )

    def _find_service(self) -> None:
        services = self.twilio.services()
        known = {each.sid for each in services}
        if self._service_sid is not None and self._service_sid not in known:
            raise self._wrong(f"The account has no messaging service {self._service_sid}.")
        if self._service_sid is None:
            named = [each.sid for each in services if each.name == SERVICE_NAME]
            self._service_sid = named[0] if named else None
        if self._service_sid is None:
            self._plan.add(
                "Twilio", f"messaging service {SERVICE_NAME}", MISSING, "created", self._create
            )
        pool = [] if self._service_sid is None else self.twilio.senders(self._service_sid)
        wanted = self._answers.given_number
        has_sender = any(each.sends_texts for each in pool)
        if has_sender and (wanted is None or any(each.phone_number == wanted for each in pool)):
            return
        others = [self.twilio.senders(sid) for sid in known - {self._service_sid}]
        taken = {number.sid for numbers in (pool, *others) for number in numbers}
        free = {
            each.phone_number: each
            for each in self.twilio.numbers()
            if each.sends_texts and each.sid not in taken
        }
        if not free:
            self._plan.notes.append(
                "No number of the account that sends texts is free: buy one in Twilio's Console, "
                "then run this again. Until then no code is sent."
            )
            return
        number = free[self._answers.number(sorted(free))]
        before = ", ".join(each.phone_number for each in pool) or "none"
        after = number.phone_number if before == "none" else f"{before}, {number.phone_number}"
        self._plan.add(
            "Twilio",
            f"senders of {SERVICE_NAME if self._service_sid is None else self._service_sid}",
            before,
            after,
            lambda: self._add_sender(number),
        )

    def _create(self) -> None:
        self._service_sid = self.twilio.create_service(SERVICE_NAME).sid

    def _add_sender(self, number: Number) -> None:
        assert self._service_sid is not None  # noqa: S101 - created before
        self.twilio.add_sender(self._service_sid, number.sid)

    def _plan_parameter(self) -> None:
        sender = self._config.get("from") or self._service_sid or SERVICE_NAME

        def apply() -> None:
            value = dict(self._config)
            if self._service_sid is not None:
                value["fromMessagingServiceSid"] = self._service_sid
            self._store.put(TWILIO, json.dumps(value))

        named = f"account {self._config['accountSID']}, Auth Token {HIDDEN}"
        before = f"{named}, no sender" if self._before else MISSING
        self._plan.add("AWS", self._store.path(TWILIO), before, f"{named}, sender {sender}", apply)

    def _wrong(self, said: str) -> OperatorError:
        return OperatorError(TWILIO_ACCOUNT, said, name=self._store.path(TWILIO))

    def _compare_countries(self) -> None:
        if not self._settings.allowed_countries:
            self._plan.notes.append(
                "ALLOWED_COUNTRIES is not set, so numbers of all countries get codes: name the "
                "countries that your users live in."
            )
            return
        try:
            missing = self.twilio.refused_countries(self._settings.allowed_countries)
        except ApiError as error:
            self._plan.notes.append(f"Twilio's geographic permissions can't be read: {error}.")
            return
        if missing:
            self._plan.notes.append(
                f"Twilio's geographic permissions don't allow texts to {', '.join(missing)}, which "
                "ALLOWED_COUNTRIES names: allow them in Twilio's Console under Messaging, Settings."
            )
