"""botocore's models with the operations that are called, for services that Portaria itself uses.

A client reads its service's whole model when it is made, and the endpoints of all services of AWS,
which takes half of its time. Left are the operations that the code names, with the shapes that
they reach and the endpoints of services that have a client; botocore's loader finds them where they
were. Models of a team's other services stay as they are.

Sources: `botocore.model`, `botocore.loaders` and `botocore.regions`.
"""

from __future__ import annotations

import gzip
import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from botocore import xform_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from ops.packaging.aws_calls import Named

SERVICES = ("dynamodb", "sqs", "ssm")
"""The services that the product itself uses."""

_DATA = "botocore/data/"
_ENDPOINTS = f"{_DATA}endpoints.json"
_MODEL = "service-2.json"


def operations(libraries: Mapping[str, bytes]) -> frozenset[str]:
    """Return all methods of clients of these services, e.g. `get_item`."""
    return frozenset(
        xform_name(operation)
        for path in _models(libraries, SERVICES)
        for operation in _read(path, libraries[path])["operations"]
    )


def trimmed_models(libraries: Mapping[str, bytes], named: Named) -> dict[str, bytes]:
    """Return the libraries with smaller models; files that botocore reads as gzip are JSON then."""
    files = dict(libraries)
    smaller = [service for service in SERVICES if service not in named.resources]
    for path in _models(libraries, smaller):
        folder = path.rpartition("/")[0]
        waiters, paginators = f"{folder}/waiters-2.json", f"{folder}/paginators-1.json"
        words = named.words | _waited_for(files, waiters, named.words)
        model = _trimmed(_read(path, files.pop(path)), words)
        files[f"{folder}/{_MODEL}"] = _written(model)
        for beside, key in ((waiters, "waiters"), (paginators, "pagination")):
            if beside in files:
                files[beside] = _written(_without(_read(beside, files[beside]), key, model))
    if _ENDPOINTS in files:
        kept = named.words | _endpoint_names(files)
        files[_ENDPOINTS] = _written(_endpoints(_read(_ENDPOINTS, files[_ENDPOINTS]), kept))
    return files


def _models(libraries: Iterable[str], services: Iterable[str]) -> list[str]:
    return [
        path
        for path in libraries
        if any(fnmatchcase(path, f"{_DATA}{service}/*/{_MODEL}*") for service in services)
    ]


def _trimmed(model: dict[str, Any], words: AbstractSet[str]) -> dict[str, Any]:
    kept = {
        name: operation
        for name, operation in model["operations"].items()
        # Where a client is told to discover its endpoints, this operation tells them.
        if {name, xform_name(name)} & words or operation.get("endpointoperation")
    }
    shapes: dict[str, Any] = model["shapes"]
    roots = [name for each in kept.values() for name in _shapes_in(each)]
    roots += [name for name, shape in shapes.items() if name in words and shape.get("exception")]
    reached: set[str] = set()
    while roots:
        name = roots.pop()
        if name not in reached:
            reached.add(name)
            roots += _shapes_in(shapes[name])
    left = {name: shape for name, shape in shapes.items() if name in reached}
    found: dict[str, Any] = _undocumented({**model, "operations": kept, "shapes": left})
    return found


def _shapes_in(node: Any) -> Iterator[str]:
    """Yield the shapes that an operation or a shape refers to: `{"shape": "…"}` at any depth."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "shape" and isinstance(value, str):
                yield value
            else:
                yield from _shapes_in(value)
    elif isinstance(node, list):
        for each in node:
            yield from _shapes_in(each)


def _undocumented(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            key: _undocumented(value)
            for key, value in node.items()
            if not (key == "documentation" and isinstance(value, str))
        }
    return [_undocumented(each) for each in node] if isinstance(node, list) else node


def _waited_for(files: Mapping[str, bytes], path: str, words: AbstractSet[str]) -> set[str]:
    """Return the operations of the waiters that are named, e.g. DescribeTable of `table_exists`."""
    waiters = _read(path, files[path])["waiters"] if path in files else {}
    return {
        waiter["operation"] for name, waiter in waiters.items() if {name, xform_name(name)} & words
    }


def _without(part: dict[str, Any], key: str, model: dict[str, Any]) -> dict[str, Any]:
    """Return paginators, which are named after their operation, or waiters, which name it."""
    left = {
        name: each
        for name, each in part[key].items()
        if each.get("operation", name) in model["operations"]
    }
    return {**part, key: left}


def _endpoint_names(files: Mapping[str, bytes]) -> set[str]:
    """Return the names that endpoints.json has for the services that have a model here."""
    return {
        _read(path, files[path])["metadata"]["endpointPrefix"]
        for path in files
        if fnmatchcase(path, f"{_DATA}*/*/{_MODEL}*")
    }


def _endpoints(endpoints: dict[str, Any], services: AbstractSet[str]) -> dict[str, Any]:
    partitions = [
        {
            **partition,
            "services": {
                name: each for name, each in partition["services"].items() if name in services
            },
        }
        for partition in endpoints["partitions"]
    ]
    return {**endpoints, "partitions": partitions}


def _read(path: str, data: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress(data) if path.endswith(".gz") else data)
    return found


def _written(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
