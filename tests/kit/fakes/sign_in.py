"""The record store and Logto."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING, Any

from chalicelib.sign_in.errors import (
    AccessRefused,
    AnswerRejected,
    SignInError,
    StoreUnavailable,
)
from chalicelib.sign_in.provider import AccessToken, AuthorizationRequest, Refreshed, SignedIn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chalicelib.sign_in.options import SignInOptions
    from chalicelib.sign_in.provider import Audience, LogoutToken
    from chalicelib.sign_in.store import Index, Mark, Record


@dataclass
class FakeRecordStore:
    """Keeps records in a dict; `calls` counts what a real store would be charged for.

    `failing` are the calls that fail, by name; `stuck` the records that can't be taken.
    """

    records: dict[str, Record] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    marks: dict[str, int] = field(default_factory=dict)
    mark_ends: dict[str, int] = field(default_factory=dict)
    down: bool = False
    failing: set[str] = field(default_factory=set)
    stuck: set[str] = field(default_factory=set)
    taken: dict[str, int] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def create(self, record: Record) -> None:
        self._call("create")
        self.records[record.id] = record

    def start(self, record: Record, *, instead_of: str | None, unless: Sequence[Mark]) -> bool:
        self._call("start")
        for mark in unless:
            marked_at = self.marks.get(mark.id)
            if marked_at is not None and (mark.since is None or marked_at >= mark.since):
                return False
        self.records.pop(instead_of or "", None)
        self.records[record.id] = record
        return True

    def find(self, index: Index, value: str) -> list[str]:
        self._call("find")
        field_name = {"by_subject": "subject_hash"}.get(index, "provider_session_hash")
        return [r.id for r in self.records.values() if getattr(r, field_name) == value]

    def mark(self, mark_id: str, marked_at: int, expires_at: int) -> None:
        self._call("mark")
        self.marks[mark_id], self.mark_ends[mark_id] = marked_at, expires_at

    def is_marked(self, mark_id: str, now: int) -> bool:
        self._call("is_marked")
        return self.mark_ends.get(mark_id, 0) > now

    def load(self, record_id: str) -> Record | None:
        self._call("load")
        return self.records.get(record_id)

    def save(self, record: Record) -> bool:
        self._call("save")
        with self.lock:
            kept = self.records.get(record.id)
            if kept is None or kept.version != record.version:
                return False
            self.records[record.id] = replace(record, version=record.version + 1)
            return True

    def take(self, record_id: str, expires_at: int) -> bytes | None:
        self._call("take")
        if record_id in self.stuck:
            raise StoreUnavailable("stuck")
        ended = self.records.pop(record_id, None)
        if ended is None:
            return None
        self.taken[record_id] = expires_at
        return ended.sealed

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self.down or name in self.failing:
            raise StoreUnavailable("down")


@dataclass
class FakeProvider:
    """Logto without a network: hands out states, and the claims it was given."""

    claims: dict[str, Any] = field(default_factory=dict)
    issuer: str = "https://logto.test/oidc"
    failing: SignInError | None = None
    begun: list[tuple[str, SignInOptions]] = field(default_factory=list)
    exchanged: list[dict[str, str]] = field(default_factory=list)
    revoked: list[dict[str, str]] = field(default_factory=list)
    nonce: str = "nonce"
    refreshed: list[str] = field(default_factory=list)
    refreshed_id_token: str | None = "id-2"
    refused: set[Audience] = field(default_factory=set)
    clock: Callable[[], float] = lambda: 1_800_000_000.0
    user: dict[str, Any] = field(default_factory=dict)
    asked_with: list[str] = field(default_factory=list)
    withdrawn: set[str] = field(default_factory=set)
    during_refresh: Callable[[], None] = lambda: None
    during_exchange: Callable[[], None] = lambda: None
    logout_tokens: dict[str, LogoutToken] = field(default_factory=dict)
    gives_refresh_tokens: bool = True

    @property
    def tokens(self) -> FakeProvider:
        return self

    def read_access_token(self, token: str, audience: str) -> dict[str, Any]:
        raise AnswerRejected(f"no access token of ours for {audience}: {len(token)} characters")

    def authorization_request(
        self, redirect_uri: str, options: SignInOptions
    ) -> AuthorizationRequest:
        self._fail()
        self.begun.append((redirect_uri, options))
        state = f"state-{len(self.begun)}"
        url = f"https://logto.test/oidc/auth?state={state}"
        return AuthorizationRequest(url, state, self.nonce, {"signInSession": state})

    def exchange(
        self, storage: dict[str, str], nonce: str, *, redirect_uri: str, state: str, code: str
    ) -> SignedIn:
        self._fail()
        self.during_exchange()
        self.exchanged.append({"redirect_uri": redirect_uri, "state": state, "code": code})
        claims = {"iss": self.issuer, "sub": "user-1", "nonce": self.nonce, **self.claims}
        if claims["nonce"] != nonce:
            raise AnswerRejected("ID token: nonce")
        refresh = {"refreshToken": "refresh"} if self.gives_refresh_tokens else {}
        return SignedIn(claims, {**storage, **refresh}, self.gives_refresh_tokens)

    def accepts_issuer(self, issuer: str | None) -> bool:
        return issuer in {None, self.issuer}

    def access_token(self, storage: dict[str, str], audience: Audience) -> AccessToken | None:
        kept = storage.get(_access_token_key(audience))
        if kept is None:
            return None
        value, renew_at, ends_at = kept.split("|")
        return AccessToken(value, int(renew_at), int(ends_at))

    def refresh(self, storage: dict[str, str], audience: Audience) -> Refreshed:
        self.refreshed.append(storage["refreshToken"])
        self.during_refresh()
        self._fail()
        if audience in self.refused:
            raise AccessRefused("access_denied")
        count = len(self.refreshed)
        renewed = {
            "refreshToken": f"refresh-{count + 1}",
            _access_token_key(audience): f"access-{count}|{int(self.clock()) + 3540}"
            f"|{int(self.clock()) + 3600}",
        }
        return Refreshed({**storage, **renewed}, f"access-{count}", self.refreshed_id_token)

    def user_info(self, access_token: str) -> dict[str, Any]:
        self.asked_with.append(access_token)
        self._fail()
        if access_token in self.withdrawn:
            raise AccessRefused("invalid_token")
        return {"sub": "user-1", **self.user}

    def claims_of(self, refreshed: Refreshed, claims_before: Mapping[str, Any]) -> dict[str, Any]:
        if refreshed.id_token == "forged":
            raise AnswerRejected("ID token: forged")
        claims = {"iss": self.issuer, "sub": "user-1", "nonce": self.nonce, **self.claims}
        if any(claims[name] != claims_before[name] for name in ("iss", "sub")):
            raise AnswerRejected("ID token: another user after the refresh")
        return claims

    def end_session_url(self, post_logout_redirect_uri: str) -> str:
        self._fail()
        return f"https://logto.test/oidc/session/end?to={post_logout_redirect_uri}"

    def read_logout_token(self, token: str) -> LogoutToken:
        self._fail()
        if token not in self.logout_tokens:
            raise AnswerRejected("logout token: unknown")
        return self.logout_tokens[token]

    def revoke(self, storage: dict[str, str]) -> None:
        self._fail()
        self.revoked.append(storage)

    def _fail(self) -> None:
        if self.failing is not None:
            raise self.failing


@dataclass
class FakeUserSessions:
    """Users' sessions at Logto; `during_end` is what else happens meanwhile."""

    ended: list[str] = field(default_factory=list)
    failing: SignInError | None = None
    during_end: Callable[[], None] = lambda: None

    def end_all(self, subject: str) -> None:
        self.during_end()
        if self.failing is not None:
            raise self.failing
        self.ended.append(subject)


def _access_token_key(audience: Audience) -> str:
    return f"access token {audience.resource} {audience.organization}"
