from __future__ import annotations

import pytest

from chalicelib.otp.retry import Retry, back_off


@pytest.mark.parametrize(
    ("receive_count", "longest"), [(1, 4), (2, 8), (3, 16), (4, 32), (5, 60), (50, 60)]
)
def test_the_wait_doubles_up_to_a_minute(receive_count: int, longest: int):
    assert back_off(receive_count, 600, jitter=1.0) == Retry(longest)
    assert back_off(receive_count, 600, jitter=0.0) == Retry(2)


@pytest.mark.parametrize(("remaining", "delay"), [(10.0, 11), (0.0, 1), (-5.0, 1)])
def test_nothing_waits_much_beyond_the_codes_life(remaining: float, delay: int):
    assert back_off(9, remaining, jitter=1.0) == Retry(delay)
