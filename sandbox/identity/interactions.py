"""A sign-in under way: the authorization request that waits, and how far its visitor has come."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.identity import cookies

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import RLock

    from flask import Request

    from sandbox.identity.oauth import ParametersRequest
    from sandbox.identity.records import User
    from sandbox.identity.settings import Application
    from sandbox.identity.verification import Verification


FIELD = "interaction"  # which of the browser's interactions a page belongs to


class NoInteraction(Exception):
    """A page or an answer was asked for that no sign-in has led to."""


@dataclass(slots=True)
class Interaction:
    """What is known of it: the latest code, then the user, then (third-party) their consent."""

    uid: str
    asked: ParametersRequest
    application: Application
    expires_at: float
    verification: Verification | None = None
    user: User | None = None
    consented: bool = False

    def parameter(self, name: str) -> str | None:
        """Give a parameter of the authorization request."""
        value: str | None = self.asked.payload.data.get(name)
        return value


class Interactions:
    """The open ones, by the uid that a browser's cookie names."""

    def __init__(self, lock: RLock, clock: Callable[[], float], life_seconds: int) -> None:
        self._lock = lock
        self._clock = clock
        self._life_seconds = life_seconds
        self._open: dict[str, Interaction] = {}

    def begin(self, asked: ParametersRequest, application: Application) -> Interaction:
        """Keep an authorization request until its visitor is known."""
        uid = secrets.token_urlsafe(32)
        interaction = Interaction(uid, asked, application, self._clock() + self._life_seconds)
        with self._lock:
            self._open[uid] = interaction
        return interaction

    def find(self, uid: str | None) -> Interaction:
        """Give an open interaction, or raise NoInteraction."""
        with self._lock:
            interaction = self._open.get(uid or "")
        if interaction is None or interaction.expires_at <= self._clock():
            raise NoInteraction
        return interaction

    def of(self, request: Request) -> Interaction:
        """Give the interaction that a request names, if it is this browser's, or its newest.

        Raises NoInteraction.
        """
        mine = cookies.interactions(request)
        named = request.values.get(FIELD)
        return self.find(named if named in mine else next(iter(mine), None))

    def finish(self, interaction: Interaction) -> None:
        """Forget one."""
        with self._lock:
            self._open.pop(interaction.uid, None)
