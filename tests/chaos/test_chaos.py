from __future__ import annotations

from tests.chaos.run import report, run

CODES, LIFETIME_SECONDS, SEED = 200, 120, 1


def test_everything_fails_and_no_code_is_lost_sent_twice_or_sent_dead():
    verdict, made, visitors = run(CODES, LIFETIME_SECONDS, SEED)

    assert not any(verdict.broken.values()), report(verdict, made, visitors, 0)
    assert verdict.accepted > CODES * 0.9
    assert verdict.outcomes["sent"] > CODES * 0.5
    # Trouble there was:
    assert made.kills
    assert made.gate.failed
    lost = made.gate.lost_answers
    assert all(lost[call] for call in ("UpdateItem", "SendMessage", "ReceiveMessage"))
    assert visitors.duplicated
    assert visitors.poisoned
