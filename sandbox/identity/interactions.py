"""A sign-in under way: the waiting authorization request, and how far its visitor has come.

A browser has one for each application. A second tab's replaces the first one's, so that finishing
either tab answers the second tab's request, and the other tab has lost its sign-in.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.identity.answers import delete_cookie, set_cookie

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import RLock

    from flask import Request, Response

    from sandbox.identity.codes import Verification
    from sandbox.identity.oauth import ParametersRequest
    from sandbox.identity.records import User
    from sandbox.identity.settings import Application


APPLICATION = "app_id"  # the parameter of a page's address that says whose sign-in it belongs to
_COOKIE = "_interaction"  # the uids, newest first, with dots between them


class NoInteraction(Exception):
    """A page was requested, or a form sent, that no sign-in under way has led to.

    `reason` is the key of the sentence to show.
    """

    def __init__(self, reason: str = "session_not_found") -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class Interaction:
    """One sign-in: its latest code, then its user, then (for third parties) their consent."""

    uid: str
    oauth_request: ParametersRequest
    application: Application
    expires_at: float
    verification: Verification | None = None
    user: User | None = None
    consented: bool = False

    def parameter(self, name: str) -> str | None:
        """Return a parameter of the authorization request."""
        value: str | None = self.oauth_request.payload.data.get(name)
        return value


class Interactions:
    """The open interactions, by the uids in browsers' cookies."""

    def __init__(self, lock: RLock, clock: Callable[[], float], life_seconds: int) -> None:
        self._lock = lock
        self._clock = clock
        self._life_seconds = life_seconds
        self._open: dict[str, Interaction] = {}

    def begin(self, oauth_request: ParametersRequest, application: Application) -> Interaction:
        """Store an authorization request until its visitor is known."""
        uid = secrets.token_urlsafe(32)
        interaction = Interaction(
            uid, oauth_request, application, self._clock() + self._life_seconds
        )
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
        """Put an interaction into the browser's cookie, in place of the application's older one."""
        self._put(response, [interaction, *self._others(request, interaction)])

    def finish(self, response: Response, request: Request, interaction: Interaction) -> None:
        """Forget an interaction, here and in the browser's cookie."""
        with self._lock:
            self._open.pop(interaction.uid, None)
        self._put(response, self._others(request, interaction))

    def _of_browser(self, request: Request) -> list[Interaction]:
        with self._lock:
            mine = [self._open.get(uid) for uid in request.cookies.get(_COOKIE, "").split(".")]
        return [each for each in mine if each is not None and each.expires_at > self._clock()]

    def _others(self, request: Request, interaction: Interaction) -> list[Interaction]:
        app_id = interaction.application.app_id
        return [each for each in self._of_browser(request) if each.application.app_id != app_id]

    def _put(self, response: Response, remaining: list[Interaction]) -> None:
        if remaining:
            uids = ".".join(each.uid for each in remaining)
            set_cookie(response, _COOKIE, uids, self._life_seconds)
        else:
            delete_cookie(response, _COOKIE)
