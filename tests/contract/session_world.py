"""The application on a table whose answers may get lost, and what a flow through it is."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import uuid4

from chalicelib.sign_in.access import Access
from chalicelib.sign_in.attempts import Attempts
from chalicelib.sign_in.back_channel import BackChannel
from chalicelib.sign_in.flow import SESSION_COOKIE, SignIn
from chalicelib.sign_in.refreshing import Refreshing
from chalicelib.sign_in.revalidation import Revalidation
from chalicelib.sign_in.sessions import SessionLifetime, Sessions
from tests.kit.fakes import Clock, FakeProvider
from tests.kit.sign_in import Browser

if TYPE_CHECKING:
    from chalicelib.sign_in.sessions import Session
    from chalicelib.sign_in.store import RecordStore

LIFETIME = SessionLifetime(idle_seconds=7200, absolute_seconds=14 * 86_400, check_seconds=900)


@dataclass
class World:
    """The application on a table that others use, too, and a user who is nobody else's."""

    store: RecordStore
    clock: Clock = field(default_factory=lambda: Clock(time.time()))
    has_sids: bool = True
    """Whether ID tokens name the session at the provider."""

    def __post_init__(self) -> None:
        self.provider = FakeProvider(clock=self.clock)
        self.sessions = Sessions(self.store, LIFETIME, self.clock)
        refreshing = Refreshing(lambda: self.provider, self.sessions, self.clock)
        self.access = Access(
            lambda: self.provider, self.sessions, refreshing, self.clock, self.clock.advance
        )
        self.back_channel = BackChannel(lambda: self.provider, self.sessions, self.clock)
        self.sign_in = SignIn(
            provider=lambda: self.provider,
            attempts=Attempts(self.store, 600, self.clock),
            sessions=self.sessions,
            revalidation=Revalidation(self.sessions, refreshing, 86_400, self.clock),
            clock=self.clock,
        )
        self.user = self.new_user()

    def new_user(self) -> str:
        """Let somebody else sign in from now on."""
        user = f"user-{uuid4().hex}"
        self.provider.claims = {"sub": user}
        return user

    def signed_in(self) -> Browser:
        """Return a browser in which the user signs in, with its own session at the provider."""
        browser = Browser(self.sign_in)
        if self.has_sids:
            self.provider.claims["sid"] = f"session-{uuid4().hex}"
        browser.sign_in_completely()
        return browser

    def session(self, token: str) -> Session | None:
        kept = self.sessions.find(token)
        return kept.session if kept else None


class Flow:
    """What somebody does, and what they may rely on."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.prepare()

    def prepare(self) -> None:
        """Bring about what the flow begins with."""
        self.browser = self.world.signed_in()
        self.token = self.browser.cookies[SESSION_COOKIE]

    def act(self) -> None:
        """Do it; raises StoreUnavailable where that is told."""
        raise NotImplementedError

    def again(self) -> None:
        """Do what somebody does who was told of an error."""
        self.act()

    def promise(self) -> None:
        """Assert what holds now."""
        raise NotImplementedError

    def least_promise(self) -> None:
        """Assert what holds even where a call had no answer at all."""
        self.promise()
