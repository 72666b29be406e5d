"""The parts of signing in, on Logto and DynamoDB."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING

from chalicelib import aws
from chalicelib.parameters import ParameterError
from chalicelib.wiring.process import API_PARAMETERS, parameters, settings

if TYPE_CHECKING:
    from chalicelib.sign_in.access import Access
    from chalicelib.sign_in.back_channel import BackChannel
    from chalicelib.sign_in.bearer import BearerTokens
    from chalicelib.sign_in.dynamodb import DynamoDBRecordStore
    from chalicelib.sign_in.flow import SignIn
    from chalicelib.sign_in.logto.provider import LogtoProvider
    from chalicelib.sign_in.provider import UserSessions
    from chalicelib.sign_in.refreshing import Refreshing
    from chalicelib.sign_in.sessions import Sessions

# Apart: it is optional, and no other route should ask for it, or fail where it can't be read.
MANAGEMENT_PARAMETERS = ("logto/management",)


@cache
def sign_in() -> SignIn:
    """Return the sign-in flow on Logto and DynamoDB."""
    from chalicelib.sign_in.attempts import Attempts
    from chalicelib.sign_in.flow import SignIn
    from chalicelib.sign_in.revalidation import Revalidation

    wanted = settings()
    return SignIn(
        provider=provider,
        attempts=Attempts(_record_store(), wanted.attempt_seconds, time.time),
        sessions=_sessions(),
        revalidation=Revalidation(
            _sessions(),
            _refreshing(),
            wanted.revalidate_grace_seconds,
            time.time,
        ),
        clock=time.time,
        user_sessions=_user_sessions,
    )


@cache
def access() -> Access:
    """Return the access tokens and userinfo of sessions."""
    from chalicelib.sign_in.access import Access

    return Access(provider, _sessions(), _refreshing(), time.time, time.sleep)


@cache
def bearer_tokens() -> BearerTokens:
    """Return the reader of Bearer tokens."""
    from chalicelib.sign_in.bearer import BearerTokens

    return BearerTokens(lambda: provider().tokens, settings().api_resource)


@cache
def back_channel() -> BackChannel:
    """Return the receiver of back-channel logouts."""
    from chalicelib.sign_in.back_channel import BackChannel

    return BackChannel(provider, _sessions(), time.time)


def _user_sessions() -> UserSessions | None:
    from chalicelib.sign_in.errors import ProviderMisconfigured
    from chalicelib.sign_in.logto.management import LogtoManagement, ManagementCredential

    wanted = settings()
    try:
        credential = parameters(MANAGEMENT_PARAMETERS).find("logto/management")
    except ParameterError as error:
        raise ProviderMisconfigured(str(error)) from error
    if credential is None:
        return None
    return LogtoManagement(
        wanted.logto_endpoint,
        wanted.logto_app_id,
        ManagementCredential.read(credential),
        wanted.logto_timeout_seconds,
    )


@cache
def _sessions() -> Sessions:
    from chalicelib.sign_in.sessions import SessionLifetime, Sessions

    wanted = settings()
    lifetime = SessionLifetime(
        wanted.session_idle_seconds, wanted.session_absolute_seconds, wanted.revalidate_seconds
    )
    return Sessions(_record_store(), lifetime, time.time)


@cache
def _refreshing() -> Refreshing:
    from chalicelib.sign_in.refreshing import Refreshing

    return Refreshing(provider, _sessions(), time.time)


@cache
def _record_store() -> DynamoDBRecordStore:
    from chalicelib.sign_in.dynamodb import DynamoDBRecordStore

    return DynamoDBRecordStore(aws.dynamodb(), settings().sessions_table)


@cache
def provider() -> LogtoProvider:
    """Return Logto."""
    from chalicelib.sign_in.errors import ProviderUnreachable
    from chalicelib.sign_in.logto.provider import LogtoApplication, LogtoProvider

    wanted = settings()
    secrets = parameters(API_PARAMETERS)

    def app_secret() -> str:
        try:
            return secrets["logto/app-secret"]
        except ParameterError as error:
            raise ProviderUnreachable(str(error)) from error

    application = LogtoApplication(
        wanted.logto_endpoint,
        wanted.logto_app_id,
        app_secret,
        tuple(wanted.logto_scopes.split()),
        tuple(wanted.logto_resources.split()),
    )
    return LogtoProvider(
        application, wanted.logto_timeout_seconds, clock=time.time, monotonic=time.monotonic
    )
