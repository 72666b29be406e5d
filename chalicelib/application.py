"""The composition root: every object that lives as long as the process, made on first use.

Nothing is made at import. Each Lambda makes only its own parts, and imports only what
these need: the API never loads Twilio's SDK, `send_otp` never loads Logto's, and a home
page for a stranger loads neither.
"""

from __future__ import annotations

import time
from functools import cached_property, partial
from typing import TYPE_CHECKING

from chalicelib import log
from chalicelib.aws import Aws
from chalicelib.languages import Languages
from chalicelib.otp.errors import LedgerUnavailable, QueueUnavailable, SenderMisconfigured
from chalicelib.pages import Pages
from chalicelib.parameters import Parameters, Secret, lifetime
from chalicelib.settings import Settings
from chalicelib.sign_in.errors import ProviderMisconfigured, ProviderUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.otp.aws.ledger import DynamoDBLedger
    from chalicelib.otp.intake import Intake
    from chalicelib.otp.ledger_keys import LedgerKeys
    from chalicelib.otp.limits import Counters
    from chalicelib.otp.queue_messages import OtpQueue
    from chalicelib.otp.receipts import Receipts
    from chalicelib.otp.sealed_codes import SealedCodes
    from chalicelib.otp.sender import Sender
    from chalicelib.otp.worker import Worker
    from chalicelib.sign_in.bearer import BearerTokens
    from chalicelib.sign_in.flow import SignIn
    from chalicelib.sign_in.provider import Provider, UserSessions
    from chalicelib.sign_in.sessions import Sessions
    from chalicelib.sign_in.sign_out import SignOut
    from chalicelib.sign_in.store import RecordStore
    from chalicelib.sign_in.tokens import Access, Refreshing

# The secrets in SSM, by who reads them together. Twilio's callback and the Management API have
# theirs apart, so that no other route asks for them, or fails where they are missing.
API_SECRETS = ("logto/app-secret", "otp/authorization", "ledger-key")
CALLBACK_SECRETS = ("twilio",)
LEDGER_SECRETS = ("ledger-key",)
MANAGEMENT_SECRETS = ("logto/management",)
WORKER_SECRETS = ("twilio", "ledger-key")
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
        self.clock, self.monotonic, self.sleep = clock, monotonic, sleep
        # Each of these makes and reads what it has when it is used.
        self.aws, self.languages, self.pages = Aws(), Languages(), Pages()
        self._parameters: dict[tuple[str, ...], Parameters] = {}

    @cached_property
    def settings(self) -> Settings:
        """The settings, with the log set up as they say; raises SettingsError."""
        found = self._given_settings or Settings.from_env()
        log.configure(level=found.log_level, stage=found.stage)
        return found

    @cached_property
    def sign_in(self) -> SignIn:
        """The sign-in flow."""
        from chalicelib.sign_in.attempts import Attempts
        from chalicelib.sign_in.flow import SignIn

        return SignIn(
            provider=lambda: self.provider,
            attempts=Attempts(self.record_store, self.settings.attempt_seconds, self.clock),
            sessions=self.sessions,
            refreshing=self.refreshing,
            grace_seconds=self.settings.revalidate_grace_seconds,
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

        return Access(lambda: self.provider, self.sessions, self.refreshing, self.clock, self.sleep)

    @cached_property
    def bearer_tokens(self) -> BearerTokens:
        """The reader of Bearer tokens."""
        from chalicelib.sign_in.bearer import BearerTokens

        return BearerTokens(lambda: self.provider.tokens, self.settings.api_resource)

    @cached_property
    def sessions(self) -> Sessions:
        """The sessions of signed-in users."""
        from chalicelib.sign_in.sessions import SessionLifetime, Sessions

        return Sessions(self.record_store, SessionLifetime.from_settings(self.settings), self.clock)

    @cached_property
    def record_store(self) -> RecordStore:
        """The records of sessions and sign-in attempts."""
        from chalicelib.sign_in.dynamodb import DynamoDBRecordStore

        return DynamoDBRecordStore(self.aws.dynamodb, self.settings.sessions_table)

    @cached_property
    def provider(self) -> Provider:
        """Logto."""
        from chalicelib.sign_in.logto.provider import LogtoApplication, LogtoProvider

        secret = self._secret("logto/app-secret", ProviderUnreachable, API_SECRETS)
        application = LogtoApplication.from_settings(self.settings, secret)
        timeout = self.settings.logto_timeout_seconds
        return LogtoProvider(application, timeout, clock=self.clock, monotonic=self.monotonic)

    def user_sessions(self) -> UserSessions | None:
        """Return the users' sessions at Logto; None where SSM has no credential to end them."""
        from chalicelib.sign_in.logto.management import LogtoManagement

        found = self._secret("logto/management", ProviderMisconfigured, MANAGEMENT_SECRETS).find()
        return None if found is None else LogtoManagement.from_settings(self.settings, found)

    @cached_property
    def refreshing(self) -> Refreshing:
        """What refreshes the tokens of sessions."""
        from chalicelib.sign_in.tokens import Refreshing

        return Refreshing(lambda: self.provider, self.sessions, self.clock)

    @cached_property
    def intake(self) -> Intake:
        """The intake before the OTP queue."""
        from chalicelib.otp.intake import Authorization, Intake
        from chalicelib.otp.limits import LimitPolicy, Limits

        policy = LimitPolicy.from_settings(self.settings)
        limits = Limits(self.counters, partial(self.ledger_keys, API_SECRETS), policy, self.clock)
        expected = self._secret("otp/authorization", QueueUnavailable, API_SECRETS)
        return Intake(Authorization(expected, self.clock), self.queue, limits, self.clock)

    @cached_property
    def receipts(self) -> Receipts:
        """The receiver of Twilio's delivery receipts."""
        from chalicelib.otp.aws.receipts import DynamoDBReceipts
        from chalicelib.otp.receipts import Receipts
        from chalicelib.otp.twilio.callback import TwilioCallbacks

        account = self._secret("twilio", SenderMisconfigured, CALLBACK_SECRETS)
        store = DynamoDBReceipts(self.aws.dynamodb, self.settings.ledger_table)
        return Receipts(TwilioCallbacks(account), store, self.clock, self.counters)

    @cached_property
    def ledger(self) -> DynamoDBLedger:
        """The ledger of codes."""
        from chalicelib.otp.aws.ledger import DynamoDBLedger

        return DynamoDBLedger.from_settings(self.settings, self.aws.dynamodb)

    def ledger_keys(self, among: tuple[str, ...] = LEDGER_SECRETS) -> LedgerKeys:
        """Return the keys of the ledger's names, read with `among`. Raises LedgerUnavailable."""
        from chalicelib.otp.ledger_keys import LedgerKeys

        return LedgerKeys.from_base64(self._secret("ledger-key", LedgerUnavailable, among)())

    def sealed_codes(self, among: tuple[str, ...] = LEDGER_SECRETS) -> SealedCodes:
        """Return the codes of test numbers, sealed with a key read with `among`."""
        from chalicelib.otp.aws.sealed_codes import DynamoDBSealedCodes

        keys, client = partial(self.ledger_keys, among), self.aws.dynamodb
        return DynamoDBSealedCodes(client, self.settings.ledger_table, keys, self.clock)

    @cached_property
    def worker(self) -> Worker:
        """The worker behind the OTP queue."""
        from chalicelib.otp.aws.templates import SsmTemplates
        from chalicelib.otp.delivery import Delivery
        from chalicelib.otp.retry import BackOff
        from chalicelib.otp.sending import Sending
        from chalicelib.otp.worker import Worker

        settings, clock, ledger, sender = self.settings, self.clock, self.ledger, self.sender
        if settings.test_numbers:
            from chalicelib.otp.sealed_codes import SealingSender

            sender = SealingSender(settings.test_numbers, self.sealed_codes(WORKER_SECRETS), sender)
        keys = partial(self.ledger_keys, WORKER_SECRETS)
        templates = SsmTemplates.from_settings(settings, self.aws.ssm, self.monotonic)
        seconds = settings.code_lifetime_seconds
        sending = Sending(ledger, sender, clock, self.counters, BackOff(seconds, clock))
        delivery = Delivery(ledger, keys, templates, sending, self.queue, seconds, clock)
        return Worker(delivery, self.queue, seconds_for_one=sender.send_seconds + AWS_SECONDS)

    @cached_property
    def sender(self) -> Sender:
        """Twilio."""
        from chalicelib.otp.twilio.sender import TwilioSender

        account = self._secret("twilio", SenderMisconfigured, WORKER_SECRETS)
        return TwilioSender.from_settings(self.settings, account, account.renew)

    @cached_property
    def counters(self) -> Counters:
        """The limits' counters, which also remember the numbers that Twilio refused for good."""
        from chalicelib.otp.aws.counters import DynamoDBCounters

        return DynamoDBCounters.from_settings(self.settings, self.aws.dynamodb)

    @cached_property
    def queue(self) -> OtpQueue:
        """The OTP queue and its dead-letter queue."""
        from chalicelib.otp.aws.queue import SqsOtpQueue

        return SqsOtpQueue.from_settings(self.settings, self.aws.sqs)

    def _secret(
        self, name: str, unavailable: Callable[[str], Exception], among: tuple[str, ...]
    ) -> Secret:
        """Return a secret, read together with `among`; `unavailable` makes its readers' error."""
        if among not in self._parameters:
            prefix, fresh = self.settings.parameter_prefix, self.settings.parameters_ttl_seconds
            self._parameters[among] = Parameters(
                lambda: self.aws.ssm, prefix, among, lifetime=lifetime(fresh), clock=self.monotonic
            )
        return Secret(self._parameters[among], name, unavailable)
