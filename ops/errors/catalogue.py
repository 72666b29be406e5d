"""All errors by their code, from the modules of this package."""

from __future__ import annotations

from importlib import import_module
from pkgutil import walk_packages

import ops.errors
from ops.errors import Problem


def catalogue() -> dict[str, Problem]:
    """Return every problem by its code, in order; raise ValueError where two have the same."""
    problems = sorted(_problems(), key=lambda problem: problem.code)
    found = {problem.code: problem for problem in problems}
    if len(found) < len(problems):
        raise ValueError("Two errors have the same code.")
    return found


def _problems() -> list[Problem]:
    modules = walk_packages(ops.errors.__path__, f"{ops.errors.__name__}.")
    return [
        each
        for module in modules
        for each in vars(import_module(module.name)).values()
        if isinstance(each, Problem)
    ]
