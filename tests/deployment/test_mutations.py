"""The tests of least privilege notice every change of a policy, however small."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from tests.deployment.intrinsics import Stack
from tests.deployment.policy import Permission, idle, lacking
from tests.deployment.roles import Function, functions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.deployment.recording import Recording

LAMBDAS = ["APIHandler", "SendOtp"]
LISTS = ["Action", "Resource"]


def statements(stack: Stack, role: str) -> list[dict[str, Any]]:
    """Return the statements of a role, to be changed."""
    (policy,) = stack.template["Resources"][role]["Properties"]["Policies"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    for statement in found:
        for name in LISTS:
            given = statement[name]
            statement[name] = given if isinstance(given, list) else [given]
    return found


def with_one_less(stack: Stack, role: str) -> Iterator[tuple[str, Stack]]:
    """Return the stack without one action or one resource of one statement, for each of them."""
    for number, statement in enumerate(statements(copy.deepcopy(stack), role)):
        for name in LISTS:
            for index, given in enumerate(statement[name]):
                changed = copy.deepcopy(stack)
                del statements(changed, role)[number][name][index]
                yield f"{statement['Sid']} without {given}", changed


@pytest.mark.parametrize("name", LAMBDAS)
def test_whatever_is_taken_away_is_missed(
    name: str, stack: Stack, recorded: Mapping[str, Recording]
):
    whole = functions(stack)[name]
    uses = recorded[name].uses(whole)
    changed = list(with_one_less(stack, whole.role))
    unmissed = [
        what for what, less in changed if not lacking(functions(less)[name].permissions, uses)
    ]

    assert unmissed == []
    assert changed


def more(function: Function, other: Function) -> Iterator[Permission]:
    """Return what one might add: a wildcard, what is beside it or under it, the other's rights."""
    for action, resource in function.permissions:
        service, _, operation = action.partition(":")
        yield Permission("*", resource)
        yield Permission(f"{service}:*", resource)
        yield Permission(f"{service}:{operation[:3]}*", resource)
        yield Permission(f"{service}:Purge{operation}", resource)
        yield Permission(action, "*")
        yield Permission(action, f"{resource}*")
        yield Permission(action, f"{resource}/index/by_recipient")
        yield Permission(action, resource.rpartition("/")[0] + "/*")
        yield Permission(action, resource.replace("123456789012", "*"))
    yield from set(other.permissions) - set(function.permissions)


@pytest.mark.parametrize("name", LAMBDAS)
def test_whatever_is_added_is_too_much(
    name: str, lambdas: dict[str, Function], recorded: Mapping[str, Recording]
):
    function = lambdas[name]
    (other,) = (each for each in LAMBDAS if each != name)
    added = set(more(function, lambdas[other])) - set(function.permissions)
    unnoticed = {
        each
        for each in added
        if idle((*function.permissions, each), recorded[name].uses(function)) != {each}
    }

    assert added
    assert unnoticed == set()


@pytest.mark.parametrize("name", LAMBDAS)
def test_nothing_is_allowed_twice(name: str, lambdas: dict[str, Function]):
    given = lambdas[name].permissions

    assert len(given) == len(set(given))
