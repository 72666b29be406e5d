"""Visitors who ask for codes, and what was accepted of what they asked for."""

from __future__ import annotations

import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import requests

from tests.chaos.phone import some_fault
from tests.kit.application import AUTHORIZATION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.world import World

TYPES = ("SignIn", "Register", "ForgotPassword")
REFUSED = ("15005550001", "15005550004", "15005550009")
POSTERS = 12
FAULT_SHARE, DUPLICATE_SHARE, DIRECT_SHARE = 0.35, 0.05, 0.05
POISON_SHARE, REFUSED_SHARE = 0.02, 0.01
BACKLOG = 800  # messages, hidden ones included, above which visitors wait
LEAST_SECONDS = 30.0  # of asking, so that there is time for trouble
TRIES = 20  # of a visitor whom the API turns away for now
AGAIN_SHARE = 0.3  # of the visitors who ask for another code


@dataclass(frozen=True)
class Accepted:
    """A code that was taken, and between which moments; `order` counts for its number and type."""

    to: str
    usage_type: str
    code: str
    order: int
    began_at: float
    ended_at: float

    @property
    def subject(self) -> tuple[str, str]:
        """Its number and type: of these, the newest code counts."""
        return self.to, self.usage_type

    @property
    def text(self) -> str:
        """What arrives at the phone."""
        return f"{self.usage_type}: {self.code}"

    @property
    def body(self) -> str:
        payload = {"code": self.code, "locale": "en"}
        return json.dumps({"to": self.to, "type": self.usage_type, "payload": payload})


@dataclass
class Visitors:
    """Posts `codes` codes; what was accepted is in `accepted` afterwards."""

    world: World
    codes: int
    draw: random.Random
    accepted: list[Accepted] = field(default_factory=list)
    unanswered: list[Accepted] = field(default_factory=list)
    """What was turned away each time, though the queue may have kept it."""
    held_back: int = 0
    poisoned: int = 0
    duplicated: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    backlog: int = 0
    done: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Let all of them ask, some at a time, and no faster than this machine's stand-ins are."""
        watching = threading.Thread(target=self._watch)
        watching.start()
        with ThreadPoolExecutor(POSTERS) as pool:
            for _ in pool.map(self._visit, list(self._visits())):
                pass
        self.done.set()
        watching.join()

    def _watch(self) -> None:
        while not self.done.wait(0.5):
            self.backlog = self.world.waiting()

    def _visits(self) -> Iterator[tuple[str, str, list[str], int]]:
        left, number = self.codes, 15_550_100_000
        while left:
            number += 1
            to = self.draw.choice(REFUSED) if self.draw.random() < REFUSED_SHARE else str(number)
            times = 1
            while times < 4 and self.draw.random() < AGAIN_SHARE:
                times += 1
            times = min(times, left)
            codes = [f"{self.codes - left + each:06d}" for each in range(times)]
            yield to, self.draw.choice(TYPES), codes, self.draw.getrandbits(32)
            left -= times

    def _visit(self, visit: tuple[str, str, list[str], int]) -> None:
        to, usage_type, codes, seed = visit
        draw = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
        time.sleep(draw.random() * min(2.0, 2 * LEAST_SECONDS * POSTERS / self.codes))
        while self.backlog > BACKLOG:
            time.sleep(0.2)
        for order, code in enumerate(codes):
            if order:
                time.sleep(draw.random() * 2)
            if draw.random() < FAULT_SHARE:
                self.world.phone.plan(some_fault(draw))
            self._ask(Accepted(to, usage_type, code, order, 0.0, 0.0), draw)

    def _ask(self, wanted: Accepted, draw: random.Random) -> None:
        began_at = time.time()
        if draw.random() < DIRECT_SHARE:
            self.world.put(wanted.body, delay_seconds=draw.randrange(4))
            status = 200
        else:
            status = self._post(wanted.body)
        was_taken = status == 200
        taken = Accepted(
            wanted.to, wanted.usage_type, wanted.code, wanted.order, began_at, time.time()
        )
        with self.lock:
            if was_taken:
                self.accepted.append(taken)
            else:
                self.held_back += 1
                self.unanswered += [taken] if status == 503 else []
        if was_taken and draw.random() < DUPLICATE_SHARE:
            self.duplicated += 1
            self.world.put(wanted.body, delay_seconds=draw.randrange(6))
        if draw.random() < POISON_SHARE:
            self.poisoned += 1
            self.world.put("{" + "x" * draw.randrange(9))

    def _post(self, body: str) -> int:
        """Ask until it is taken or refused for good; 503 where nobody knows whether it was."""
        headers = {"Authorization": AUTHORIZATION, "Content-Type": "application/json"}
        statuses = set()
        for _ in range(TRIES):
            url = f"{self.world.api_url}/otp"
            answer = requests.post(url, data=body, headers=headers, timeout=60)
            if answer.status_code in {200, 403}:
                return answer.status_code
            statuses.add(answer.status_code)
            time.sleep(0.5)  # a part of it is down, or counts nothing just now
        return max(statuses)
