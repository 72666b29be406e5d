from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.otp.decision import LEASE_SECONDS
from chalicelib.otp.ledger import LedgerResult, Outcome
from chalicelib.otp.retry import Retry
from chalicelib.otp.sender import Misconfigured, Postponed, Refused, SendResult
from chalicelib.otp.texts import Templates
from tests.kit.delivery import KEYS, LIFETIME, DeliveryParts, code
from tests.kit.fakes import FakeSender


@pytest.fixture
def parts() -> DeliveryParts:
    return DeliveryParts()


def test_a_code_is_sent_and_its_outcome_written_down(parts: DeliveryParts):
    assert parts.deliver() is None

    (sent,) = parts.sender.sent
    assert (sent.recipient, sent.text, sent.validity_seconds) == (
        "+15550001001",
        "Code: 961615",
        LIFETIME,
    )
    assert parts.ledger.outcomes == [Outcome.SENT]
    assert parts.result.message_sid == f"SM{1:032d}"


def test_the_text_says_how_long_the_code_lives(parts: DeliveryParts):
    parts.templates.templates = Templates({("SignIn", None): "{{code}}, {{minutes}} min"})

    assert parts.deliver() is None
    assert [sent.text for sent in parts.sender.sent] == ["961615, 10 min"]


def test_twilio_may_take_only_as_long_as_the_code_still_lives(parts: DeliveryParts):
    parts.deliver(accepted_at=parts.clock() - 590)

    assert parts.sender.sent[0].validity_seconds == 10


def test_a_channel_is_given_no_longer_validity_than_it_knows(parts: DeliveryParts):
    parts.sender.longest_validity_seconds = 300
    parts.deliver()

    assert parts.sender.sent[0].validity_seconds == 300


def test_a_code_that_lives_shorter_than_any_message_is_not_sent(parts: DeliveryParts):
    parts.sender.shortest_validity_seconds = 60

    assert parts.deliver(accepted_at=parts.clock() - LIFETIME + 59) == Retry(4)
    assert parts.sender.sent == []


def test_a_sender_that_outlasts_every_claim_is_no_sender():
    with pytest.raises(ValueError, match="claim"):
        DeliveryParts(sender=FakeSender(send_seconds=LEASE_SECONDS))


def test_a_dead_code_is_not_sent(parts: DeliveryParts):
    assert parts.deliver(accepted_at=parts.clock() - LIFETIME) is None

    assert parts.sender.sent == []
    assert parts.ledger.outcomes == [Outcome.EXPIRED]


def test_a_message_delivered_twice_is_sent_once(parts: DeliveryParts):
    parts.deliver()
    parts.deliver(receive_count=2)

    assert len(parts.sender.sent) == 1


def test_one_request_that_was_queued_twice_is_sent_once(parts: DeliveryParts):
    parts.deliver()
    parts.deliver(message_id="message-2")

    assert len(parts.sender.sent) == 1


def test_a_code_that_is_redriven_after_its_death_is_as_old_as_it_was(parts: DeliveryParts):
    accepted_at = parts.clock()
    parts.deliver()
    parts.clock.advance(LIFETIME + 1)
    parts.deliver(message_id="message-2", accepted_at=accepted_at)

    assert len(parts.sender.sent) == 1
    assert parts.ledger.outcomes == [Outcome.SENT]


def test_a_later_code_that_happens_to_be_the_same_is_sent(parts: DeliveryParts):
    parts.deliver()
    parts.clock.advance(LIFETIME + 1)
    parts.deliver(message_id="message-2")

    assert len(parts.sender.sent) == 2


def test_the_consoles_test_message_can_be_sent_again_and_again(parts: DeliveryParts):
    test = code(usage_type="Generic", code="000000")
    parts.deliver(test)
    parts.deliver(test, message_id="message-2")

    assert len(parts.sender.sent) == 2


def test_a_number_that_twilio_refuses_for_good_is_remembered(parts: DeliveryParts):
    parts.sender.answers.append(Refused("recipient", 21614, is_for_the_number=True))
    parts.deliver()

    assert set(parts.counters.refused_until) == {KEYS.recipient("+15550001001")}


@pytest.mark.parametrize("result", [Refused("policy", 21408), Refused("content", 21617)])
def test_what_is_refused_for_another_reason_is_not_the_numbers_fault(
    parts: DeliveryParts, result: Refused
):
    parts.sender.answers.append(result)
    parts.deliver()

    assert parts.counters.refused_until == {}


def test_a_number_that_can_not_be_remembered_is_refused_all_the_same(parts: DeliveryParts):
    parts.counters.failing = {"remember"}
    parts.sender.answers.append(Refused("recipient", 21614, is_for_the_number=True))

    assert parts.deliver() is None
    assert parts.result == LedgerResult(Outcome.REFUSED, error_code=21614)


def test_the_ledger_tells_the_words_that_were_chosen(parts: DeliveryParts):
    parts.deliver()
    (entry,) = parts.ledger.entries.values()

    assert ("claimed", "SignIn") in [(step.name, step.detail) for step in entry.steps]


def test_a_refused_code_is_finished(parts: DeliveryParts):
    parts.sender.answers.append(Refused("recipient", 21610, is_for_the_number=True))

    assert parts.deliver() is None
    assert (parts.result.outcome, parts.result.error_code) == (Outcome.REFUSED, 21610)


@pytest.mark.parametrize(
    ("result", "delay"),
    [
        (Postponed("busy", 20429), 4),
        (Postponed("busy", 20429, retry_after_seconds=17), 17),
        (Misconfigured("account", 20003), 30),
    ],
    ids=["busy", "busy for a while", "misconfigured"],
)
def test_a_code_that_was_certainly_not_sent_comes_back_and_is_sent_then(
    parts: DeliveryParts, result: SendResult, delay: int
):
    parts.sender.answers.append(result)

    assert parts.deliver() == Retry(delay)
    assert parts.ledger.outcomes == []
    assert parts.steps == ["accepted", "claimed", "postponed"]

    parts.clock.advance(delay)
    assert parts.deliver(receive_count=2) is None
    assert parts.ledger.outcomes == [Outcome.SENT]


def test_twilio_can_not_ask_for_more_patience_than_the_code_has(parts: DeliveryParts):
    parts.sender.answers.append(Postponed("busy", 20429, retry_after_seconds=3600))

    assert parts.deliver(accepted_at=parts.clock() - 590) == Retry(11)


def test_a_secret_that_was_mended_meanwhile_is_used_at_once(parts: DeliveryParts):
    parts.sender.answers.append(Misconfigured("account", 20003))
    parts.sender.renewed = True

    assert parts.deliver() is None
    assert parts.sender.renewals == 1
    assert len(parts.sender.sent) == 1


def test_a_secret_is_read_again_only_once(parts: DeliveryParts):
    parts.sender.answers.extend([Misconfigured("account", 20003)] * 2)
    parts.sender.renewed = True

    assert parts.deliver() == Retry(30)
    assert parts.sender.renewals == 1


def test_nothing_is_sent_that_lambda_might_cut_off(parts: DeliveryParts):
    assert parts.deliver(remaining_seconds=27.0) == Retry(4)
    assert parts.sender.sent == []

    assert parts.deliver(remaining_seconds=28.0) is None
    assert len(parts.sender.sent) == 1


def test_a_code_in_its_last_second_is_not_sent(parts: DeliveryParts):
    accepted_at = parts.clock() - LIFETIME + 0.5
    assert parts.deliver(accepted_at=accepted_at) == Retry(2)

    parts.clock.advance(2)
    assert parts.deliver(accepted_at=accepted_at) is None
    assert parts.sender.sent == []
    assert parts.ledger.outcomes == [Outcome.EXPIRED]


def test_a_dead_code_without_the_ledger_waits_to_be_written_down(parts: DeliveryParts):
    parts.ledger.down = True

    assert parts.deliver(accepted_at=parts.clock() - LIFETIME - 1, receive_count=9) == Retry(120)


def test_without_templates_a_code_waits(parts: DeliveryParts):
    parts.templates.templates = None

    assert parts.deliver() == Retry(4)
    assert parts.ledger.outcomes == []


def test_without_the_ledger_a_code_waits_unsent(parts: DeliveryParts):
    parts.ledger.down = True

    assert parts.deliver() == Retry(4)
    assert parts.sender.sent == []


@pytest.mark.parametrize("body", ["", "not JSON", "[]", "{}", code(to="1"), code(code="")])
def test_what_nobody_can_read_goes_to_the_dead_letters_at_once(parts: DeliveryParts, body: str):
    assert parts.deliver(body) is None

    assert len(parts.queue.dead_letters) == 1
    assert parts.ledger.entries == {}


TEXTS = st.text(max_size=4) | st.just("half \ud83d")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(
    st.fixed_dictionaries(
        {"code": st.just("961615") | TEXTS | JSON},
        optional={"application": JSON, "locale": JSON, "uiLocales": JSON},
    )
)
def test_whatever_a_message_holds_it_ends_at_once(payload: dict[str, object]):
    parts = DeliveryParts()
    parts.templates.templates = Templates({("SignIn", None): "{{code}} {{application}} {{locale}}"})
    body = json.dumps({"to": "15550001001", "type": "SignIn", "payload": payload})

    assert parts.deliver(body) is None
    assert len(parts.texts) + len(parts.queue.dead_letters) == 1


def test_a_dead_letter_tells_its_reason_and_no_secret(parts: DeliveryParts):
    parts.deliver(json.dumps({"to": "1", "type": "SignIn", "payload": {"code": "961615"}}))

    body, reason = parts.queue.dead_letters[0]
    assert reason == "number_invalid"
    assert "961615" not in body
    assert json.loads(body)["shape"] == {"to": "str", "type": "str", "payload": "dict"}


def test_a_message_that_can_not_be_buried_comes_back(parts: DeliveryParts):
    parts.queue.down = True

    assert parts.deliver("not JSON") == Retry(4)


def test_a_code_held_up_to_its_end_comes_back_to_be_written_down_as_expired(parts: DeliveryParts):
    parts.sender.answers.append(Postponed("busy", 20429))
    accepted_at = parts.clock() - 595
    retry = parts.deliver(accepted_at=accepted_at, receive_count=9)
    assert retry == Retry(6)

    parts.clock.advance(retry.delay_seconds)
    parts.deliver(accepted_at=accepted_at, receive_count=10)

    assert parts.ledger.outcomes == [Outcome.EXPIRED]


def test_the_ledger_and_the_log_hold_neither_code_nor_number(
    parts: DeliveryParts, capsys: pytest.CaptureFixture[str]
):
    parts.deliver()
    told = capsys.readouterr().out + repr(parts.ledger.entries)

    assert "961615" not in told
    assert "0001001" not in told
