"""Several processes on one session, on AWS's own DynamoDB engine: what several Lambdas are."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from chalicelib.sign_in.attempts import Attempts, SignInAttempt
from chalicelib.sign_in.cookies import CookieJar
from chalicelib.sign_in.dynamodb import DynamoDBRecordStore
from chalicelib.sign_in.sessions import Session, Sessions, index_hash
from chalicelib.sign_in.tokens import LEASE_SECONDS
from sandbox.server import running
from tests.kit.engines import ROOT, aws_client, new_table
from tests.kit.fakes import FakeProvider
from tests.kit.sign_in import SignInParts
from tests.processes.issuer import Issuer
from tests.processes.worker import THREADS

if TYPE_CHECKING:
    from collections.abc import Iterator

PROCESSES = 5
ROUNDS = 5


class Process(subprocess.Popen[str]):
    """A worker; `tell` and `hear` are apart, so that all are told before any has answered."""

    def __init__(self, *arguments: str) -> None:
        super().__init__(
            [sys.executable, "-m", "tests.processes.worker", *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, name: str, times: int, *arguments: Any) -> None:
        assert self.stdin is not None
        self.stdin.write(json.dumps([name, times, *arguments]) + "\n")
        self.stdin.flush()

    def hear(self) -> Any:
        assert self.stdout is not None
        while True:
            line = self.stdout.readline()
            assert line, "the worker is gone"
            said = json.loads(line)
            if not isinstance(said, dict):  # its log stands between
                return said

    def ask(self, name: str, *arguments: Any) -> Any:
        self.tell(name, 1, *arguments)
        return self.hear()[0]


@dataclass
class Table:
    """A sessions table, and the issuer of its sessions."""

    store: DynamoDBRecordStore
    sessions: Sessions
    issuer: Issuer
    processes: list[Process]

    def signed_in(self) -> str:
        """Start a session that has a refresh token and no access token."""
        now = int(time.time())
        self.issuer.current = f"refresh-of-{uuid4().hex}"
        session = Session(
            claims={"iss": "an issuer", "sub": "user-1"},
            storage={"refreshToken": self.issuer.current},
            created_at=now,
            seen_at=now,
            checked_at=now,
            subject_hash=index_hash("an issuer", "sub", "user-1"),
            provider_session_hash=index_hash("an issuer", "sid", uuid4().hex),
        )
        token = self.sessions.start(session, None)
        assert token is not None
        return token

    def tell_all(self, name: str, *arguments: Any) -> None:
        for process in self.processes:
            process.tell(name, THREADS, *arguments)

    def hear_all(self) -> list[Any]:
        return [answer for process in self.processes for answer in process.hear()]


@contextmanager
def table_of(processes: int, dynamodb_local: str) -> Iterator[Table]:
    issuer = Issuer()
    client = aws_client("dynamodb", dynamodb_local)
    name = new_table(client, "SessionsTable")
    store = DynamoDBRecordStore(client, name)
    with ExitStack() as stack:
        url = stack.enter_context(running(issuer.flask))
        started = [Process(dynamodb_local, name, url) for _ in range(processes)]
        for process in started:
            stack.enter_context(process)
            stack.callback(process.kill)
            assert process.hear() == "ready"
        parts = SignInParts(store, FakeProvider(), time.time, time.sleep)
        yield Table(store, parts.sessions, issuer, started)


@pytest.fixture(scope="module")
def table(dynamodb_local: str) -> Iterator[Table]:
    with table_of(PROCESSES, dynamodb_local) as table:
        yield table


@pytest.fixture
def table_of_two(dynamodb_local: str) -> Iterator[Table]:
    with table_of(2, dynamodb_local) as table:
        yield table


def test_fifty_requests_on_an_expired_token_make_one_refresh(table: Table):
    token = table.signed_in()
    table.tell_all("token", token)

    assert set(table.hear_all()) == {"access-1"}
    assert len(table.issuer.refreshes) == 1
    kept = table.sessions.find(token)
    assert kept is not None
    assert kept.session.storage["refreshToken"] == "refresh-1"


def test_a_sign_out_wins_against_all_refreshes(table: Table):
    for _ in range(ROUNDS):
        token = table.signed_in()
        table.issuer.asked.clear()
        table.issuer.held.clear()
        leaving, *others = table.processes
        for process in others:
            process.tell("token", THREADS, token)
        assert table.issuer.asked.wait(60)

        assert leaving.ask("end", token) is True
        table.issuer.held.set()
        answers = {answer for process in others for answer in process.hear()}
        assert answers == {"SignInRequired"}
        assert table.sessions.find(token) is None


def test_of_fifty_callbacks_of_one_attempt_one_signs_in(table: Table):
    jar = CookieJar(secure=False)
    attempt = SignInAttempt(state="state-1", nonce="nonce", return_to="/", storage={})
    (cookie,) = Attempts(table.store, 600, time.time).open(attempt, jar, "")
    table.tell_all("complete", cookie.partition(";")[0], "state-1")
    answers = table.hear_all()

    assert answers.count("AttemptUnknown") == PROCESSES * THREADS - 1
    assert sum(process.ask("exchanges") for process in table.processes) == 1
    (session_cookie,) = set(answers) - {"AttemptUnknown"}
    token = jar.read(session_cookie.partition(";")[0], "portaria_session")
    assert table.sessions.find(token) is not None


def test_a_refresh_whose_process_was_killed_is_taken_over_when_its_lease_is_over(
    table_of_two: Table,
):
    table = table_of_two
    token = table.signed_in()
    before = table.issuer.current
    table.issuer.held.clear()
    doomed, heir = table.processes
    doomed.tell("token", 1, token)
    assert table.issuer.asked.wait(60)
    doomed.kill()
    doomed.wait()
    table.issuer.held.set()
    table.issuer.current = before  # its answer was lost: Logto takes the old one for a while

    kept = table.sessions.find(token)
    assert kept is not None
    assert kept.session.refreshing_until > time.time()
    heir.ask("wait", LEASE_SECONDS + 1)
    assert heir.ask("token", token) == "access-2"
    assert len(table.issuer.refreshes) == 2
