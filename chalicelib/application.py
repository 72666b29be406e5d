"""The composition root: every object that lives as long as the process, made on first use.

Nothing is made at import. Each Lambda makes only its own parts, and imports only what
these need: the API never loads Twilio's SDK, `send_otp` never loads Logto's, and a home
page for a stranger loads neither.
"""

from __future__ import annotations

import time
import uuid
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chalicelib import log
from chalicelib.aws import Aws
from chalicelib.parameters import Parameters
from chalicelib.setting_kinds import is_loopback
from chalicelib.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.languages import Languages
    from chalicelib.otp.aws.counters import DynamoDBCounters
    from chalicelib.otp.aws.queue import SqsOtpQueue
    from chalicelib.otp.intake import Intake
    from chalicelib.otp.ledger_keys import LedgerKeys
    from chalicelib.otp.receipts import Receipts
    from chalicelib.otp.sender import Sender
    from chalicelib.otp.worker import Worker
    from chalicelib.pages import Pages
    from chalicelib.sign_in.bearer import BearerTokens
    from chalicelib.sign_in.flow import SignIn
    from chalicelib.sign_in.logto.provider import LogtoProvider
    from chalicelib.sign_in.provider import UserSessions
    from chalicelib.sign_in.sessions import Sessions
    from chalicelib.sign_in.sign_out import SignOut
    from chalicelib.sign_in.store import RecordStore
    from chalicelib.sign_in.tokens import Access, Refreshing

AWS_SECONDS = 40.0  # around one send: SSM, and the ledger four times, 8 s each at the worst


class Portaria:
    """The whole application on AWS, Logto and Twilio.

    Settings are read from the environment on first use where none are given. `clock` is in
    seconds since the epoch, `monotonic` in seconds since any moment. A part is replaced by
    assigning to its attribute before it is first used.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._given_settings = settings
        self.clock = clock
        self.monotonic = monotonic
        self.sleep = sleep

    @cached_property
    def settings(self) -> Settings:
        """The settings, with the log set up as they say; raises SettingsError."""
        found = self._given_settings or Settings.from_env()
        log.configure(level=found.log_level, stage=found.stage)
        return found

    @cached_property
    def aws(self) -> Aws:
        """The clients of AWS."""
        return Aws()

    @cached_property
    def languages(self) -> Languages:
        """The languages of pages and messages."""
        from chalicelib.languages import Languages

        return Languages()

    @cached_property
    def pages(self) -> Pages:
        """The HTML pages."""
        from chalicelib.pages import Pages

        return Pages()

    # Signing in, on Logto and DynamoDB

    @cached_property
    def sign_in(self) -> SignIn:
        """The sign-in flow."""
        from chalicelib.sign_in.attempts import Attempts
        from chalicelib.sign_in.flow import SignIn

        wanted = self.settings
        return SignIn(
            provider=lambda: self.provider,
            attempts=Attempts(self.record_store, wanted.attempt_seconds, self.clock),
            sessions=self.sessions,
            refreshing=self._refreshing,
            grace_seconds=wanted.revalidate_grace_seconds,
            clock=self.clock,
        )

    @cached_property
    def sign_out(self) -> SignOut:
        """What ends sessions, here and at Logto."""
        from chalicelib.sign_in.sign_out import SignOut

        return SignOut(lambda: self.provider, self.sessions, self.clock, self.user_sessions)

    @cached_property
    def access(self) -> Access:
        """The access tokens and userinfo of sessions."""
        from chalicelib.sign_in.tokens import Access

        return Access(
            lambda: self.provider, self.sessions, self._refreshing, self.clock, self.sleep
        )

    @cached_property
    def bearer_tokens(self) -> BearerTokens:
        """The reader of Bearer tokens."""
        from chalicelib.sign_in.bearer import BearerTokens

        return BearerTokens(lambda: self.provider.tokens, self.settings.api_resource)

    @cached_property
    def sessions(self) -> Sessions:
        """The sessions of signed-in users."""
        from chalicelib.sign_in.sessions import SessionLifetime, Sessions

        wanted = self.settings
        lifetime = SessionLifetime(
            wanted.session_idle_seconds, wanted.session_absolute_seconds, wanted.revalidate_seconds
        )
        return Sessions(self.record_store, lifetime, self.clock)

    @cached_property
    def record_store(self) -> RecordStore:
        """The records of sessions and sign-in attempts."""
        from chalicelib.sign_in.dynamodb import DynamoDBRecordStore

        return DynamoDBRecordStore(self.aws.dynamodb, self.settings.sessions_table)

    @cached_property
    def provider(self) -> LogtoProvider:
        """Logto."""
        from chalicelib.sign_in.errors import ProviderUnreachable
        from chalicelib.sign_in.logto.provider import LogtoApplication, LogtoProvider

        wanted = self.settings
        application = LogtoApplication(
            wanted.logto_endpoint,
            wanted.logto_app_id,
            self._api_parameters.secret("logto/app-secret", ProviderUnreachable),
            tuple(wanted.logto_scopes.split()),
            tuple(wanted.logto_resources.split()),
        )
        return LogtoProvider(
            application, wanted.logto_timeout_seconds, clock=self.clock, monotonic=self.monotonic
        )

    def user_sessions(self) -> UserSessions | None:
        """Return the users' sessions at Logto; None where SSM has no credential to end them."""
        from chalicelib.sign_in.errors import ProviderMisconfigured
        from chalicelib.sign_in.logto.management import LogtoManagement, ManagementCredential

        wanted = self.settings
        credential = self._management_parameters.secret("logto/management", ProviderMisconfigured)
        found = credential.find()
        if found is None:
            return None
        return LogtoManagement(
            wanted.logto_endpoint,
            wanted.logto_app_id,
            ManagementCredential.read(found),
            wanted.logto_timeout_seconds,
        )

    @cached_property
    def _refreshing(self) -> Refreshing:
        from chalicelib.sign_in.tokens import Refreshing

        return Refreshing(lambda: self.provider, self.sessions, self.clock)

    # Codes, on SQS, DynamoDB, SSM and Twilio

    @cached_property
    def intake(self) -> Intake:
        """The intake before the OTP queue."""
        from chalicelib.otp.errors import QueueUnavailable
        from chalicelib.otp.intake import Authorization, Intake
        from chalicelib.otp.limits import LimitPolicy, Limits

        secrets = self._api_parameters
        limits = Limits(
            self.counters,
            self._ledger_keys(secrets),
            LimitPolicy.from_settings(self.settings),
            self.clock,
        )
        expected = secrets.secret("otp/authorization", QueueUnavailable)
        return Intake(Authorization(expected, self.clock), self.queue, limits, self.clock)

    @cached_property
    def receipts(self) -> Receipts:
        """The receiver of Twilio's delivery receipts."""
        from chalicelib.otp.aws.receipts import DynamoDBReceipts
        from chalicelib.otp.errors import SenderMisconfigured
        from chalicelib.otp.receipts import Receipts
        from chalicelib.otp.twilio.callback import TwilioCallbacks

        # Read apart from the API's other secrets: no sign-in may fail because it is missing.
        account = self._parameters("twilio").secret("twilio", SenderMisconfigured)
        store = DynamoDBReceipts(self.aws.dynamodb, self.settings.ledger_table)
        return Receipts(TwilioCallbacks(account), store, self.clock, self.counters)

    @cached_property
    def worker(self) -> Worker:
        """The worker behind the OTP queue."""
        from chalicelib.otp.aws.ledger import DynamoDBLedger
        from chalicelib.otp.aws.templates import SsmTemplates
        from chalicelib.otp.delivery import Delivery
        from chalicelib.otp.retry import BackOff
        from chalicelib.otp.sending import Sending
        from chalicelib.otp.worker import Worker

        wanted = self.settings
        ledger = DynamoDBLedger(
            self.aws.dynamodb, wanted.ledger_table, wanted.ledger_retention_seconds
        )
        delivery = Delivery(
            ledger=ledger,
            keys=self._ledger_keys(self._worker_parameters),
            templates=SsmTemplates(
                self.aws.ssm,
                wanted.parameter_prefix,
                ttl_seconds=wanted.parameters_ttl_seconds,
                clock=self.monotonic,
                origin=wanted.sms_origin,
            ),
            sending=Sending(
                ledger,
                self.sender,
                clock=self.clock,
                new_claim_id=lambda: uuid.uuid4().hex,
                refused_numbers=self.counters,
                back_off=BackOff(wanted.code_lifetime_seconds, self.clock),
            ),
            dead_letters=self.queue,
            code_lifetime_seconds=wanted.code_lifetime_seconds,
            clock=self.clock,
        )
        return Worker(delivery, self.queue, seconds_for_one=self.sender.send_seconds + AWS_SECONDS)

    @cached_property
    def sender(self) -> Sender:
        """Twilio."""
        from chalicelib.otp.errors import SenderMisconfigured
        from chalicelib.otp.twilio.sender import TwilioSender

        account = self._worker_parameters.secret("twilio", SenderMisconfigured)
        return TwilioSender(
            account,
            self.settings.twilio_api_url,
            reload=account.renew,
            status_callback=_status_callback(self.settings),
            reconcile=self.settings.reconcile,
        )

    @cached_property
    def counters(self) -> DynamoDBCounters:
        """The limits' counters, which also remember the numbers that Twilio refused for good."""
        from chalicelib.otp.aws.counters import DynamoDBCounters

        wanted = self.settings
        return DynamoDBCounters(
            self.aws.dynamodb,
            wanted.ledger_table,
            refused_seconds=wanted.refused_number_seconds,
            number_item_seconds=max(
                wanted.number_short_seconds,
                wanted.number_long_seconds,
                wanted.refused_number_seconds,
            ),
        )

    @cached_property
    def queue(self) -> SqsOtpQueue:
        """The OTP queue and its dead-letter queue."""
        from chalicelib.otp.aws.queue import SqsOtpQueue

        wanted = self.settings
        return SqsOtpQueue(self.aws.sqs, wanted.otp_queue_url, wanted.otp_dead_letter_queue_url)

    # Secrets, which are in SSM: those that are read together

    @cached_property
    def _api_parameters(self) -> Parameters:
        return self._parameters("logto/app-secret", "otp/authorization", "ledger-key")

    @cached_property
    def _worker_parameters(self) -> Parameters:
        return self._parameters("twilio", "ledger-key")

    @cached_property
    def _management_parameters(self) -> Parameters:
        # Apart: it is optional, and no other route should ask for it, or fail without it.
        return self._parameters("logto/management")

    def _parameters(self, *names: str) -> Parameters:
        return Parameters(
            self.aws.ssm,
            self.settings.parameter_prefix,
            names,
            ttl_seconds=self.settings.parameters_ttl_seconds,
            clock=self.monotonic,
        )

    def _ledger_keys(self, parameters: Parameters) -> Callable[[], LedgerKeys]:
        from chalicelib.otp.errors import LedgerUnavailable
        from chalicelib.otp.ledger_keys import LedgerKeys

        key = parameters.secret("ledger-key", LedgerUnavailable)
        return lambda: LedgerKeys.from_base64(key())


def _status_callback(settings: Settings) -> str | None:
    if settings.public_url is None:
        return None  # the worker sees no request that would tell it
    # Twilio can't call a developer's machine, and would refuse each message for its address;
    # the stand-in can.
    host = urlsplit(settings.public_url).hostname or ""
    if settings.twilio_api_url is None and is_loopback(host):
        return None
    return f"{settings.public_url}/otp/status"
