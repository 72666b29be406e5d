"""The provider's public documents, its metadata and its keys: how long each one is believed.

They are fetched seldom and kept in an outage of the provider's, but not for ever: what it has
withdrawn meanwhile, a key that was stolen for instance, would be believed as long. And strangers
can cause fetches, by tokens that name unknown keys or algorithms or by starting a sign-in, so
that nobody may cause many, whether fetches succeed or fail.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Generic, TypeVar

from chalicelib import log
from chalicelib.cache import Outage, StaleIfError
from chalicelib.sign_in.errors import ProviderUnreachable
from chalicelib.sign_in.rate_limit import RateLimit

if TYPE_CHECKING:
    from collections.abc import Callable

Content = TypeVar("Content")

FRESH_SECONDS = 3600.0  # what the provider withdraws is believed no longer, while it answers
RETRY_SECONDS = 30.0  # after a failed fetch that an older document covers
COOL_DOWN_SECONDS = 5.0  # after one that nothing covers: visitors wait for the next
# As REVALIDATE_GRACE_SECONDS by default: an outage that is longer is none.
MAX_AGE_SECONDS = 86_400.0
RENEWALS, RENEWAL_SECONDS = 3, 60.0  # so often in so long, for one kind of token


class Document(Generic[Content]):
    """One of the provider's documents, by its `name` in the log; `clock` is monotonic, in seconds.

    `fetch` raises ProviderUnreachable.
    """

    def __init__(self, name: str, fetch: Callable[[], Content], clock: Callable[[], float]) -> None:
        self._name = name
        self._kept = StaleIfError(
            fetch,
            ttl_seconds=FRESH_SECONDS,
            clock=clock,
            on_failure=lambda error: log.failure(f"{name}_kept", error, reason=str(error)),
            outage=Outage(RETRY_SECONDS, COOL_DOWN_SECONDS, MAX_AGE_SECONDS),
        )
        self._renewing = threading.Lock()
        self._renewals: defaultdict[str, RateLimit] = defaultdict(
            lambda: RateLimit(RENEWALS, RENEWAL_SECONDS, clock)
        )

    def get(self) -> Content:
        """Return it; raises ProviderUnreachable where it was not had for MAX_AGE_SECONDS."""
        return self._kept.get()

    def newer(self, known: Content, wanted_for: str) -> Content:
        """Return one that was fetched after `known`, or `known` where it is too soon for that.

        The provider may have changed it just now, or a stranger may be lying. Each kind of token
        (`wanted_for`) has an allowance of its own, so that strangers can't use up what the
        provider's own ID tokens need. Raises ProviderUnreachable where the latest fetch failed.
        """
        with self._renewing:
            current = self._kept.get()
            if current is not known:
                return current  # another thread has fetched it meanwhile
            if self._renewals[wanted_for].take():
                self._kept.renew(older_than_seconds=0.0)
            if self._kept.is_failing():
                # The provider may have changed it since, and nobody can tell.
                raise ProviderUnreachable(f"{self._name}: not fetched anew")
            return self._kept.get()
