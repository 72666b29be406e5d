"""The parts of sending codes, on SQS, DynamoDB, SSM and Twilio."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chalicelib import aws
from chalicelib.parameters import ParameterError
from chalicelib.setting_kinds import is_loopback
from chalicelib.wiring.process import API_PARAMETERS, parameters, settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.otp.aws.counters import DynamoDBCounters
    from chalicelib.otp.aws.queue import SqsOtpQueue
    from chalicelib.otp.intake import Intake
    from chalicelib.otp.ledger_keys import LedgerKeys
    from chalicelib.otp.limits import Limits
    from chalicelib.otp.receipts import Receipts
    from chalicelib.otp.worker import Worker
    from chalicelib.parameters import Parameters

CALLBACK_PARAMETERS = ("twilio",)  # apart: no sign-in needs it, none should fail for want of it
WORKER_PARAMETERS = ("twilio", "ledger-key")
AWS_SECONDS = 40.0  # around one send: SSM, and the ledger four times, 8 s each at the worst


@cache
def intake() -> Intake:
    """Return the intake before the OTP queue."""
    from chalicelib.otp.intake import Authorization, Intake

    secrets = parameters(API_PARAMETERS)
    values = _AuthorizationValues(secrets)
    return Intake(Authorization(values, time.time), _queue(), _limits(secrets), time.time)


@cache
def receipts() -> Receipts:
    """Return the receiver of Twilio's delivery receipts."""
    from chalicelib.otp.aws.receipts import DynamoDBReceipts
    from chalicelib.otp.receipts import Receipts
    from chalicelib.otp.twilio.callback import TwilioCallbacks

    callbacks = TwilioCallbacks(_twilio(parameters(CALLBACK_PARAMETERS)))
    store = DynamoDBReceipts(aws.dynamodb(), settings().ledger_table)
    return Receipts(callbacks, store, time.time, refused_numbers())


@cache
def worker() -> Worker:
    """Return the worker behind the OTP queue."""
    from chalicelib.otp.aws.ledger import DynamoDBLedger
    from chalicelib.otp.aws.templates import SsmTemplates
    from chalicelib.otp.delivery import Delivery
    from chalicelib.otp.retry import BackOff
    from chalicelib.otp.sending import Sending
    from chalicelib.otp.twilio.sender import TwilioSender
    from chalicelib.otp.worker import Worker

    wanted = settings()
    secrets = parameters(WORKER_PARAMETERS)

    ledger = DynamoDBLedger(aws.dynamodb(), wanted.ledger_table, wanted.ledger_retention_seconds)
    sender = TwilioSender(
        _twilio(secrets),
        wanted.twilio_api_url,
        reload=secrets.renew,
        status_callback=_status_callback(),
        reconcile=wanted.reconcile,
    )
    delivery = Delivery(
        ledger=ledger,
        keys=_ledger_keys(secrets),
        templates=SsmTemplates(
            aws.ssm(),
            wanted.parameter_prefix,
            ttl_seconds=wanted.parameters_ttl_seconds,
            clock=time.monotonic,
            origin=wanted.sms_origin,
        ),
        sending=Sending(
            ledger,
            sender,
            clock=time.time,
            new_claim_id=lambda: uuid.uuid4().hex,
            refused_numbers=refused_numbers(),
            back_off=BackOff(wanted.code_lifetime_seconds, time.time),
        ),
        dead_letters=_queue(),
        code_lifetime_seconds=wanted.code_lifetime_seconds,
        clock=time.time,
    )
    return Worker(delivery, _queue(), seconds_for_one=sender.send_seconds + AWS_SECONDS)


@cache
def refused_numbers() -> DynamoDBCounters:
    """Return the limits' counters, which remember the numbers that Twilio refused for good."""
    from chalicelib.otp.aws.counters import DynamoDBCounters

    wanted = settings()
    return DynamoDBCounters(
        aws.dynamodb(),
        wanted.ledger_table,
        refused_seconds=wanted.refused_number_seconds,
        number_item_seconds=max(
            wanted.number_short_seconds, wanted.number_long_seconds, wanted.refused_number_seconds
        ),
    )


def _limits(secrets: Parameters) -> Limits:
    from chalicelib.otp.errors import Limit
    from chalicelib.otp.limits import LimitPolicy, Limits, Window

    wanted = settings()
    policy = LimitPolicy(
        number=(
            Window(Limit.NUMBER_SHORT, wanted.number_short_limit, wanted.number_short_seconds),
            Window(Limit.NUMBER_LONG, wanted.number_long_limit, wanted.number_long_seconds),
        ),
        per_ip=wanted.ip_hourly_limit,
        per_country=wanted.country_hourly_limit,
        overall=wanted.overall_hourly_limit,
        allowed_countries=frozenset(wanted.allowed_countries.split()),
        costly_numbers=wanted.costly_numbers,
        fail_open=wanted.limits_fail_open,
    )
    return Limits(refused_numbers(), _ledger_keys(secrets), policy, time.time)


def _twilio(secrets: Parameters) -> Callable[[], str]:
    from chalicelib.otp.errors import SenderMisconfigured

    def config() -> str:
        try:
            return secrets["twilio"]
        except ParameterError as error:
            raise SenderMisconfigured(str(error)) from error

    return config


def _ledger_keys(secrets: Parameters) -> Callable[[], LedgerKeys]:
    from chalicelib.otp.errors import LedgerUnavailable
    from chalicelib.otp.ledger_keys import LedgerKeys

    def keys() -> LedgerKeys:
        try:
            return LedgerKeys.from_base64(secrets["ledger-key"])
        except (ParameterError, ValueError) as error:
            raise LedgerUnavailable("ledger-key") from error

    return keys


@dataclass(frozen=True, slots=True)
class _AuthorizationValues:
    """The connector's Authorization value in SSM."""

    secrets: Parameters

    def valid_since(self, moment: float) -> list[str]:
        from chalicelib.otp.errors import QueueUnavailable

        try:
            return self.secrets.valid_since("otp/authorization", moment)
        except ParameterError as error:
            raise QueueUnavailable(str(error)) from error

    def renew(self, older_than_seconds: float) -> None:
        self.secrets.renew(older_than_seconds)


def _status_callback() -> str | None:
    wanted = settings()
    if wanted.public_url is None:
        return None  # the worker sees no request that would tell it
    # Twilio can't call a developer's machine, and would refuse each message for its address;
    # the stand-in can.
    if wanted.twilio_api_url is None and is_loopback(urlsplit(wanted.public_url).hostname or ""):
        return None
    return f"{wanted.public_url}/otp/status"


@cache
def _queue() -> SqsOtpQueue:
    from chalicelib.otp.aws.queue import SqsOtpQueue

    wanted = settings()
    return SqsOtpQueue(aws.sqs(), wanted.otp_queue_url, wanted.otp_dead_letter_queue_url)
