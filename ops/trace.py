"""`trace`: what became of a number's latest codes, step by step, without showing a code."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import phonenumbers
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.otp.aws.ledger import DynamoDBLedger
from chalicelib.otp.errors import LedgerUnavailable
from chalicelib.otp.ledger import LedgerHistory, Step
from chalicelib.otp.ledger_keys import LedgerKeys
from chalicelib.otp.phone_numbers import NotANumber, parse, spellings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from chalicelib.otp.ledger import LedgerEntry

CONFIG = Path(__file__).parent.parent / ".chalice" / "config.json"
DEFAULT_CODES = 5


def add_to(nouns: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    command = nouns.add_parser("trace", help="show what became of a number's latest codes")
    command.add_argument("number", help="with country code, e.g. +12125550100")
    command.add_argument("--codes", type=int, default=DEFAULT_CODES, help="how many (%(default)s)")
    command.add_argument(
        "--stage",
        help="take what the environment lacks from this stage in .chalice/config.json; "
        "LEDGER_TABLE and PARAMETER_PREFIX are needed",
    )
    command.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Print the trace."""
    try:
        recipient = _recipient(given.number)
    except (NotANumber, phonenumbers.NumberParseException):
        return _complain(
            "That can't be a phone number: write all of its digits and its country code, "
            "e.g. +12125550100"
        )
    environment = {**_stage(given.stage), **os.environ}
    missing = [n for n in ("LEDGER_TABLE", "PARAMETER_PREFIX") if not environment.get(n)]
    if missing:
        return _complain(f"Not in the environment: {', '.join(missing)} (set them, or use --stage)")
    try:
        keys = _keys(environment)
        ledger = DynamoDBLedger(_client("dynamodb", environment), environment["LEDGER_TABLE"], 0)
        for line in trace(ledger, keys, recipient, given.codes):
            print(line)
    except (BotoCoreError, ClientError, LedgerUnavailable) as error:
        return _complain(f"A call to AWS failed: {type(error).__name__}")
    return 0


def trace(ledger: LedgerHistory, keys: LedgerKeys, recipient: str, limit: int) -> Iterator[str]:
    """Return the lines about a number's codes, newest first; raises LedgerUnavailable.

    Those of the same phone's other spelling are among them.
    """
    found = (ledger.history(keys.recipient(number), limit) for number in spellings(recipient))
    newest_first = sorted(chain(*found), key=lambda entry: entry.accepted_at, reverse=True)
    entries = newest_first[:limit]
    if not entries:
        yield "No code for this number has been received from the queue."
    for entry in entries:
        yield _headline(entry)
        for step in (*entry.steps, *_receipt_step(entry)):
            yield _line(step)


def _recipient(written: str) -> str:
    number = phonenumbers.parse(written)
    recipient, _ = parse(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return recipient


def _receipt_step(entry: LedgerEntry) -> Iterator[Step]:
    if entry.receipt is not None:
        code = entry.receipt.error_code
        detail = None if code is None else str(code)
        yield Step(entry.receipt.at, f"Twilio: {entry.receipt.stage}", detail)


def _headline(entry: LedgerEntry) -> str:
    result = entry.result
    if result is None:
        state = "in doubt" if entry.attempt else "not finished"
    else:
        state = result.outcome.value
        state += f", Twilio's error {result.error_code}" if result.error_code is not None else ""
    moment = _moment(entry.accepted_at)
    return (
        f"{moment:%Y-%m-%d %H:%M:%S} UTC  {entry.usage_type}  {entry.region}  {state}  "
        f"(tries: {entry.tries}, message {entry.message_id})"
    )


def _line(step: Step) -> str:
    moment = _moment(step.at)
    clock_time = f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}"
    return f"  {clock_time}  {step.name}" + (f": {step.detail}" if step.detail else "")


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(round(at, 3), UTC)


def _stage(name: str | None) -> Mapping[str, str]:
    if name is None:
        return {}
    stages = json.loads(CONFIG.read_text(encoding="utf-8"))["stages"]
    variables: dict[str, str] = stages.get(name, {}).get("environment_variables", {})
    return variables


def _keys(environment: Mapping[str, str]) -> LedgerKeys:
    name = f"{environment['PARAMETER_PREFIX'].rstrip('/')}/ledger-key"
    answer = _client("ssm", environment).get_parameter(Name=name, WithDecryption=True)
    return LedgerKeys.from_base64(answer["Parameter"]["Value"])


def _client(service: str, environment: Mapping[str, str]) -> Any:
    session: Any = boto3.Session(
        aws_access_key_id=environment.get("AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=environment.get("AWS_SECRET_ACCESS_KEY"),
        aws_session_token=environment.get("AWS_SESSION_TOKEN"),
        region_name=environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION"),
    )
    return session.client(service, endpoint_url=environment.get("AWS_ENDPOINT_URL"))


def _complain(what: str) -> int:
    print(what, file=sys.stderr)
    return 1
