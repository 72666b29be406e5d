"""Stand-ins that live in memory, keep the protocols' promises and remember what they were told."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING, Any

from chalicelib.otp.errors import (
    LedgerUnavailable,
    Limit,
    QueueUnavailable,
    SentUnknown,
    TemplatesUnavailable,
)
from chalicelib.otp.ledger import Latest
from chalicelib.otp.receipt import Receipt, ReceivedEntry
from chalicelib.otp.sent_text import SentMessage
from chalicelib.sign_in.errors import (
    AccessRefused,
    AnswerRejected,
    SignInError,
    StoreUnavailable,
)
from chalicelib.sign_in.provider import AccessToken, AuthorizationRequest, Refreshed, SignedIn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chalicelib.otp.ledger import LedgerEntry, Outcome
    from chalicelib.otp.limits import Tally, Window
    from chalicelib.otp.template import Templates
    from chalicelib.sign_in.logout_token import LogoutToken
    from chalicelib.sign_in.options import SignInOptions
    from chalicelib.sign_in.provider import Audience
    from chalicelib.sign_in.record import Index, Mark, Record


@dataclass
class Clock:
    """A clock that goes only when told to."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class FakeRecordStore:
    """Keeps records in a dict; `calls` counts what a real store would be charged for."""

    records: dict[str, Record] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    marks: dict[str, int] = field(default_factory=dict)
    mark_ends: dict[str, int] = field(default_factory=dict)
    down: bool = False
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

    def mark(self, mark_id: str, marked_at: int, expires_at: int, *, only_once: bool) -> bool:
        self._call("mark")
        if only_once and self.mark_ends.get(mark_id, 0) > marked_at:
            return False
        self.marks[mark_id], self.mark_ends[mark_id] = marked_at, expires_at
        return True

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

    def take(self, record_id: str) -> Record | None:
        self._call("take")
        return self.records.pop(record_id, None)

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self.down:
            raise StoreUnavailable("down")


@dataclass
class FakeProvider:
    """Logto without a network: hands out states, and the claims it was given."""

    claims: dict[str, Any] = field(default_factory=dict)
    issuer: str = "https://logto.test/oidc"
    failing: SignInError | None = None
    begun: list[tuple[str, SignInOptions]] = field(default_factory=list)
    exchanged: list[str] = field(default_factory=list)
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

    def authorization_request(
        self, redirect_uri: str, options: SignInOptions
    ) -> AuthorizationRequest:
        self._fail()
        self.begun.append((redirect_uri, options))
        state = f"state-{len(self.begun)}"
        url = f"https://logto.test/oidc/auth?state={state}"
        return AuthorizationRequest(url, state, self.nonce, {"signInSession": state})

    def exchange(self, storage: dict[str, str], callback_uri: str) -> SignedIn:
        self._fail()
        self.during_exchange()
        self.exchanged.append(callback_uri)
        claims = {"iss": self.issuer, "sub": "user-1", "nonce": self.nonce, **self.claims}
        return SignedIn(claims, {**storage, "idToken": "id", "refreshToken": "refresh"})

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

    def claims_of(self, refreshed: Refreshed) -> dict[str, Any]:
        if refreshed.id_token == "forged":
            raise AnswerRejected("ID token: forged")
        return {"iss": self.issuer, "sub": "user-1", "nonce": self.nonce, **self.claims}

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


def _access_token_key(audience: Audience) -> str:
    return f"access token {audience.resource} {audience.organization}"


@dataclass
class FakeLedger:
    """Keeps entries and markers in dicts."""

    entries: dict[str, LedgerEntry] = field(default_factory=dict)
    markers: dict[str, Latest] = field(default_factory=dict)
    down: bool = False
    lock: Lock = field(default_factory=Lock)

    def read(self, entry_id: str, latest_id: str) -> tuple[LedgerEntry | None, Latest]:
        self._fail()
        with self.lock:
            return self.entries.get(entry_id), self.markers.get(latest_id, Latest(latest_id))

    def claim(self, entry: LedgerEntry, latest: Latest) -> LedgerEntry | None:
        if not self.take_lock(latest):
            return None
        claimed = self.save(entry)
        if claimed is None and latest.claim_id is not None:
            self.unlock(latest.id, latest.claim_id, 0.0)
        return claimed

    def take_lock(self, latest: Latest) -> bool:
        self._fail()
        with self.lock:
            marker = self.markers.get(latest.id)
            if (marker.version if marker else 0) != latest.version:
                return False
            self.markers[latest.id] = replace(latest, version=latest.version + 1)
            return True

    def save(self, entry: LedgerEntry) -> LedgerEntry | None:
        self._fail()
        with self.lock:
            return self._save(entry)

    def unlock(self, latest_id: str, claim_id: str, locked_until: float) -> None:
        self._fail()
        with self.lock:
            latest = self.markers.get(latest_id)
            if latest is not None and latest.claim_id == claim_id:
                self.markers[latest_id] = replace(
                    latest, locked_until=locked_until, version=latest.version + 1
                )

    def history(self, recipient_hash: str, limit: int) -> list[LedgerEntry]:
        self._fail()
        found = [e for e in self.entries.values() if e.recipient_hash == recipient_hash]
        return sorted(found, key=lambda entry: -entry.accepted_at)[:limit]

    @property
    def outcomes(self) -> list[Outcome]:
        return [entry.result.outcome for entry in self.entries.values() if entry.result]

    def _save(self, entry: LedgerEntry) -> LedgerEntry | None:
        found = self.entries.get(entry.id)
        if (found.version if found else 0) != entry.version:
            return None
        saved = replace(entry, version=entry.version + 1)
        self.entries[entry.id] = saved
        return saved

    def _fail(self) -> None:
        if self.down:
            raise LedgerUnavailable("down")


@dataclass
class FakeCounters:
    """Counts codes and remembers refused numbers; `calls` counts what a table would charge for."""

    refused_seconds: int = 86_400
    moments: dict[str, list[int]] = field(default_factory=dict)
    tallies: dict[Tally, int] = field(default_factory=dict)
    refused_until: dict[str, int] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)
    lock: Lock = field(default_factory=Lock)

    def take_number(self, recipient_hash: str, windows: Sequence[Window], now: int) -> Limit | None:
        self._call("take_number")
        with self.lock:
            if self.refused_until.get(recipient_hash, 0) > now:
                return Limit.NUMBER_REFUSED
            moments = self.moments.setdefault(recipient_hash, [])
            for window in windows:
                if sum(moment > now - window.seconds for moment in moments) >= window.limit:
                    return window.name
            moments.append(now)
        return None

    def give_back_number(
        self,
        recipient_hash: str,
        windows: Sequence[Window],  # noqa: ARG002 - the protocol's
        now: int,
    ) -> None:
        self._call("give_back_number")
        with self.lock:
            if self.moments.get(recipient_hash, [])[-1:] == [now]:
                self.moments[recipient_hash].pop()

    def take(self, tally: Tally) -> bool:
        self._call("take")
        key = replace(tally, limit=0)
        with self.lock:
            if self.tallies.get(key, 0) >= tally.limit:
                return False
            self.tallies[key] = self.tallies.get(key, 0) + 1
        return True

    def give_back(self, tally: Tally) -> None:
        self._call("give_back")
        key = replace(tally, limit=0)
        with self.lock:
            self.tallies[key] = max(0, self.tallies.get(key, 0) - 1)

    def remember(self, recipient_hash: str, code: int, now: int) -> None:  # noqa: ARG002
        self._call("remember")
        self.refused_until[recipient_hash] = now + self.refused_seconds

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if name in self.failing:
            raise LedgerUnavailable("down")


@dataclass
class FakeReceipts:
    """Receipts on a ledger's entries; `early_ones` have none yet."""

    ledger: FakeLedger
    stages: dict[str, Receipt] = field(default_factory=dict)
    early_ones: dict[str, Receipt] = field(default_factory=dict)
    down: bool = False

    def find(self, message_sid: str) -> str | None:
        self._fail()
        entries = self.ledger.entries.values()
        found = (each.id for each in entries if _sid(each) == message_sid)
        return next(found, None)

    def advance(self, entry_id: str, receipt: Receipt, now: int) -> ReceivedEntry | None:  # noqa: ARG002
        self._fail()
        entry, kept = self.ledger.entries.get(entry_id), self.stages.get(entry_id)
        if entry is None or _sid(entry) != receipt.message_sid or _is_late(receipt, kept):
            return None
        self.stages[entry_id] = receipt
        return ReceivedEntry(entry.recipient_hash, entry.usage_type, entry.region, entry.message_id)

    def keep_early(self, receipt: Receipt, now: int) -> None:  # noqa: ARG002
        self._fail()
        if not _is_late(receipt, self.early_ones.get(receipt.message_sid)):
            self.early_ones[receipt.message_sid] = receipt

    def early(self, message_sid: str) -> Receipt | None:
        self._fail()
        return self.early_ones.get(message_sid)

    def forget_early(self, message_sid: str) -> None:
        self._fail()
        self.early_ones.pop(message_sid, None)

    def _fail(self) -> None:
        if self.down:
            raise LedgerUnavailable("down")


def _sid(entry: LedgerEntry) -> str | None:
    return entry.result.message_sid if entry.result else None


def _is_late(receipt: Receipt, kept: Receipt | None) -> bool:
    return (
        kept is not None
        and kept.message_sid == receipt.message_sid
        and kept.stage.rank >= receipt.stage.rank
    )


@dataclass(frozen=True)
class SentText:
    """A message as a sender was asked to send it."""

    recipient: str
    text: str
    validity_seconds: float


@dataclass
class FakeSender:
    """Remembers texts; raises the next of `errors` instead while there are any.

    With `accepts` an error comes after the text was taken, as a lost answer does.
    """

    sent: list[SentText] = field(default_factory=list)
    errors: deque[Exception] = field(default_factory=deque)
    accepts: bool = False
    clock: Callable[[], float] = lambda: 1_800_000_000.0
    listed: list[SentMessage] = field(default_factory=list)
    unlistable: bool = False
    renewals: int = 0
    renewed: bool = False
    during_send: Callable[[], None] = lambda: None

    def send(self, recipient: str, text: str, validity_seconds: float) -> str:
        self.during_send()
        if self.errors and not self.accepts:
            raise self.errors.popleft()
        self.sent.append(SentText(recipient, text, validity_seconds))
        sid = f"SM{len(self.sent):032d}"
        self.listed.append(SentMessage(sid, text, self.clock()))
        if self.errors:
            raise self.errors.popleft()
        return sid

    def sent_since(self, recipient: str, since: float) -> list[SentMessage]:  # noqa: ARG002
        if self.unlistable:
            raise SentUnknown("down")
        return [message for message in self.listed if message.created_at >= since]

    def renew(self) -> bool:
        self.renewals += 1
        return self.renewed


@dataclass
class FakeQueue:
    """The OTP queue and its dead-letter queue."""

    bodies: list[str] = field(default_factory=list)
    hidden: dict[str, int] = field(default_factory=dict)
    buried: list[tuple[str, str]] = field(default_factory=list)
    down: bool = False

    def put(self, body: str) -> str:
        self._fail()
        self.bodies.append(body)
        return f"message-{len(self.bodies)}"

    def hide(self, receipt_handle: str, seconds: int) -> None:
        self._fail()
        self.hidden[receipt_handle] = seconds

    def bury(self, body: str, reason: str, message_id: str) -> None:  # noqa: ARG002
        self._fail()
        self.buried.append((body, reason))

    def _fail(self) -> None:
        if self.down:
            raise QueueUnavailable("down")


@dataclass
class FakeTemplates:
    """Templates, or None for an SSM that can't be reached."""

    templates: Templates | None

    def get(self) -> Templates:
        if self.templates is None:
            raise TemplatesUnavailable("down")
        return self.templates
