from __future__ import annotations

import pytest

from chalicelib.otp.retry import RECEIVES, Retry, back_off, soon
from chalicelib.settings import MAX_CODE_LIFETIME_SECONDS
from sandbox import deployment


@pytest.mark.parametrize(
    ("receive_count", "shortest", "longest"),
    [(1, 2, 4), (2, 4, 8), (3, 8, 16), (4, 16, 32), (5, 30, 60), (15, 30, 60)],
)
def test_the_wait_doubles_up_to_a_minute(receive_count: int, shortest: int, longest: int):
    assert back_off(receive_count, 600, jitter=0.0) == Retry(shortest)
    assert back_off(receive_count, 600, jitter=1.0) == Retry(longest)


@pytest.mark.parametrize(("remaining", "delay"), [(10.0, 11), (0.5, 2)])
def test_nothing_waits_much_beyond_the_codes_life(remaining: float, delay: int):
    assert back_off(9, remaining, jitter=1.0, at_least_seconds=3600) == Retry(delay)


@pytest.mark.parametrize("lifetime", [30, 600, MAX_CODE_LIFETIME_SECONDS])
@pytest.mark.parametrize("jitter", [0.0, 1.0])
def test_a_codes_receives_last_for_its_life_and_beyond(lifetime: int, jitter: float):
    queue = deployment.resources()["OtpQueue"]["Properties"]
    age, receive_count = 0.0, 0
    while age < lifetime:
        receive_count += 1
        age += back_off(receive_count, lifetime - age, jitter).delay_seconds
    assert receive_count <= RECEIVES < queue["RedrivePolicy"]["maxReceiveCount"]


@pytest.mark.parametrize("lifetime", [30, 600, MAX_CODE_LIFETIME_SECONDS])
@pytest.mark.parametrize("jitter", [0.0, 1.0])
def test_a_code_that_can_not_be_written_down_is_a_dead_letter_before_the_queue_forgets_it(
    lifetime: int, jitter: float
):
    queue = deployment.resources()["OtpQueue"]["Properties"]
    age = 0.0
    for receive_count in range(1, queue["RedrivePolicy"]["maxReceiveCount"] + 1):
        age += back_off(receive_count, lifetime - age, jitter).delay_seconds

    assert lifetime < age < queue["MessageRetentionPeriod"] - queue["VisibilityTimeout"]


@pytest.mark.parametrize(("receive_count", "delay"), [(1, 1), (3, 3), (9, 5)])
def test_one_that_waits_for_another_comes_back_soon(receive_count: int, delay: int):
    assert soon(receive_count, 4.2) == Retry(delay)


def test_one_whose_wait_is_over_does_not_come_back_in_the_same_instant():
    assert soon(1, -1.0) == Retry(1)
