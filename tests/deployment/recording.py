"""Every call to AWS that the product makes, with what it asks for and where it comes from."""

from __future__ import annotations

import copy
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from chalicelib import aws
from tests.deployment.sites import Site, of_this_call
from tests.deployment.uses import Names, needed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.deployment.policy import Permission
    from tests.deployment.roles import Function

_EVENT = "before-parameter-build"


class Call(NamedTuple):
    """A call as boto3 was asked for it."""

    site: Site
    asked: dict[str, Any]


@dataclass(frozen=True)
class Recording:
    """The calls of a function, and the environment that it had."""

    environment: Mapping[str, str]
    calls: list[Call] = field(default_factory=list)

    @property
    def sites(self) -> set[Site]:
        """Where the calls came from."""
        return {call.site for call in self.calls}

    def uses(self, function: Function) -> set[Permission]:
        """Return what the calls need where `function` makes them, and Lambda for it."""
        names = Names(self.environment, function.environment)
        found = set(function.lambdas_own)
        for call in self.calls:
            found |= needed(call.site.operation, call.asked, names)
        return found


@contextmanager
def recording(environment: Mapping[str, str]) -> Iterator[Recording]:
    """Record the calls that the process's clients make from now on."""
    found = Recording(environment)

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        found.calls.append(Call(of_this_call(model.name), copy.deepcopy(params)))

    emitters = [client.meta.events for client in (aws.dynamodb(), aws.sqs(), aws.ssm())]
    for emitter in emitters:
        emitter.register(_EVENT, note)
    try:
        yield found
    finally:
        for emitter in emitters:
            emitter.unregister(_EVENT, note)
