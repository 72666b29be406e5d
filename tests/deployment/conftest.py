"""The synthesized template, made once."""

from __future__ import annotations

import pytest

from tests.deployment.intrinsics import Stack
from tests.deployment.roles import Function, functions
from tests.deployment.template import synthesized

PARAMETERS = {
    "LogtoEndpoint": "https://logto.test",
    "LogtoAppId": "portaria",
    "ParameterPrefix": "/portaria/dev",
}


@pytest.fixture(scope="session")
def lambdas() -> dict[str, Function]:
    """The stack's functions by their logical ids."""
    return functions(Stack(synthesized(), PARAMETERS))
