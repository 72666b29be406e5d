"""The whole table in an attacker's hands: read it, and write to it."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest

from chalicelib.sign_in.sessions import SEAL
from tests.kit.visitors import SESSION, Target, Visitor


@pytest.fixture
def visitor(target: Target) -> Visitor:
    for item in target.table():
        target.stage.dynamodb.delete_item(
            TableName=target.stage.sessions_table, Key={"id": item["id"]}
        )
    return target.visitor()


def records(target: Target) -> list[dict[str, Any]]:
    """Return the records that the application has not ended."""
    return [item for item in target.table() if "sealed" in item and "taken" not in item]


def record_of(target: Target, token: str) -> dict[str, Any]:
    (item,) = [each for each in target.table() if each["id"]["S"] == SEAL.record_id(token)]
    return item


def put(target: Target, item: dict[str, Any]) -> None:
    """Write an item as it is, without what is None."""
    kept = {name: value for name, value in item.items() if value is not None}
    target.stage.dynamodb.put_item(TableName=target.stage.sessions_table, Item=kept)


def flat(value: Any) -> bytes:
    if isinstance(value, dict):
        return b" ".join(flat(each) for each in (*value.keys(), *value.values()))
    return value if isinstance(value, bytes) else str(value).encode()


def spellings(secret: str) -> list[bytes]:
    raw = secret.encode()
    encoded = base64.b64encode(raw).rstrip(b"=")
    return [raw, encoded[: len(encoded) // 4 * 4], raw.hex().encode()]


def test_nothing_of_a_visitor_stands_in_it(target: Target, visitor: Visitor):
    attempt = target.browser()
    begun = attempt.begin()
    claims = visitor.get("/account").json()
    secrets = [claims["sub"], claims["phone_number"], claims["sid"], claims["nonce"]]
    secrets += [visitor.cookies[SESSION], *(value[11:] for value in attempt.cookies.values())]
    secrets += [part.partition("=")[2] for part in begun.partition("?")[2].split("&")][-3:]
    dump = b"\n".join(flat(item) for item in target.table())

    for secret in secrets:
        for spelling in spellings(secret):
            assert spelling not in dump


def test_nothing_in_it_is_a_cookie(target: Target, visitor: Visitor):
    assert visitor.user
    attacker = target.browser()
    for item in records(target):
        for value in (item["id"]["S"], *(each.get("S", "") for each in item.values())):
            attacker.cookies[SESSION] = value
            assert attacker.user is None
        sealed = base64.urlsafe_b64encode(item["sealed"]["B"]).decode()
        for start in range(0, 86, 43):
            attacker.cookies[SESSION] = sealed[start : start + 43]
            assert attacker.user is None


def test_a_record_moved_under_another_id_opens_nothing(target: Target, visitor: Visitor):
    (victims,) = records(target)
    attacker = target.visitor()
    (mine,) = [item for item in records(target) if item["id"] != victims["id"]]
    moved = {**victims, "id": mine["id"], "version": mine["version"]}
    put(target, moved)

    assert attacker.user is None
    assert visitor.user


@pytest.mark.parametrize("position", [0, 5, 20, -1])
def test_a_changed_bit_makes_an_absent_session_a_log_line_and_a_metric(
    target: Target, visitor: Visitor, capsys: pytest.CaptureFixture[str], position: int
):
    (item,) = records(target)
    sealed = bytearray(item["sealed"]["B"])
    sealed[position] ^= 1
    put(target, {**item, "sealed": {"B": bytes(sealed)}})

    assert visitor.user is None
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert any(line.get("message") == "seal_broken" for line in lines)
    assert any(line.get("SealBroken") == [1.0] for line in lines)


@pytest.mark.parametrize("value", [{"S": "another"}, None], ids=["changed", "removed"])
@pytest.mark.parametrize("name", ["subject_hash", "provider_session_hash"])
def test_a_session_that_is_hidden_from_logouts_is_an_absent_one(
    target: Target,
    visitor: Visitor,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: dict[str, str] | None,
):
    (item,) = records(target)
    put(target, {**item, name: value})

    assert visitor.user is None
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert any(line.get("message") == "seal_broken" for line in lines)
    assert any(line.get("SealBroken") == [1.0] for line in lines)


@pytest.mark.parametrize("value", [{"S": "another"}, None], ids=["changed", "removed"])
@pytest.mark.parametrize("name", ["sealed", "version", "expires_at"])
def test_a_broken_item_is_an_absent_session_and_no_error(
    target: Target, visitor: Visitor, name: str, value: dict[str, str] | None
):
    (item,) = records(target)
    put(target, {**item, name: value})

    assert visitor.user is None
    assert visitor.get("/sign-out").status_code == 302


def test_what_stays_of_a_session_after_a_sign_out_leads_to_nobody(target: Target, visitor: Visitor):
    token = visitor.cookies[SESSION]
    visitor.get("/sign-out")
    item = record_of(target, token)

    assert set(item) == {"id", "sealed", "version", "expires_at", "taken", "write_id"}
    assert int(item["expires_at"]["N"]) <= time.time() + 600
    visitor.cookies[SESSION] = token
    assert visitor.user is None


def test_a_sign_out_is_not_undone_by_removing_its_mark(target: Target, visitor: Visitor):
    token = visitor.cookies[SESSION]
    visitor.get("/sign-out")
    put(target, {**record_of(target, token), "taken": None})
    visitor.cookies[SESSION] = token

    assert visitor.user is None


@pytest.mark.parametrize("name", ["expires_at", "version"])
def test_no_number_beside_the_seal_extends_a_session(target: Target, visitor: Visitor, name: str):
    (item,) = records(target)
    put(target, {**item, name: {"N": str(int(item[name]["N"]) + 10**9)}})

    assert visitor.user  # it opens as before: its times are inside the seal
    visitor.get("/sign-out")
    assert visitor.user is None
