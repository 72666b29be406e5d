"""What the product keeps of a phone number, wherever that can be found by the number.

The ledger names numbers by HMACs, so whoever has `ledger-key` finds a number that they know.
What sessions hold is sealed: they are found by the user, whom Logto's Management API finds by the
number.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer

from chalicelib.languages import DEFAULT
from chalicelib.otp.aws.counters import NEVER, number_id
from chalicelib.otp.phone_numbers import canonical, parse, spellings
from chalicelib.otp.request import TEST_CODE, TEST_USAGE_TYPE, OtpRequest
from chalicelib.otp.sealed_codes import SID_PREFIX
from ops.dead_letters import DeadLetterQueue
from ops.doctor.context import Context, NotAsked
from ops.http_api import ApiError
from ops.moments import utc
from ops.sessions import living

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from chalicelib.otp.ledger_keys import LedgerKeys
    from ops.dead_letters import DeadLetter
    from ops.sessions import LivingSession
    from ops.stage import Stage

RETENTION = "MessageRetentionPeriod"
_FIRST_MOMENT = 1_000_000_000  # a larger number in the ledger is a time in seconds
_SIDS = ("message_sid", "receipt_sid")
_plain = TypeDeserializer().deserialize


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the ledger's table, which protects somebody until `needed_until`."""

    id: str
    content: Mapping[str, Any] = field(repr=False)
    needed_until: float

    @property
    def message_sids(self) -> frozenset[str]:
        """Twilio's names of the messages that it tells of."""
        names = (self.content[name] for name in _SIDS if name in self.content)
        return frozenset(each for each in names if not each.startswith(SID_PREFIX))


@dataclass(frozen=True, slots=True)
class Account:
    """A user of Logto's with the number, and their sessions."""

    user: str
    sessions: tuple[LivingSession, ...]


@dataclass(frozen=True, slots=True)
class Holdings:
    """Everything that was found; `accounts` is None where Logto could not be asked."""

    codes: tuple[Item, ...]
    newest_codes: tuple[Item, ...]
    limits: tuple[Item, ...]
    dead_letters: tuple[DeadLetter, ...]
    accounts: tuple[Account, ...] | None

    @property
    def items(self) -> tuple[Item, ...]:
        """All of the ledger's table."""
        return (*self.codes, *self.newest_codes, *self.limits)

    def as_json(self) -> dict[str, Any]:
        """Return what may be handed to the person: times are in ISO 8601, codes left out."""
        return {
            "codes": [_readable(each.content) for each in self.codes],
            "newest_codes": [_readable(each.content) for each in self.newest_codes],
            "limits": [_counted(each.content) for each in self.limits],
            "dead_letters": [_without_code(each) for each in self.dead_letters],
            "accounts": None if self.accounts is None else [asdict(each) for each in self.accounts],
        }


def holdings(stage: Stage, number: str) -> Holdings:
    """Return what a stage keeps of a number in E.164, in each of its spellings.

    Raises OperatorError, LedgerUnavailable, StoreUnavailable and botocore's errors.
    """
    context, queue = Context(stage), stage.settings.otp_dead_letter_queue_url
    ledger, keys = _Ledger(stage), stage.portaria.ledger_keys()
    # A code may be sent again for as long as a message of it can be on a queue, and its entry
    # forbids that. The dead-letter queue keeps messages longest.
    seconds = float(context.queue(queue)[RETENTION])
    hashes = [keys.recipient(each) for each in spellings(number)]
    codes = [item for each in hashes for item in ledger.codes(each, seconds)]
    newest = dict.fromkeys(_newest_ids(stage, keys, number, codes))
    return Holdings(
        codes=tuple(codes),
        newest_codes=tuple(ledger.found(newest, seconds)),
        limits=tuple(ledger.found(map(number_id, hashes))),
        dead_letters=_dead_letters(stage, number),
        accounts=_accounts(context, number),
    )


def is_for(letter: DeadLetter, number: str) -> bool:
    """Return whether a letter is for a number in E.164, in any of its spellings."""
    return letter.request is not None and letter.request.phone == canonical(number)


@dataclass(frozen=True, slots=True)
class _Ledger:
    """The ledger's table, item by item."""

    stage: Stage

    def codes(self, recipient_hash: str, seconds: float) -> Iterator[Item]:
        table = self.stage.portaria.ledger.table
        with table.errors():
            pages = table.client.get_paginator("query").paginate(
                TableName=table.name,
                IndexName="by_recipient",
                KeyConditionExpression="recipient_hash = :recipient",
                ExpressionAttributeValues={":recipient": {"S": recipient_hash}},
                ScanIndexForward=False,
            )
            items = [item for page in pages for item in page["Items"]]
        yield from (_item(each, seconds) for each in items)

    def found(self, ids: Iterable[str], seconds: float | None = None) -> Iterator[Item]:
        table = self.stage.portaria.ledger.table
        read = (table.get(each) for each in ids)
        yield from (_item(each, seconds) for each in read if each is not None)


def _item(item: Mapping[str, Any], seconds: float | None) -> Item:
    """Return an item that is needed for so long after its code came, or until it expires."""
    content = {name: _plain(value) for name, value in item.items()}
    until = content["expires_at"] if seconds is None else float(content["accepted_at"]) + seconds
    return Item(content["id"], content, float(until))


def _newest_ids(
    stage: Stage, keys: LedgerKeys, number: str, codes: Iterable[Item]
) -> Iterator[str]:
    recipient, region = parse(number)

    def named(usage_type: str, message_id: str = "", code: str = "") -> str:
        request = OtpRequest(recipient, region, usage_type, code, {})
        return keys.latest_id(request, message_id)

    known = stage.portaria.languages[DEFAULT].texts
    yield from map(named, {*known, *(each.content["usage_type"] for each in codes)})
    for each in codes:
        if each.content["usage_type"] == TEST_USAGE_TYPE:
            # Each test message of Logto's Console has a marker of its own.
            yield named(TEST_USAGE_TYPE, each.content["message_id"], TEST_CODE)


def _dead_letters(stage: Stage, number: str) -> tuple[DeadLetter, ...]:
    with DeadLetterQueue.of(stage).taken() as letters:
        return tuple(each for each in letters if is_for(each, number))


def _without_code(letter: DeadLetter) -> dict[str, Any]:
    body = json.loads(letter.queued.body)
    payload = {name: value for name, value in body["payload"].items() if name != "code"}
    return {"message_id": letter.queued.message_id, **body, "payload": payload}


def _accounts(context: Context, number: str) -> tuple[Account, ...] | None:
    try:
        logto = context.logto
    except NotAsked:
        return None
    try:
        users = [user.id for each in spellings(number) for user in logto.users_with_phone(each)]
    except ApiError as error:
        raise error.for_operator(context.stage.name) from None
    portaria = context.stage.portaria
    return tuple(Account(user, tuple(living(portaria, user))) for user in users)


def _counted(limit: Mapping[str, Any]) -> Any:
    """Return a limit's item without the places that no code has taken."""
    return _readable({name: value for name, value in limit.items() if value != NEVER})


def _readable(value: Any) -> Any:
    match value:
        case dict():
            return {name: _readable(each) for name, each in value.items()}
        case list():
            return [_readable(each) for each in value]
        case Decimal() if value >= _FIRST_MOMENT:
            return utc(float(value)).isoformat()
        case Decimal():
            return int(value) if value == int(value) else float(value)
        case _:
            return value
