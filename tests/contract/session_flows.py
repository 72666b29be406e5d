"""Everything that happens to a session, and what its visitor may rely on whatever gets lost."""

from __future__ import annotations

from uuid import uuid4

import pytest

from chalicelib.sign_in.errors import AttemptUnknown, SignInRefused
from chalicelib.sign_in.flow import SESSION_COOKIE
from chalicelib.sign_in.provider import Audience, LogoutToken
from chalicelib.sign_in.refreshing import LEASE_SECONDS
from tests.contract.session_world import Flow
from tests.kit.sign_in import Browser

RENEWED_AFTER, CHECKED_AFTER = 600, 900
RESOURCE = Audience("https://api.example.test")


class BeginSignIn(Flow):
    def prepare(self) -> None:
        self.browser = Browser(self.world.sign_in)

    def act(self) -> None:
        self.state = self.browser.begin()

    def promise(self) -> None:
        self.browser.come_back(state=self.state, code="code")
        assert self.browser.user == self.world.user


class CompleteSignIn(Flow):
    def prepare(self) -> None:
        self.browser = Browser(self.world.sign_in)
        self.state = self.browser.begin()
        self.cookies = dict(self.browser.cookies)

    def act(self) -> None:
        self.browser.come_back(state=self.state, code="code")

    def again(self) -> None:
        assert len(self.world.provider.exchanged) <= 1
        self.is_used_up()
        self.browser.sign_in_completely()

    def promise(self) -> None:
        assert self.browser.user == self.world.user
        self.is_used_up()

    def is_used_up(self) -> None:
        """Assert that the attempt opens nothing any more."""
        exchanged = len(self.world.provider.exchanged)
        thief = Browser(self.world.sign_in)
        thief.cookies = dict(self.cookies)
        with pytest.raises(AttemptUnknown):
            thief.come_back(state=self.state, code="code")
        assert len(self.world.provider.exchanged) == exchanged


class CompleteSignInOverAnOldSession(CompleteSignIn):
    def prepare(self) -> None:
        self.browser = self.world.signed_in()
        self.old = self.browser.cookies[SESSION_COOKIE]
        self.world.provider.exchanged.clear()
        self.state = self.browser.begin()
        self.cookies = dict(self.browser.cookies)

    def promise(self) -> None:
        super().promise()
        assert self.browser.cookies[SESSION_COOKIE] != self.old
        assert self.world.session(self.old) is None


class ViewPage(Flow):
    def act(self) -> None:
        assert self.browser.user == self.world.user

    def promise(self) -> None:
        assert self.browser.user == self.world.user


class ViewPageAfterAWhile(ViewPage):
    def prepare(self) -> None:
        super().prepare()
        self.world.clock.advance(RENEWED_AFTER)

    def promise(self) -> None:
        session = self.world.session(self.token)
        assert session is not None
        assert session.seen_at == int(self.world.clock())
        super().promise()


class ViewPageWhenTheUserIsToBeChecked(ViewPage):
    def prepare(self) -> None:
        super().prepare()
        self.world.clock.advance(CHECKED_AFTER)

    def act(self) -> None:
        super().act()
        assert self.world.provider.refreshed == ["refresh"]

    def again(self) -> None:
        # The visitor goes on, although the one who had the right to refresh may have been told
        # of an error: after its time another one refreshes.
        assert self.browser.user == self.world.user
        self.world.clock.advance(LEASE_SECONDS + 1)

    def promise(self) -> None:
        super().promise()
        assert self.world.provider.refreshed == ["refresh"]
        session = self.world.session(self.token)
        assert session is not None
        assert session.storage["refreshToken"] == "refresh-2"
        assert session.refreshing_until == 0


class ViewPageWhenTheUserHasChanged(ViewPageWhenTheUserIsToBeChecked):
    def prepare(self) -> None:
        super().prepare()
        self.world.provider.claims["name"] = "Ana"


class ViewPageWhenTheUserIsSuspended(Flow):
    def prepare(self) -> None:
        super().prepare()
        self.world.clock.advance(CHECKED_AFTER)
        self.world.provider.failing = SignInRefused("invalid_grant")

    def act(self) -> None:
        assert self.browser.user is None

    def again(self) -> None:
        self.world.clock.advance(LEASE_SECONDS + 1)
        self.act()

    def promise(self) -> None:
        assert self.browser.user is None
        assert self.world.session(self.token) is None


class GetAccessToken(Flow):
    def act(self) -> None:
        assert self.world.access.token(self.token, RESOURCE) == "access-1"

    def again(self) -> None:
        self.world.clock.advance(LEASE_SECONDS + 1)
        self.act()

    def promise(self) -> None:
        assert self.world.access.token(self.token, RESOURCE) == "access-1"
        assert self.world.provider.refreshed == ["refresh"]
        session = self.world.session(self.token)
        assert session is not None
        assert session.storage["refreshToken"] == "refresh-2"


class SignOut(Flow):
    def act(self) -> None:
        self.browser.leave()

    def promise(self) -> None:
        self.least_promise()
        assert len(self.world.provider.revoked) == 1

    def least_promise(self) -> None:
        # The tokens stand in a record that nobody opens any more.
        assert SESSION_COOKIE not in self.browser.cookies
        assert self.world.session(self.token) is None


class SignOutEverywhere(Flow):
    def prepare(self) -> None:
        super().prepare()
        self.others = [self.world.signed_in() for _ in range(2)]

    def act(self) -> None:
        self.browser.leave_everywhere()

    def promise(self) -> None:
        assert SESSION_COOKIE not in self.browser.cookies
        assert self.world.session(self.token) is None
        assert [other.user for other in self.others] == [None, None]


class LogoutOfASession(Flow):
    """Somebody else's session goes on, and one of the same user that is not meant."""

    names: tuple[str, ...] = ("sid",)

    def prepare(self) -> None:
        self.bystander, self.bystanders_name = self.world.signed_in(), self.world.user
        self.world.user = self.world.new_user()
        self.other = self.world.signed_in()
        super().prepare()
        claims = {"sid": "unknown here", **self.world.provider.claims}
        named = {name: claims[name] for name in self.names}
        told = LogoutToken(uuid4().hex, named.get("sub"), named.get("sid"))
        self.world.provider.logout_tokens["t"] = told

    def act(self) -> None:
        self.world.back_channel.receive("t")

    def promise(self) -> None:
        assert self.browser.user is None
        assert self.bystander.user == self.bystanders_name
        self.others_promise()
        self.world.clock.advance(1)
        later = self.world.signed_in()
        self.act()  # a captured token that comes again
        assert later.user == self.world.user

    def others_promise(self) -> None:
        assert self.other.user == self.world.user


class LogoutOfASessionOfAUser(LogoutOfASession):
    names = ("sid", "sub")


class LogoutOfAUser(LogoutOfASession):
    names: tuple[str, ...] = ("sub",)

    def others_promise(self) -> None:
        assert self.other.user is None


class LogoutOfASessionThatNoIdTokenNames(LogoutOfAUser):
    """Any session of the user may be the one."""

    names = ("sid", "sub")

    def prepare(self) -> None:
        self.world.has_sids = False
        super().prepare()


FLOWS = [
    *(BeginSignIn, CompleteSignIn, CompleteSignInOverAnOldSession),
    *(ViewPage, ViewPageAfterAWhile, ViewPageWhenTheUserIsToBeChecked),
    *(ViewPageWhenTheUserHasChanged, ViewPageWhenTheUserIsSuspended, GetAccessToken),
    *(SignOut, SignOutEverywhere),
    *(LogoutOfASession, LogoutOfASessionOfAUser, LogoutOfAUser),
    LogoutOfASessionThatNoIdTokenNames,
]
