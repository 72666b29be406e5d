"""How a request grows: with a session's claims, the sessions in the table, the workers."""

from __future__ import annotations

import itertools
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from benchmarks import measure
from benchmarks.measure import LOG, Case
from benchmarks.work import Work
from chalicelib.application import Portaria
from chalicelib.settings import Settings
from chalicelib.sign_in.sealing import new_token
from chalicelib.sign_in.sessions import SESSION_COOKIE, Session
from tests.kit.api_gateway import request
from tests.packaging.deployment import Lambda

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.kit.surroundings import Surroundings

CLAIM_KILOBYTES = (0, 2, 4, 8, 16)
SESSIONS = (1_000, 10_000, 50_000)
WORKERS = (1, 2, 4, 8)
ROUNDS = 100
BATCH = 10
BATCHES = 4
TWILIO_SECONDS = 0.2
WRITTEN_AT_ONCE = 25  # DynamoDB's limit


def growth(places: Mapping[str, Path], around: Surroundings, _: int) -> Any:
    """Measure all three."""
    return {
        "claims": _claims(places["ours"], around),
        "sessions": _sessions(places["ours"], around),
        "workers": {count: _workers(places["ours"], around, count) for count in WORKERS},
    }


def _claims(place: Path, around: Surroundings) -> dict[int, float]:
    """Return the processor seconds of a signed-in page by the kilobytes of the user's claims."""
    cases = {
        str(kilobytes): Case(place, "app", _page(around, kilobytes).copy)
        for kilobytes in CLAIM_KILOBYTES
    }
    found = measure.warm(cases, around.stage.environment, ROUNDS)
    return {int(kilobytes): seconds for kilobytes, seconds in found.items()}


def _sessions(place: Path, around: Surroundings) -> dict[int, float]:
    """Return the processor seconds of a signed-in page by the sessions in the table."""
    stage, page, there = around.stage, _page(around, 0), itertools.count()
    found = {}
    for wanted in SESSIONS:
        while (first := next(there) * WRITTEN_AT_ONCE) < wanted:
            puts = [
                {"PutRequest": {"Item": {"id": {"S": f"s{first + each}"}, "sealed": {"B": b"x"}}}}
                for each in range(WRITTEN_AT_ONCE)
            ]
            stage.dynamodb.batch_write_item(RequestItems={stage.sessions_table: puts})
        case = Case(place, "app", page.copy)
        found[wanted] = measure.warm({"page": case}, stage.environment, ROUNDS)["page"]
    return found


def _workers(place: Path, around: Surroundings, count: int) -> float:
    """Return the codes a second of so many workers, each with one batch of ten after the other."""
    work = Work(around)
    with ExitStack() as stack:
        workers = [
            stack.enter_context(
                Lambda(place, around.stage.environment, "app.send_otp", log=LOG.fileno())
            )
            for _ in range(count)
        ]
        for worker in workers:
            worker.invoke("send_otp", work.codes())
        events = {id(worker): [work.codes(BATCH) for _ in range(BATCHES)] for worker in workers}
        work.twilio_takes(TWILIO_SECONDS, count * BATCH * BATCHES)

        def send(worker: Lambda) -> None:
            for event in events[id(worker)]:
                worker.invoke("send_otp", event)

        threads = [threading.Thread(target=send, args=[worker]) for worker in workers]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return count * BATCH * BATCHES / (time.perf_counter() - started)


def _page(around: Surroundings, kilobytes: int) -> dict[str, Any]:
    now = int(time.time())
    claims = {"sub": "user-1", "iss": f"{around.logto.url}/oidc", "name": "Ana"}
    session = Session(
        claims | ({"custom_data": "x" * 1024 * kilobytes} if kilobytes else {}),
        storage={},
        created_at=now,
        seen_at=now,
        subject_hash=new_token(),
        provider_session_hash=new_token(),
        checked_at=now,
    )
    portaria = Portaria(Settings.from_env(around.stage.environment))
    portaria.aws.dynamodb = around.stage.dynamodb
    token = portaria.sessions.start(session, None)
    return request("GET", "/", Cookie=f"{SESSION_COOKIE}={token}")
