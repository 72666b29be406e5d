from __future__ import annotations

from tests.chaos.run import failings, report, run

CODES, LIFETIME_SECONDS, SEED = 200, 120, 1


def test_everything_fails_and_no_code_is_lost_sent_twice_or_sent_dead():
    ran = run(CODES, LIFETIME_SECONDS, SEED)

    assert failings(*ran) == [], report(*ran, 0)
