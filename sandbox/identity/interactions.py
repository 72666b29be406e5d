"""A sign-in under way: the authorization request that waits, and how far its visitor has come.

A browser has one for each application. A second tab's replaces the first one's, so that whichever
tab is finished answers the second tab's request, and the other tab has lost its sign-in.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.identity import cookies

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import RLock

    from flask import Request, Response

    from sandbox.identity.oauth import ParametersRequest
    from sandbox.identity.records import User
    from sandbox.identity.settings import Application
    from sandbox.identity.verification import Verification


APPLICATION = "app_id"  # whose sign-in a page belongs to: the parameter of its address


class NoInteraction(Exception):
    """A page or an answer was asked for that no sign-in has led to.

    `reason` is the key of the sentence to show.
    """

    def __init__(self, reason: str = "session_not_found") -> None:
        super().__init__(reason)
        self.reason = reason


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
        """Return a parameter of the authorization request."""
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

    def find(self, request: Request, uid: str) -> Interaction:
        """Return one of this browser's interactions, or raise NoInteraction."""
        for interaction in self._of_browser(request):
            if interaction.uid == uid:
                return interaction
        raise NoInteraction

    def of(self, request: Request) -> Interaction:
        """Return this browser's interaction for the application that the page's address names.

        Its newest where the address names none. Raises NoInteraction.
        """
        app_id = request.args.get(APPLICATION)
        for interaction in self._of_browser(request):
            if app_id in (None, interaction.application.app_id):
                return interaction
        raise NoInteraction

    def keep(self, response: Response, request: Request, interaction: Interaction) -> None:
        """Let the browser have this interaction instead of the application's older one."""
        self._put(response, [interaction, *self._others(request, interaction)])

    def finish(self, response: Response, request: Request, interaction: Interaction) -> None:
        """Forget one, here and in the browser."""
        with self._lock:
            self._open.pop(interaction.uid, None)
        self._put(response, self._others(request, interaction))

    def _of_browser(self, request: Request) -> list[Interaction]:
        with self._lock:
            mine = [self._open.get(uid) for uid in cookies.interactions(request)]
        return [each for each in mine if each is not None and each.expires_at > self._clock()]

    def _others(self, request: Request, interaction: Interaction) -> list[Interaction]:
        app_id = interaction.application.app_id
        return [each for each in self._of_browser(request) if each.application.app_id != app_id]

    def _put(self, response: Response, kept: list[Interaction]) -> None:
        cookies.put_interactions(response, [each.uid for each in kept], self._life_seconds)
