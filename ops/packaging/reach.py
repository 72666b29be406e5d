"""Which files the import statements of an application reach, without running anything.

Followed are all imports in the application's own modules, in functions too, and of the
libraries those that run on import: a library's import inside a function is for those who
call it. Imports for type checkers alone are no imports.
"""

from __future__ import annotations

import ast
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ENDINGS = ("/__init__.py", ".py", ".so")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def reached(
    application: Mapping[str, bytes],
    libraries: Mapping[str, bytes],
    replaced: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str]:
    """Return the libraries' files that the application reaches, each with who reached it first.

    Both map paths below a folder of `sys.path` to contents. `replaced` says of a package below
    which folder its importers get something else in its place: {"aiohttp": "logto/"}.
    """
    modules = _modules(libraries) | _modules(application)
    found: dict[str, str] = {}
    waiting = [name for name in application if name.endswith(".py")]
    while waiting:
        importer = waiting.pop()
        if not importer.endswith(".py"):
            continue
        own = importer in application
        tree = ast.parse(application[importer] if own else libraries[importer], importer)
        for module in _imported(tree, importer, functions=own):
            path = modules.get(module)
            package = module.partition(".")[0]
            if package in replaced and importer.startswith(replaced[package]):
                continue
            if path is not None and path in libraries and path not in found:
                found[path] = importer
                waiting.append(path)
    return found


def _modules(files: Mapping[str, bytes]) -> dict[str, str]:
    return {
        path.removesuffix(ending).partition(".")[0].replace("/", "."): path
        for ending in reversed(_ENDINGS)  # a package comes before a module of its name
        for path in files
        if path.endswith(ending)
    }


def _imported(tree: ast.Module, path: str, *, functions: bool) -> Iterator[str]:
    package = path.removesuffix("/__init__.py").split("/")
    if not path.endswith("/__init__.py"):
        package.pop()
    for statement in _statements(tree, functions=functions):
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                yield from _with_parents(alias.name)
        else:
            start = package[: len(package) + 1 - statement.level] if statement.level else []
            module = ".".join([*start, *filter(None, [statement.module])])
            yield from _with_parents(module)
            yield from (f"{module}.{alias.name}" for alias in statement.names)


def _statements(node: ast.AST, *, functions: bool) -> Iterator[ast.Import | ast.ImportFrom]:
    for child in _that_run(node):
        if isinstance(child, (ast.Import, ast.ImportFrom)):
            yield child
        elif functions or not isinstance(child, _FUNCTIONS):
            yield from _statements(child, functions=functions)


def _that_run(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        return iter(node.orelse)
    return ast.iter_child_nodes(node)


def _with_parents(module: str) -> Iterator[str]:
    names = module.split(".")
    return (".".join(names[: length + 1]) for length in range(len(names)))
