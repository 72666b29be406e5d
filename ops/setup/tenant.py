"""What each part of the plan for a tenant of Logto's is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ops.addresses import Addresses
    from ops.logto.client import Logto
    from ops.setup.plan import Plan
    from ops.setup.store import Store


@dataclass(frozen=True, slots=True)
class Tenant:
    """The tenant of the stage called `stage`, which answers at `addresses`.

    Changes are added to `plan`; secrets are read from and put into `store`.
    """

    stage: str
    logto: Logto
    addresses: Addresses
    plan: Plan
    store: Store
