"""What Lambda tells about the invocation that is running."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def remaining_seconds(context: Any) -> Callable[[], float]:
    """Return a function that tells how long Lambda lets us go on.

    Without Lambda's context object, as when a developer calls the handler, there is no end.
    """
    if not hasattr(context, "get_remaining_time_in_millis"):
        return lambda: math.inf
    return lambda: context.get_remaining_time_in_millis() / 1000
