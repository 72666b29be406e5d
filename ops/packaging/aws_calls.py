"""Which AWS services and operations the deployed code names, without running anything.

A client is made by its service's name, and an operation called by its own: as a method of the
client, or as a string for `get_paginator`, `get_waiter`, `getattr` and the like. What is written
is found wherever it is; too much is found where something else has an operation's name, which costs
only room. A name that is put together while the code runs can't be found, and is refused.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ops.errors import OperatorError
from ops.errors.deployment import OPERATION_UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_AWS_SDK = ("boto3/", "botocore/", "s3transfer/")  # it names everything, and calls what it is told
_BY_NAME = {"get_paginator", "get_waiter", "can_paginate", "generate_presigned_url"}
_CLIENTS = {"client", "create_client"}
_CLIENT = re.compile(r"_?(client|dynamodb|sqs|ssm)|\w+_client")
"""What a client is called; `getattr` of something else is none of ours."""


class UnreadableOperation(OperatorError):
    """Code calls AWS by a name that is not written in it; the text says where."""

    def __init__(self, places: Iterable[str]) -> None:
        super().__init__(OPERATION_UNREADABLE, "\n".join(places))


@dataclass(frozen=True, slots=True)
class Named:
    """What the code names."""

    clients: frozenset[str]
    """Services with a client."""
    resources: frozenset[str]
    """Services that boto3's resources are made of, which call what their own models say."""
    words: frozenset[str]
    """Attributes and strings, operations among them: `get_item`, `query`, `GetItem`."""

    @property
    def services(self) -> frozenset[str]:
        """All services that are called."""
        return self.clients | self.resources


def named(
    application: Mapping[str, bytes], libraries: Mapping[str, bytes], operations: Iterable[str]
) -> Named:
    """Return what the application and its libraries name; AWS's SDK itself isn't read.

    `operations` are the methods of which one must be in a library's source for it to be read.
    Raises UnreadableOperation where the application calls by a name that it doesn't have.
    """
    trees = list(_trees(application, libraries, operations))
    places = [place for name, tree in trees if name in application for place in _hidden(name, tree)]
    if places:
        raise UnreadableOperation(places)
    calls = [call for _, tree in trees for call in ast.walk(tree) if isinstance(call, ast.Call)]
    return Named(
        frozenset(_arguments(calls, _CLIENTS)),
        frozenset(_arguments(calls, {"resource"})),
        frozenset(word for _, tree in trees for word in _words(tree)),
    )


def _trees(
    application: Mapping[str, bytes], libraries: Mapping[str, bytes], operations: Iterable[str]
) -> Iterator[tuple[str, ast.Module]]:
    for name, source in application.items():
        if name.endswith(".py"):
            yield name, ast.parse(source, name)
    words = re.compile(rf"\b(boto3|botocore|{'|'.join(sorted(operations))})\b".encode())
    for name, source in libraries.items():
        if name.endswith(".py") and not name.startswith(_AWS_SDK) and words.search(source):
            yield name, ast.parse(source, name)


def _words(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _arguments(calls: Iterable[ast.Call], methods: set[str]) -> Iterator[str]:
    for call in calls:
        if _method(call) in methods:
            first = _argument(call, 0, "service_name")
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def _hidden(name: str, tree: ast.Module) -> Iterator[str]:
    """Yield the places of calls whose service or operation is not written there."""
    uses_sdk = any(
        module.partition(".")[0] in {"boto3", "botocore"}
        for node in ast.walk(tree)
        for module in _imported(node)
    )
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and (hidden := _hidden_name(call, uses_sdk=uses_sdk)):
            yield f"{name}:{call.lineno}: {ast.unparse(call)[:80]} calls AWS by {hidden}"


def _hidden_name(call: ast.Call, *, uses_sdk: bool) -> str | None:
    """Return what names the service or the operation where that is no string."""
    method = _method(call)
    wanted: ast.expr | None = None
    if method in _BY_NAME:
        wanted = _argument(call, 0, "operation_name", "waiter_name", "ClientMethod")
    elif method in {*_CLIENTS, "resource"} and uses_sdk:
        wanted = _argument(call, 0, "service_name")
    elif isinstance(call.func, ast.Name) and call.func.id == "getattr" and call.args:
        owner = _last_name(call.args[0])
        wanted = _argument(call, 1) if owner and _CLIENT.fullmatch(owner) else None
    return None if wanted is None or isinstance(wanted, ast.Constant) else ast.unparse(wanted)


def _method(call: ast.Call) -> str | None:
    return call.func.attr if isinstance(call.func, ast.Attribute) else None


def _argument(call: ast.Call, position: int, *keywords: str) -> ast.expr | None:
    if len(call.args) > position:
        return call.args[position]
    return next((each.value for each in call.keywords if each.arg in keywords), None)


def _last_name(node: ast.expr) -> str | None:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield node.module or ""
