"""The application on a table whose answers may get lost, and what a flow through it is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import uuid4

from chalicelib.sign_in.sessions import SESSION_COOKIE
from tests.kit.fakes import Clock, FakeProvider
from tests.kit.sign_in import Browser, SignInParts

if TYPE_CHECKING:
    from chalicelib.sign_in.sessions import Session
    from chalicelib.sign_in.store import RecordStore


class Users(SignInParts):
    """The sign-in on a table that others use, too, and a user who is nobody else's."""

    has_sids = True
    """Whether ID tokens name the session at the provider."""

    provider: FakeProvider
    clock: Clock

    def __init__(self, store: RecordStore) -> None:
        clock = Clock(time.time())
        provider = FakeProvider(clock=clock)
        super().__init__(store, provider, clock, clock.advance, SESSION_IDLE_SECONDS="7200")
        self.user = self.new_user()

    def new_user(self) -> str:
        """Let somebody else sign in from now on."""
        user = f"user-{uuid4().hex}"
        self.provider.claims = {"sub": user}
        return user

    def signed_in(self) -> Browser:
        """Return a browser in which the user signs in, with its own session at the provider."""
        browser = Browser(self)
        if self.has_sids:
            self.provider.claims["sid"] = f"session-{uuid4().hex}"
        browser.sign_in_completely()
        return browser

    def session(self, token: str) -> Session | None:
        kept = self.sessions.find(token)
        return kept.session if kept else None


class Flow:
    """What somebody does, and what they may rely on."""

    def __init__(self, users: Users) -> None:
        self.users = users
        self.prepare()

    def prepare(self) -> None:
        """Bring about what the flow begins with."""
        self.browser = self.users.signed_in()
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
