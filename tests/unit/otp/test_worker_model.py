"""The worker against a model of the model, in every order that Hypothesis can think of."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chalicelib.otp.decision import LEASE_SECONDS
from chalicelib.otp.receipts import Stage
from tests.kit.delivery import LIFETIME
from tests.kit.fakes.sending import SEND_SECONDS, SETTLE_SECONDS
from tests.unit.otp.actor import Actor
from tests.unit.otp.worker_model import VISIBILITY_SECONDS, WorkerModel
from tests.unit.otp.worker_model_neighbours import (
    DIE_AFTER,
    DIE_BEFORE,
    FAIL_AFTER,
    FAIL_BEFORE,
    FINE,
    LOST,
    POSTPONED,
    REFUSED,
    TAKEN_LATE,
    TAKEN_LATE_AND_DIE,
    WRONG,
)

pytestmark = pytest.mark.slow
MAX_WORKERS, MAX_CODES, MAX_REDRIVES, ENOUGH_ROUNDS = 3, 4, 2, 200
ANYWHERE = [FINE, DIE_BEFORE, DIE_AFTER, FAIL_BEFORE, FAIL_AFTER, LOST]
AT_TWILIO = [
    *[FINE, DIE_BEFORE, DIE_AFTER, FAIL_BEFORE, FAIL_AFTER],
    *[TAKEN_LATE, TAKEN_LATE, TAKEN_LATE_AND_DIE, TAKEN_LATE_AND_DIE],
    *[REFUSED, POSTPONED, WRONG],
]
WAITS = [
    0.4,
    1,
    2,
    4,
    SETTLE_SECONDS,
    SEND_SECONDS,
    LEASE_SECONDS,
    60,
    VISIBILITY_SECONDS,
    LIFETIME,
]
ENDS_OF_A_CALL = [DIE_BEFORE, FAIL_BEFORE, FAIL_AFTER, TAKEN_LATE, TAKEN_LATE_AND_DIE]
STOPS = ["read", "lock", "save", "connect", "send", "send", "send", "list", "the end", "the end"]
ANY = st.integers(0, 11)


class WorkerMachine(RuleBasedStateMachine):
    can_be_asked = True

    def __init__(self) -> None:
        super().__init__()
        self.model = WorkerModel(can_be_asked=self.can_be_asked)
        self.actors: list[Actor] = []

    @precondition(lambda self: len(self.model.messages) < MAX_CODES)
    @rule(number=st.sampled_from([1, 1, 1, 1, 2]))
    def logto_asks_for_a_code(self, number: int) -> None:
        self.model.put(number)

    @precondition(lambda self: len(self.model.messages) < MAX_CODES)
    @rule(stop=st.sampled_from(STOPS))
    def a_visitor_asks_again_and_is_served(self, stop: str) -> None:
        self.model.put(1)
        actor = self.model.deliver(self.model.messages[-1])
        self.actors.append(actor)
        self._go_on_up_to(actor, stop)

    @precondition(lambda self: self.model.messages and len(self.actors) < MAX_WORKERS)
    @rule(which=ANY, stop=st.sampled_from(STOPS))
    def a_message_is_delivered_or_delivered_again(self, which: int, stop: str) -> None:
        messages = self.model.messages
        actor = self.model.deliver(messages[which % len(messages)])
        self.actors.append(actor)
        self._go_on_up_to(actor, stop)

    @precondition(lambda self: any(each.redrives < MAX_REDRIVES for each in self.model.messages))
    @rule(which=ANY)
    def a_message_is_redriven_or_was_queued_twice(self, which: int) -> None:
        few = [each for each in self.model.messages if each.redrives < MAX_REDRIVES]
        self.model.redrive(few[which % len(few)])

    @precondition(lambda self: self.model.attempts)
    @rule(which=ANY, stage=st.sampled_from([Stage.SENT, Stage.DELIVERED]))
    def twilio_tells_of_a_message(self, which: int, stage: Stage) -> None:
        self.model.tell(which % len(self.model.attempts), stage)

    @precondition(lambda self: self.actors)
    @rule(which=ANY, fate=ANY)
    def a_worker_goes_one_step(self, which: int, fate: int) -> None:
        actor = self.actors[which % len(self.actors)]
        fates = AT_TWILIO if actor.call == "send" else ANYWHERE
        actor.go_on(fates[fate % len(fates)])
        self._forget_the_finished()

    @precondition(lambda self: self.actors)
    @rule(which=ANY, stop=st.sampled_from(STOPS))
    def a_worker_goes_on_undisturbed(self, which: int, stop: str) -> None:
        actor = self.actors[which % len(self.actors)]
        actor.go_on(FINE)
        self._go_on_up_to(actor, stop)

    @rule(seconds=st.sampled_from(WAITS), fate=st.sampled_from(ENDS_OF_A_CALL))
    def time_passes(self, seconds: float, fate: str) -> None:
        # A call to Twilio has a time-out: whoever stands in one does not stand there longer.
        for actor in list(self.actors):
            if actor.call == "send":
                left = actor.called_at + SEND_SECONDS - self.model.clock()
                if left < seconds:
                    actor.go_on(fate)
        self._forget_the_finished()
        self.model.advance(seconds)

    @invariant()
    def every_outcome_is_true(self) -> None:
        self.model.check()

    def teardown(self) -> None:
        """Let nothing fail any more: then every code comes to its one true outcome."""
        self._calm_down()
        for message in self.model.messages:
            entry = self.model.entry(message)
            assert entry is not None
            assert entry.result is not None, "no outcome"
            assert entry.attempt is None
        self.model.check()

    def _calm_down(self) -> None:
        for actor in self.actors:
            self._finish(actor)
        for _ in range(ENOUGH_ROUNDS):
            waiting = [message for message in self.model.messages if not message.deleted]
            if not waiting:
                return
            first = min(waiting, key=lambda message: message.visible_at)
            self.model.advance(max(0.0, first.visible_at - self.model.clock()))
            self._finish(self.model.deliver(first))
        pytest.fail("a message goes round for ever")

    def _finish(self, actor: Actor) -> None:
        while actor.call is not None:
            actor.go_on(FINE)

    def _go_on_up_to(self, actor: Actor, stop: str) -> None:
        while actor.call not in {stop, None}:
            actor.go_on(FINE)
        self._forget_the_finished()

    def _forget_the_finished(self) -> None:
        self.actors = [actor for actor in self.actors if actor.call is not None]


class MachineThatCanNotAsk(WorkerMachine):
    """The same where the channel has no list, or RECONCILE is off."""

    can_be_asked = False


MANY = settings(
    max_examples=600,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,  # a red build is somebody's change, never the dice
    suppress_health_check=list(HealthCheck),
)
TestWorker = WorkerMachine.TestCase
TestWorker.settings = MANY
TestWorkerThatCanNotAsk = MachineThatCanNotAsk.TestCase
TestWorkerThatCanNotAsk.settings = settings(MANY, max_examples=200)
