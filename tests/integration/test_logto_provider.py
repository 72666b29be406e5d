"""The adapter to Logto's SDK against the stand-in for Logto, over HTTP: signing in and out."""

from __future__ import annotations

import json

import pytest

from chalicelib.sign_in.errors import (
    AnswerRejected,
    ProviderMisconfigured,
    SignInError,
    SignInRefused,
)
from chalicelib.sign_in.logto.client import RecordStorage
from chalicelib.sign_in.logto.provider import (
    LogtoApplication,
    LogtoProvider,
)
from sandbox.server import running
from tests.kit.identity import API, APP, SECRET, Logto
from tests.kit.logto_provider import (
    adapter,
    answering,
    asked_for,
    begin,
    come_back,
    exchanged,
    provider_of,
)
from tests.kit.recordings import recorded


def test_a_visitor_is_signed_in_with_verified_claims_and_tokens(
    logto: Logto, provider: LogtoProvider
):
    request = begin(logto, provider)
    signed_in = exchanged(provider, request, come_back(logto, request))

    assert signed_in.claims["iss"] == provider.issuer
    assert signed_in.claims["nonce"] == request.nonce
    assert signed_in.claims["phone_number"].isdigit()
    assert {"refreshToken", "accessTokenMap"} == set(signed_in.storage)
    assert signed_in.has_refresh_token
    assert "refreshToken" not in repr(signed_in)


def test_logto_is_asked_for_what_the_product_needs(logto: Logto, provider: LogtoProvider):
    asked = asked_for(begin(logto, provider))

    assert asked["response_type"] == ["code"]
    assert asked["prompt"] == ["consent"]
    assert asked["code_challenge_method"] == ["S256"]
    assert set(asked["scope"][0].split()) == {"openid", "offline_access", "profile", "phone"}
    assert "interaction_mode" not in asked


def test_what_a_link_asks_for_is_passed_on(logto: Logto, provider: LogtoProvider):
    options = {
        "first_screen": "register",
        "identifier": "phone",
        "login_hint": "+15550001001",
        "direct_sign_in": "social:google",
        "ui_locales": "pt-BR en",
        "one_time_token": "invitation-token",
        "prompt": "login consent",
    }
    extra = {"something_newer": "a b&c"}
    asked = asked_for(begin(logto, provider, sign_up=True, **options, extra=extra))

    assert {name: asked[name] for name in options | extra} == {
        name: [value] for name, value in (options | extra).items()
    }
    assert asked["interaction_mode"] == ["signUp"]


@pytest.mark.parametrize(("prompt", "sent"), [("login", "login consent"), ("none", "none")])
def test_a_prompt_still_brings_a_refresh_token_where_it_can(
    logto: Logto, provider: LogtoProvider, prompt: str, sent: str
):
    assert asked_for(begin(logto, provider, prompt=prompt))["prompt"] == [sent]


def test_api_resources_and_organizations_are_asked_for_as_configured(logto: Logto):
    scopes = ("phone", "read:orders", "urn:logto:scope:organizations")
    application = LogtoApplication(logto.url, APP, lambda: SECRET, scopes, (API,))
    asked = asked_for(begin(logto, adapter(application)))

    assert set(scopes) <= set(asked["scope"][0].split())
    assert set(asked["resource"]) == {
        API,
        "urn:logto:resource:organizations",
    }


def test_a_resource_is_asked_for_once_however_often_it_is_configured(logto: Logto):
    organizations = "urn:logto:resource:organizations"
    scopes = ("urn:logto:scope:organizations",)
    application = LogtoApplication(
        logto.url, APP, lambda: SECRET, scopes, (API, organizations, API)
    )
    asked = asked_for(begin(logto, adapter(application)))

    assert asked["resource"] == [API, organizations]


def test_no_two_attempts_share_a_state_a_nonce_or_a_verifier(logto: Logto, provider: LogtoProvider):
    first, second = begin(logto, provider), begin(logto, provider)

    assert first.state != second.state
    assert first.nonce != second.nonce
    assert first.storage != second.storage


def test_a_code_of_another_attempt_is_refused(logto: Logto, provider: LogtoProvider):
    mine, other = begin(logto, provider), begin(logto, provider)
    answer = come_back(logto, other).replace(other.state, mine.state)

    with pytest.raises(SignInRefused) as refused:
        exchanged(provider, mine, answer)
    assert refused.value.code == "invalid_grant"


def test_a_wrong_secret_is_our_mistake_and_not_the_visitors(logto: Logto):
    provider = provider_of(logto.url, secret="wrong")
    request = begin(logto, provider)

    with pytest.raises(ProviderMisconfigured) as error:
        exchanged(provider, request, come_back(logto, request))
    assert error.value.reason == "invalid_client"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("/callback", "/x"),
        ("http://", "https://"),
        ("http://localhost", "http://evil.example"),
        ("/callback", "/callback/"),
    ],
)
def test_a_callback_elsewhere_is_rejected(
    logto: Logto, provider: LogtoProvider, ours: str, theirs: str
):
    request = begin(logto, provider)
    answer = come_back(logto, request)
    elsewhere = answer.replace(ours, theirs, 1)
    assert elsewhere != answer, answer.partition("?")[0]

    with pytest.raises(AnswerRejected, match="redirect URI"):
        exchanged(provider, request, elsewhere)


def test_logto_names_itself_in_every_callback_and_so_has_to(provider: LogtoProvider):
    assert provider.accepts_issuer(provider.issuer)
    assert not provider.accepts_issuer("https://evil.example/oidc")
    assert not provider.accepts_issuer(None)


def test_a_provider_that_announces_no_issuer_in_callbacks_may_leave_it_out():
    document = {
        name: value
        for name, value in recorded("discovery").items()
        if name != "authorization_response_iss_parameter_supported"
    }
    answers = {"openid_configuration": (200, "application/json", json.dumps(document))}
    with running(lambda url: answering(url, answers)) as url:
        provider = provider_of(url)

        assert provider.accepts_issuer(None)
        assert not provider.accepts_issuer("https://evil.example/oidc")


def test_signing_out_leads_to_logto_and_back(logto: Logto, provider: LogtoProvider):
    browser = logto.browser()
    answer = logto.submit(browser, browser.get(provider.end_session_url(f"{logto.app.url}/")))

    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"{logto.app.url}/")


def test_no_error_repeats_what_logto_wrote(logto: Logto, provider: LogtoProvider):
    request = begin(logto, provider)
    answer = come_back(logto, request)
    exchanged(provider, request, answer)

    with pytest.raises(SignInError) as error:
        exchanged(provider, request, answer)
    assert "grant request is invalid" not in str(error.value)
    assert error.value.__cause__ is None


def test_the_storage_keeps_what_the_sdk_tells_it():
    storage = RecordStorage({"idToken": "a"})
    storage.set("refreshToken", "b")
    storage.set("idToken", None)
    storage.delete("accessTokenMap")

    assert storage.get("idToken") is None
    assert storage.values == {"refreshToken": "b"}
