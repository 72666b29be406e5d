"""Refreshes, access tokens and userinfo, at the stand-in for Logto, over HTTP."""

from __future__ import annotations

import pytest

from chalicelib.sign_in.errors import (
    AccessRefused,
    AnswerRejected,
    SignInRefused,
)
from chalicelib.sign_in.logto.provider import (
    LogtoApplication,
    LogtoProvider,
)
from chalicelib.sign_in.provider import Audience
from tests.kit.identity import API, APP, SECRET, Logto
from tests.kit.logto_provider import (
    adapter,
    begin,
    come_back,
    exchanged,
)

ORGANIZATION = "org-1"


def resourceful(logto: Logto) -> LogtoProvider:
    scopes = ("phone", "read", "urn:logto:scope:organizations")
    return adapter(LogtoApplication(logto.url, APP, lambda: SECRET, scopes, (API,)))


def test_a_refresh_brings_new_tokens_of_the_same_user(logto: Logto, provider: LogtoProvider):
    request = begin(logto, provider)
    signed_in = exchanged(provider, request, come_back(logto, request))
    refreshed = provider.refresh(signed_in.storage, Audience())

    assert provider.claims_of(refreshed, signed_in.claims)["sub"] == signed_in.claims["sub"]
    with pytest.raises(AnswerRejected):
        provider.claims_of(refreshed, {**signed_in.claims, "sub": "another"})
    assert refreshed.storage["accessTokenMap"] != signed_in.storage["accessTokenMap"]
    assert refreshed.access_token not in repr(refreshed)


@pytest.mark.parametrize(
    ("audience", "claims"),
    [
        (Audience(API), {"aud": API}),
        (
            Audience(organization=ORGANIZATION),
            {"aud": f"urn:logto:organization:{ORGANIZATION}"},
        ),
        (Audience(API, ORGANIZATION), {"aud": API, "organization_id": ORGANIZATION}),
    ],
)
def test_access_tokens_are_for_a_resource_an_organization_or_both(
    logto: Logto, audience: Audience, claims: dict[str, str]
):
    provider = resourceful(logto)
    request = begin(logto, provider)
    signed_in = exchanged(provider, request, come_back(logto, request))
    logto.identity.join_organization(signed_in.claims["sub"], ORGANIZATION, "read")
    assert provider.access_token(signed_in.storage, audience) is None

    refreshed = provider.refresh(signed_in.storage, audience)

    known = provider.access_token(refreshed.storage, audience)
    assert known is not None
    assert known.value == refreshed.access_token
    assert known.value not in repr(known)
    found = logto.read(known.value).claims
    assert claims.items() <= found.items()
    assert found["scope"] == "read"


@pytest.mark.parametrize(
    ("audience", "code"),
    [
        (Audience("https://unknown.example.test"), "invalid_target"),
        (Audience(organization="not-mine"), "access_denied"),
    ],
)
def test_a_token_that_is_refused_is_no_sign_out(logto: Logto, audience: Audience, code: str):
    provider = resourceful(logto)
    request = begin(logto, provider)
    signed_in = exchanged(provider, request, come_back(logto, request))

    with pytest.raises(AccessRefused) as refused:
        provider.refresh(signed_in.storage, audience)
    assert refused.value.code == code
    assert provider.refresh(signed_in.storage, Audience())


def test_userinfo_tells_what_logto_knows(logto: Logto, provider: LogtoProvider):
    request = begin(logto, provider)
    signed_in = exchanged(provider, request, come_back(logto, request))
    token = provider.access_token(signed_in.storage, Audience())
    assert token is not None

    told = provider.user_info(token.value)

    assert told["sub"] == signed_in.claims["sub"]
    assert told["phone_number"] == signed_in.claims["phone_number"]
    assert "created_at" in told  # which the SDK's model does not know
    with pytest.raises(AccessRefused):
        provider.user_info("unknown")


def test_a_suspended_users_refresh_is_refused_for_good(logto: Logto, provider: LogtoProvider):
    request = begin(logto, provider)
    signed_in = exchanged(provider, request, come_back(logto, request))
    logto.identity.suspend_user(signed_in.claims["sub"])

    with pytest.raises(SignInRefused) as refused:
        provider.refresh(signed_in.storage, Audience())
    assert refused.value.code == "invalid_grant"


def test_without_a_refresh_token_a_refresh_is_refused_for_good(provider: LogtoProvider):
    with pytest.raises(SignInRefused):
        provider.refresh({}, Audience())


def test_a_user_without_access_any_more_is_refused_for_good(logto: Logto, provider: LogtoProvider):
    request = begin(logto, provider)
    signed_in = exchanged(provider, request, come_back(logto, request))
    logto.identity.remove_access(signed_in.claims["sub"], APP)

    with pytest.raises(SignInRefused) as refused:
        provider.refresh(signed_in.storage, Audience())
    assert refused.value.code == "access_denied"


def test_a_revoked_sign_in_can_not_be_refreshed(logto: Logto, provider: LogtoProvider):
    request = begin(logto, provider)
    storage = exchanged(provider, request, come_back(logto, request)).storage
    assert logto.refresh(storage["refreshToken"]).status_code == 200

    provider.revoke(storage)

    assert logto.refresh(storage["refreshToken"]).status_code == 400


def test_without_a_refresh_token_there_is_nothing_to_revoke(provider: LogtoProvider):
    provider.revoke({})
