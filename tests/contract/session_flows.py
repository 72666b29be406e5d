"""Everything that happens to a session, and what its visitor may rely on whatever gets lost."""

from __future__ import annotations

from uuid import uuid4

import pytest

from chalicelib.sign_in.errors import AttemptUnknown, SignInRefused
from chalicelib.sign_in.provider import Audience, LogoutToken
from chalicelib.sign_in.sessions import SESSION_COOKIE
from chalicelib.sign_in.tokens import LEASE_SECONDS
from tests.contract.session_flow import Flow
from tests.kit.sign_in import Browser

RENEWED_AFTER, CHECKED_AFTER = 600, 900
RESOURCE = Audience("https://api.example.test")


class BeginSignIn(Flow):
    def prepare(self) -> None:
        self.browser = Browser(self.users)

    def act(self) -> None:
        self.state = self.browser.begin()

    def promise(self) -> None:
        self.browser.come_back(state=self.state, code="code")
        assert self.browser.user == self.users.user


class CompleteSignIn(Flow):
    def prepare(self) -> None:
        self.browser = Browser(self.users)
        self.state = self.browser.begin()
        self.cookies = dict(self.browser.cookies)

    def act(self) -> None:
        self.browser.come_back(state=self.state, code="code")

    def again(self) -> None:
        assert len(self.users.provider.exchanged) <= 1
        self.is_used_up()
        self.browser.sign_in_completely()

    def promise(self) -> None:
        assert self.browser.user == self.users.user
        self.is_used_up()

    def is_used_up(self) -> None:
        """Assert that the attempt opens nothing any more."""
        exchanged = len(self.users.provider.exchanged)
        thief = Browser(self.users)
        thief.cookies = dict(self.cookies)
        with pytest.raises(AttemptUnknown):
            thief.come_back(state=self.state, code="code")
        assert len(self.users.provider.exchanged) == exchanged


class CompleteSignInOverAnOldSession(CompleteSignIn):
    def prepare(self) -> None:
        self.browser = self.users.signed_in()
        self.old = self.browser.cookies[SESSION_COOKIE]
        self.users.provider.exchanged.clear()
        self.state = self.browser.begin()
        self.cookies = dict(self.browser.cookies)

    def promise(self) -> None:
        super().promise()
        assert self.browser.cookies[SESSION_COOKIE] != self.old
        assert self.users.session(self.old) is None


class ViewPage(Flow):
    def act(self) -> None:
        assert self.browser.user == self.users.user

    def promise(self) -> None:
        assert self.browser.user == self.users.user


class ViewPageAfterAWhile(ViewPage):
    def prepare(self) -> None:
        super().prepare()
        self.users.clock.advance(RENEWED_AFTER)

    def promise(self) -> None:
        session = self.users.session(self.token)
        assert session is not None
        assert session.seen_at == int(self.users.clock())
        super().promise()


class ViewPageWhenTheUserIsToBeChecked(ViewPage):
    def prepare(self) -> None:
        super().prepare()
        self.users.clock.advance(CHECKED_AFTER)

    def act(self) -> None:
        super().act()
        assert self.users.provider.refreshed == ["refresh"]

    def again(self) -> None:
        # The visitor goes on, although the one who had the right to refresh may have been told
        # of an error: after its time another one refreshes.
        assert self.browser.user == self.users.user
        self.users.clock.advance(LEASE_SECONDS + 1)

    def promise(self) -> None:
        super().promise()
        assert self.users.provider.refreshed == ["refresh"]
        session = self.users.session(self.token)
        assert session is not None
        assert session.storage["refreshToken"] == "refresh-2"
        assert session.refreshing_until == 0


class ViewPageWhenTheUserHasChanged(ViewPageWhenTheUserIsToBeChecked):
    def prepare(self) -> None:
        super().prepare()
        self.users.provider.claims["name"] = "Ana"


class ViewPageWhenTheUserIsSuspended(Flow):
    def prepare(self) -> None:
        super().prepare()
        self.users.clock.advance(CHECKED_AFTER)
        self.users.provider.failing = SignInRefused("invalid_grant")

    def act(self) -> None:
        assert self.browser.user is None

    def again(self) -> None:
        self.users.clock.advance(LEASE_SECONDS + 1)
        self.act()

    def promise(self) -> None:
        assert self.browser.user is None
        assert self.users.session(self.token) is None


class GetAccessToken(Flow):
    def act(self) -> None:
        assert self.users.access.token(self.token, RESOURCE) == "access-1"

    def again(self) -> None:
        self.users.clock.advance(LEASE_SECONDS + 1)
        self.act()

    def promise(self) -> None:
        assert self.users.access.token(self.token, RESOURCE) == "access-1"
        assert self.users.provider.refreshed == ["refresh"]
        session = self.users.session(self.token)
        assert session is not None
        assert session.storage["refreshToken"] == "refresh-2"


class SignOut(Flow):
    def act(self) -> None:
        self.browser.leave()

    def promise(self) -> None:
        self.least_promise()
        assert len(self.users.provider.revoked) == 1

    def least_promise(self) -> None:
        # The tokens stand in a record that nobody opens any more.
        assert SESSION_COOKIE not in self.browser.cookies
        assert self.users.session(self.token) is None


class SignOutEverywhere(Flow):
    def prepare(self) -> None:
        super().prepare()
        self.others = [self.users.signed_in() for _ in range(2)]

    def act(self) -> None:
        self.browser.leave_everywhere()

    def promise(self) -> None:
        assert SESSION_COOKIE not in self.browser.cookies
        assert self.users.session(self.token) is None
        assert [other.user for other in self.others] == [None, None]


class LogoutOfASession(Flow):
    """Somebody else's session goes on, and one of the same user that is not meant."""

    names: tuple[str, ...] = ("sid",)

    def prepare(self) -> None:
        self.bystander, self.bystanders_name = self.users.signed_in(), self.users.user
        self.users.user = self.users.new_user()
        self.other = self.users.signed_in()
        super().prepare()
        claims = {"sid": "unknown here", **self.users.provider.claims}
        named = {name: claims[name] for name in self.names}
        told = LogoutToken(uuid4().hex, named.get("sub"), named.get("sid"))
        self.users.provider.logout_tokens["t"] = told

    def act(self) -> None:
        self.users.sign_out.receive("t")

    def promise(self) -> None:
        assert self.browser.user is None
        assert self.bystander.user == self.bystanders_name
        self.others_promise()
        self.users.clock.advance(1)
        later = self.users.signed_in()
        self.act()  # a captured token that comes again
        assert later.user == self.users.user

    def others_promise(self) -> None:
        assert self.other.user == self.users.user


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
        self.users.has_sids = False
        super().prepare()


FLOWS = [
    *(BeginSignIn, CompleteSignIn, CompleteSignInOverAnOldSession),
    *(ViewPage, ViewPageAfterAWhile, ViewPageWhenTheUserIsToBeChecked),
    *(ViewPageWhenTheUserHasChanged, ViewPageWhenTheUserIsSuspended, GetAccessToken),
    *(SignOut, SignOutEverywhere),
    *(LogoutOfASession, LogoutOfASessionOfAUser, LogoutOfAUser),
    LogoutOfASessionThatNoIdTokenNames,
]
