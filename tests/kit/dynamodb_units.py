"""What a call costs in DynamoDB's request units, from its answer and, where that is wrong, by rule.

DynamoDB Local tells the units of single reads and writes as DynamoDB does, the indexes
included. It is wrong in three things, which are reckoned here by DynamoDB's published rules: it
counts nothing for keys that a batch does not find and for an index without a match; it says
nothing of a write whose condition failed; and it doubles a transaction twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem"}
_WRITE_UNIT_BYTES = 1024
_CONTAINER_BYTES = 3


def read_units(parameters: Mapping[str, Any], answer: Mapping[str, Any]) -> float:
    """Return the read request units of a call; what is absent costs as much as a small item."""
    told = sum(float(each["CapacityUnits"]) for each in _consumed(answer))
    requested: Mapping[str, Any] = parameters.get("RequestItems", {"": parameters})
    fewest = sum(
        len(each.get("Keys", [""])) * (1.0 if each.get("ConsistentRead") else 0.5)
        for each in requested.values()
    )
    return max(told, fewest)


def write_units(parameters: Mapping[str, Any], answer: Mapping[str, Any]) -> float:
    """Return the write request units of a call, those of the indexes included.

    A write whose condition fails counts one, which is true where the item is small. So does
    what a transaction deletes, updates or checks; each index that it touches counts once, and
    everything in it twice, the indexes too, where DynamoDB's documentation is silent.
    """
    consumed = _consumed(answer)
    items = parameters.get("TransactItems")
    if items is None:
        return max(sum(float(each["CapacityUnits"]) for each in consumed), 1.0)
    indexes = sum(len(each.get("GlobalSecondaryIndexes", ())) for each in consumed)
    tables = sum(_kilobytes(item["Put"]["Item"]) if "Put" in item else 1 for item in items)
    return 2.0 * (tables + indexes)


def item_bytes(item: Mapping[str, Any]) -> int:
    """Return an item's size: names and values, as DynamoDB's guide has it to within a few bytes."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _kilobytes(item: Mapping[str, Any]) -> int:
    return -(-item_bytes(item) // _WRITE_UNIT_BYTES)


def _value_bytes(attribute: Mapping[str, Any]) -> int:
    ((kind, value),) = attribute.items()
    match kind:
        case "S":
            return len(value.encode())
        case "B":
            return len(value)
        case "N":
            digits = value.replace("-", "").replace(".", "").strip("0")
            return (len(digits) + 1) // 2 + 1
        case "M":
            return _CONTAINER_BYTES + len(value) + item_bytes(value)
        case "L":
            return _CONTAINER_BYTES + sum(1 + _value_bytes(each) for each in value)
        case _:
            return 1  # true, false and nothing; no item of ours has a set


def _consumed(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    consumed: Any = answer.get("ConsumedCapacity", [])
    return consumed if isinstance(consumed, list) else [consumed]
