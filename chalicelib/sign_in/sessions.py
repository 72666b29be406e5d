"""Sessions: who is signed in, for how long, and how a session ends.

Lifetimes are enforced when a session is read, from times inside the seal: DynamoDB deletes
expired items up to days late, and a time in clear could be changed by whoever can write
to the table.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from chalicelib.sealing import Seal, base64url
from chalicelib.sign_in.errors import StoreUnavailable
from chalicelib.sign_in.sealing import TOKEN_LENGTH, SealedContent, new_token
from chalicelib.sign_in.store import TAKEN_SECONDS, Mark, Record
from chalicelib.sign_in.user import User

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.settings import Settings
    from chalicelib.sign_in.store import Index, RecordStore

SESSION_COOKIE = "portaria_session"
SEAL = Seal("session")
HINT_DIGITS = 4
MARK_SECONDS = 3600  # far longer than a callback or a logout token lives
RENEWAL_SHARE = 0.05  # of the idle time that must pass before a use is saved


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser. `claims` are those of the verified ID token."""

    claims: dict[str, Any]
    storage: dict[str, str] = field(repr=False)
    """What the SDK keeps of a signed-in user: refresh token and access tokens."""
    created_at: int
    seen_at: int
    subject_hash: str
    provider_session_hash: str
    checked_at: int = 0
    """When the provider last said that the user is still welcome."""
    refreshing_until: int = 0
    """Until when the one request that refreshes the tokens has the right to; 0 while none does."""
    refresh_failed_until: int = 0
    """Until when no request asks the provider again, because it could not answer."""
    has_refresh_token: bool = True
    """Whether the provider can be asked about the user, which only a refresh does."""

    @property
    def display_name(self) -> str | None:
        """The name to greet the user with, if there is one."""
        return User(self.claims).name

    @property
    def phone_hint(self) -> str | None:
        """The end of the phone number: enough to know it by, not enough to call it."""
        number = self.claims.get("phone_number")
        return f"••• {number[-HINT_DIGITS:]}" if isinstance(number, str) and number else None


_CONTENT = SealedContent(SEAL, Session)


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session as it was found: with its token and the version of its record."""

    token: str = field(repr=False)
    session: Session
    version: int


@dataclass(frozen=True, slots=True)
class SessionLifetime:
    """Seconds until a session is over: unused (`idle`), and whatever happens (`absolute`).

    After `check` seconds the provider is to be asked about the user again, and a session that
    can't be checked is over: whether Logto issues a refresh token is up to the visitor, who can
    delete `offline_access` from the address of its page, and must not escape the checks by it.
    """

    idle_seconds: int
    absolute_seconds: int
    check_seconds: int

    @classmethod
    def from_settings(cls, settings: Settings) -> SessionLifetime:
        """Return what a deployment's settings say."""
        return cls(
            settings.session_idle_seconds,
            settings.session_absolute_seconds,
            settings.revalidate_seconds,
        )

    def ends_at(self, session: Session) -> int:
        """Return when the session is over unless it is used before."""
        ends = [session.seen_at + self.idle_seconds, session.created_at + self.absolute_seconds]
        if not session.has_refresh_token:
            ends.append(session.checked_at + self.check_seconds)
        return min(ends)

    def wants_renewal(self, session: Session, now: float) -> bool:
        """Return whether the last use that was saved is long enough ago for another write."""
        return now - session.seen_at >= self.idle_seconds * RENEWAL_SHARE


@dataclass(frozen=True, slots=True)
class Sessions:
    """Starts, finds and ends sessions by the token in the browser's cookie."""

    store: RecordStore
    lifetime: SessionLifetime
    clock: Callable[[], float]

    def start(self, session: Session, old_token: str | None) -> str | None:
        """Store a session under a new token, in place of the old token's; return the new token.

        The token is always new: a session id that was known before the sign-in, planted
        or overheard, is worth nothing after it (session fixation). None where the provider
        has reported meanwhile that this very session, or its user, is signed out: a logout that
        arrives while the sign-in is being completed wins.
        """
        token = new_token()
        old_id = None
        if old_token is not None and len(old_token) == TOKEN_LENGTH:
            old_id = SEAL.record_id(old_token)
        started = self.store.start(
            self._record(token, session),
            instead_of=old_id,
            unless=[
                # A session at the provider ends once; a user may well sign in again.
                Mark(
                    logout_mark(session.provider_session_hash),
                    since=None if "sid" in session.claims else session.created_at,
                ),
                Mark(logout_mark(session.subject_hash), since=session.created_at),
            ],
        )
        return token if started else None

    def find(self, token: str | None) -> StoredSession | None:
        """Return the session of `token` if it lives."""
        if token is None or len(token) != TOKEN_LENGTH:
            return None
        record = self.store.load(SEAL.record_id(token))
        session = _CONTENT.open(token, record.sealed) if record else None
        if record is None or session is None or self.lifetime.ends_at(session) <= self.clock():
            return None
        if _hashes(record) != _hashes(session):
            # Logouts find a session by its hashes in clear: whoever can write to the table could
            # hide it from them by changing one.
            _CONTENT.is_broken()
            return None
        return StoredSession(token, session, record.version)

    def renew(self, stored: StoredSession) -> Session:
        """Return the session as used now, and save that where it is due.

        Where another request saves the session at the same time, or ends it, that request wins:
        the next one reads the result.
        """
        now = self.clock()
        if not self.lifetime.wants_renewal(stored.session, now):
            return stored.session
        renewed = replace(stored.session, seen_at=int(now))
        self.save(stored, renewed)
        return renewed

    def save(self, stored: StoredSession, session: Session) -> StoredSession | None:
        """Save a session in place of what was found; None where another request changed it."""
        record = replace(self._record(stored.token, session), version=stored.version)
        if not self.store.save(record):
            return None
        return StoredSession(stored.token, session, stored.version + 1)

    def end(self, token: str | None) -> Session | None:
        """End the session of `token`; returns it if there was one that opens."""
        if token is None or len(token) != TOKEN_LENGTH:
            return None
        sealed = self._take(SEAL.record_id(token))
        return _CONTENT.open(token, sealed) if sealed is not None else None

    def end_all(self, index: Index, value: str, last: str | None = None) -> int:
        """End all sessions with this hash, unopened, and keep those out that are on their way.

        Returns how many there were. The index lags a little behind the table: a session that
        was started in this very second may be missed. Raises StoreUnavailable where one could
        not be ended; the others are, because a logout may be reported only once. The session of
        the token `last`, the one that the request came with, ends whether the index has it or not,
        but only after the others: it is needed to send the request again.
        """
        now = int(self.clock())
        # The mark first: a session that is only being started is not in the index yet.
        self.store.mark(logout_mark(value), now, now + MARK_SECONDS)
        last_id = SEAL.record_id(last) if last is not None else None
        ended, failure = 0, None
        for record_id in self.store.find(index, value):
            if record_id == last_id:
                continue
            try:
                ended += self._take(record_id) is not None
            except StoreUnavailable as error:
                failure = error
        if failure is not None:
            raise failure
        if last_id is not None:
            ended += self._take(last_id) is not None
        return ended

    def _take(self, record_id: str) -> bytes | None:
        return self.store.take(record_id, int(self.clock()) + TAKEN_SECONDS)

    def _record(self, token: str, session: Session) -> Record:
        return Record(
            id=SEAL.record_id(token),
            sealed=_CONTENT.close(token, session),
            expires_at=self.lifetime.ends_at(session),
            subject_hash=session.subject_hash,
            provider_session_hash=session.provider_session_hash,
        )


def index_hash(issuer: str, claim: str, value: str) -> str:
    """Return the value under which the table finds the sessions with this `sub` or `sid`."""
    return base64url(hashlib.sha256(f"{issuer}\0{claim}\0{value}".encode()).digest())


def logout_mark(session_hash: str) -> str:
    """Return the id of the mark that the sessions with this hash are signed out."""
    return f"logout.{session_hash}"


def _hashes(found: Record | Session) -> tuple[str | None, str | None]:
    return found.subject_hash, found.provider_session_hash
