"""Where the source calls AWS, and where a call that is being made comes from.

A place counts by the function that it stands in, so that the source's places can be
compared with those that the flows came by: what no flow reaches is not tested at all.
"""

from __future__ import annotations

import ast
import sys
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import botocore.session
from botocore import xform_name

from tests.kit.engines import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = ROOT / "chalicelib"
SERVICES = ("dynamodb", "sqs", "ssm")
_WAYS_IN = {"get_paginator", "get_waiter"}


class Site(NamedTuple):
    """A function of `chalicelib` that calls an operation of AWS."""

    path: str
    function: str
    operation: str


@cache
def operations() -> dict[str, str]:
    """Return the operations of the services by the names of boto3's methods."""
    session = botocore.session.Session()
    names = [n for each in SERVICES for n in session.get_service_model(each).operation_names]
    return {xform_name(name): name for name in names}


def in_the_source() -> set[Site]:
    """Return every place where a client's method is named, called or not."""
    return {
        Site(path, function, operation)
        for path, module in _modules()
        if _knows_aws(module)
        for function, operation in named(module)
    }


def services_in_the_source() -> set[tuple[str, str]]:
    """Return the services of every client that is made, with the files that make it."""
    return {
        (path, ast.literal_eval(node.args[0]))
        for path, module in _modules()
        for node in ast.walk(module)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"client", "resource"}
    }


def named(node: ast.AST, within: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Return the functions that name a client's method, each with the operation."""
    for child in ast.iter_child_nodes(node):
        inner, names = within, operations()
        match child:
            case ast.ClassDef(name=name):
                inner = (*within, name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                inner = (*within, f"{name}()")
            case ast.Call(func=ast.Attribute(attr=way), args=[ast.Constant(value=str(name))]) if (
                way in _WAYS_IN
            ):
                yield _outermost(within), names[name]
            case ast.Attribute(attr=name) if name in names:
                yield _outermost(within), names[name]
        yield from named(child, inner)


def of_this_call(operation: str) -> Site:
    """Return the place in `chalicelib` that the call being made comes from."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        path = _within_source(frame.f_code.co_filename)
        if path is not None:
            # A comprehension, or a function within a function, belongs to the outer one.
            return Site(path, frame.f_code.co_qualname.partition(".<locals>")[0], operation)
        frame = frame.f_back
    raise AssertionError(f"{operation} was not called by the product")


def _within_source(filename: str) -> str | None:
    prefix = f"{SOURCE}/"
    return filename.removeprefix(prefix) if filename.startswith(prefix) else None


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for path in SOURCE.rglob("*.py"):
        yield str(path.relative_to(SOURCE)), ast.parse(path.read_text(encoding="utf-8"))


def _knows_aws(module: ast.Module) -> bool:
    """Return whether a module can have a client: mypy wants its type, which must be imported.

    Elsewhere `query` is a part of a URL.
    """
    imported = set()
    for node in ast.walk(module):
        match node:
            case ast.Import(names=names):
                imported |= {each.name for each in names}
            case ast.ImportFrom(module=str(name), names=names):
                imported |= {name} | {f"{name}.{each.name}" for each in names}
    return any(
        name.partition(".")[0].startswith(("boto", "mypy_boto3")) or name == "chalicelib.aws"
        for name in imported
    )


def _outermost(within: tuple[str, ...]) -> str:
    """Return the name up to the first function, as `co_qualname` has it."""
    names = []
    for name in within:
        names.append(name.removesuffix("()"))
        if name.endswith("()"):
            break
    return ".".join(names)
