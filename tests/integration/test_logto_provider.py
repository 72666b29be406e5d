"""The adapter to Logto's SDK against the stand-in for Logto, over HTTP."""

from __future__ import annotations

import json
import time
from contextlib import closing
from socket import create_server
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask, Response
from logto import OidcProviderMetadata

from chalicelib.sign_in.errors import (
    AccessRefused,
    AnswerRejected,
    ProviderMisconfigured,
    ProviderUnreachable,
    SignInError,
    SignInRefused,
)
from chalicelib.sign_in.logto_client import (
    METADATA_SECONDS,
    RENEWALS,
    LogtoApplication,
    LogtoProvider,
)
from chalicelib.sign_in.oidc_core import BoundedOidcCore
from chalicelib.sign_in.options import SignInOptions
from chalicelib.sign_in.provider import Audience
from chalicelib.sign_in.sdk_client import RecordStorage
from sandbox.server import running
from tests.fakes import Clock
from tests.recordings import recorded
from tests.sandbox.identity.world import API, APP, SECRET, World, world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.sign_in.provider import AuthorizationRequest

TIMEOUT = 5.0
RECORDED_ENDPOINT = "http://localhost:3001"


def provider_of(
    endpoint: str, secret: str = SECRET, timeout: float = TIMEOUT, clock: Clock | None = None
) -> LogtoProvider:
    application = LogtoApplication(endpoint, APP, lambda: secret, ("phone",))
    return LogtoProvider(application, timeout, clock or time.monotonic)


@pytest.fixture
def logto() -> Iterator[World]:
    with world() as running_world:
        running_world.clock.now = time.time()  # PyJWT has no other clock
        yield running_world


@pytest.fixture
def provider(logto: World) -> LogtoProvider:
    return provider_of(logto.url)


def begin(logto: World, provider: LogtoProvider, **options: Any) -> AuthorizationRequest:
    return provider.authorization_request(f"{logto.app.url}/callback", SignInOptions(**options))


def come_back(logto: World, request: AuthorizationRequest) -> str:
    """Sign a new visitor in at Logto; gives where Logto sends the browser."""
    browser = logto.browser()
    answer = logto.walk(browser, browser.get(request.url))
    return answer.headers["Location"]


def asked_for(request: AuthorizationRequest) -> dict[str, list[str]]:
    return parse_qs(urlsplit(request.url).query)


def test_a_visitor_is_signed_in_with_verified_claims_and_tokens(
    logto: World, provider: LogtoProvider
):
    request = begin(logto, provider)
    signed_in = provider.exchange(request.storage, come_back(logto, request))

    assert signed_in.claims["iss"] == provider.issuer
    assert signed_in.claims["nonce"] == request.nonce
    assert signed_in.claims["phone_number"].isdigit()
    assert {"idToken", "refreshToken", "accessTokenMap"} == set(signed_in.storage)
    assert "refreshToken" not in repr(signed_in)


def test_logto_is_asked_for_what_the_product_needs(logto: World, provider: LogtoProvider):
    asked = asked_for(begin(logto, provider))

    assert asked["response_type"] == ["code"]
    assert asked["prompt"] == ["consent"]
    assert asked["code_challenge_method"] == ["S256"]
    assert set(asked["scope"][0].split()) == {"openid", "offline_access", "profile", "phone"}
    assert "interaction_mode" not in asked


def test_what_a_link_asks_for_is_passed_on(logto: World, provider: LogtoProvider):
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
    logto: World, provider: LogtoProvider, prompt: str, sent: str
):
    assert asked_for(begin(logto, provider, prompt=prompt))["prompt"] == [sent]


def test_api_resources_and_organizations_are_asked_for_as_configured(logto: World):
    scopes = ("phone", "read:orders", "urn:logto:scope:organizations")
    application = LogtoApplication(logto.url, APP, lambda: SECRET, scopes, (API,))
    asked = asked_for(begin(logto, LogtoProvider(application, TIMEOUT)))

    assert set(scopes) <= set(asked["scope"][0].split())
    assert set(asked["resource"]) == {
        API,
        "urn:logto:resource:organizations",
    }


def test_no_two_attempts_share_a_state_a_nonce_or_a_verifier(logto: World, provider: LogtoProvider):
    first, second = begin(logto, provider), begin(logto, provider)

    assert first.state != second.state
    assert first.nonce != second.nonce
    assert first.storage != second.storage


def test_a_refresh_brings_new_tokens_of_the_same_user(logto: World, provider: LogtoProvider):
    request = begin(logto, provider)
    signed_in = provider.exchange(request.storage, come_back(logto, request))
    refreshed = provider.refresh(signed_in.storage, Audience())

    assert provider.claims_of(refreshed)["sub"] == signed_in.claims["sub"]
    assert refreshed.storage["accessTokenMap"] != signed_in.storage["accessTokenMap"]
    assert refreshed.access_token not in repr(refreshed)


ORGANIZATION = "org-1"


def resourceful(logto: World) -> LogtoProvider:
    scopes = ("phone", "read", "urn:logto:scope:organizations")
    return LogtoProvider(LogtoApplication(logto.url, APP, lambda: SECRET, scopes, (API,)), TIMEOUT)


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
    logto: World, audience: Audience, claims: dict[str, str]
):
    provider = resourceful(logto)
    request = begin(logto, provider)
    signed_in = provider.exchange(request.storage, come_back(logto, request))
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
def test_a_token_that_is_refused_is_no_sign_out(logto: World, audience: Audience, code: str):
    provider = resourceful(logto)
    request = begin(logto, provider)
    signed_in = provider.exchange(request.storage, come_back(logto, request))

    with pytest.raises(AccessRefused) as refused:
        provider.refresh(signed_in.storage, audience)
    assert refused.value.code == code
    assert provider.refresh(signed_in.storage, Audience())


def test_userinfo_tells_what_logto_knows(logto: World, provider: LogtoProvider):
    request = begin(logto, provider)
    signed_in = provider.exchange(request.storage, come_back(logto, request))
    token = provider.access_token(signed_in.storage, Audience())
    assert token is not None

    told = provider.user_info(token.value)

    assert told["sub"] == signed_in.claims["sub"]
    assert told["phone_number"] == signed_in.claims["phone_number"]
    assert "created_at" in told  # which the SDK's model does not know
    with pytest.raises(AccessRefused):
        provider.user_info("unknown")


def test_a_suspended_users_refresh_is_refused_for_good(logto: World, provider: LogtoProvider):
    request = begin(logto, provider)
    signed_in = provider.exchange(request.storage, come_back(logto, request))
    logto.identity.suspend_user(signed_in.claims["sub"])

    with pytest.raises(SignInRefused) as refused:
        provider.refresh(signed_in.storage, Audience())
    assert refused.value.code == "invalid_grant"


def test_a_user_without_access_any_more_is_refused_for_good(logto: World, provider: LogtoProvider):
    request = begin(logto, provider)
    signed_in = provider.exchange(request.storage, come_back(logto, request))
    logto.identity.remove_access(signed_in.claims["sub"], APP)

    with pytest.raises(SignInRefused) as refused:
        provider.refresh(signed_in.storage, Audience())
    assert refused.value.code == "access_denied"


def test_a_code_of_another_attempt_is_refused(logto: World, provider: LogtoProvider):
    mine, other = begin(logto, provider), begin(logto, provider)
    answer = come_back(logto, other).replace(other.state, mine.state)

    with pytest.raises(SignInRefused) as refused:
        provider.exchange(mine.storage, answer)
    assert refused.value.code == "invalid_grant"


def test_a_wrong_secret_is_our_mistake_and_not_the_visitors(logto: World):
    provider = provider_of(logto.url, secret="wrong")
    request = begin(logto, provider)

    with pytest.raises(ProviderMisconfigured) as error:
        provider.exchange(request.storage, come_back(logto, request))
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
    logto: World, provider: LogtoProvider, ours: str, theirs: str
):
    request = begin(logto, provider)
    answer = come_back(logto, request)
    elsewhere = answer.replace(ours, theirs, 1)
    assert elsewhere != answer, answer.partition("?")[0]

    with pytest.raises(AnswerRejected, match="redirect URI"):
        provider.exchange(request.storage, elsewhere)


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


def test_metadata_and_keys_are_fetched_once_a_process(logto: World, provider: LogtoProvider):
    for _ in range(2):
        request = begin(logto, provider)
        provider.exchange(request.storage, come_back(logto, request))
    core = provider._core

    begin(logto, provider)
    assert core is not None
    assert provider._core is core


def test_metadata_once_known_outlive_an_outage_of_logtos():
    document = json.dumps(recorded("discovery"))
    answers = {"openid_configuration": (200, "application/json", document)}
    clock = Clock()
    with running(lambda url: answering(url, answers)) as url:
        provider = provider_of(url, clock=clock)
        known = provider.end_session_url("http://localhost:8000/")
        answers["openid_configuration"] = (500, "text/plain", "")
        clock.advance(METADATA_SECONDS)

        assert provider.end_session_url("http://localhost:8000/") == known


def test_a_change_of_algorithm_stops_no_sign_in(logto: World, provider: LogtoProvider):
    for _ in range(2):
        request = begin(logto, provider)
        assert provider.exchange(request.storage, come_back(logto, request)).claims["sub"]
        logto.identity.rotate_key()


def test_tokens_by_unannounced_algorithms_do_not_flood_the_provider():
    asked: list[str] = []
    document = json.dumps(recorded("discovery"))
    foreign = jwt.encode({}, rsa.generate_private_key(65_537, 2048), "RS256")

    def counting(url: str) -> Flask:
        app = answering(url, {"openid_configuration": (200, "application/json", document)})
        app.before_request(lambda: asked.append("call"))
        return app

    with running(counting) as url:
        provider = provider_of(url, clock=Clock())
        for _ in range(20):
            with pytest.raises(AnswerRejected, match="algorithm"):
                provider.read_logout_token(foreign)

    assert len(asked) == 1 + RENEWALS


def test_signing_out_leads_to_logto_and_back(logto: World, provider: LogtoProvider):
    url = provider.end_session_url(f"{logto.app.url}/")
    answer = logto.browser().get(url)

    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"{logto.app.url}/")


def test_a_revoked_sign_in_can_not_be_refreshed(logto: World, provider: LogtoProvider):
    request = begin(logto, provider)
    storage = provider.exchange(request.storage, come_back(logto, request)).storage
    assert logto.refresh(storage["refreshToken"]).status_code == 200

    provider.revoke(storage)

    assert logto.refresh(storage["refreshToken"]).status_code == 400


def test_without_a_refresh_token_there_is_nothing_to_revoke(provider: LogtoProvider):
    provider.revoke({})


Answer = tuple[int, str, str]


def answering(url: str, answers: dict[str, Answer]) -> Flask:
    """Make a server that gives fixed answers by the last part of the path."""
    app = Flask(__name__)

    @app.route("/<path:path>", methods=["GET", "POST"])
    def answer(path: str) -> Response:
        name = path.rpartition("/")[2].replace("-", "_")
        status, content_type, body = answers.get(name, (404, "text/plain", ""))
        return Response(body.replace(RECORDED_ENDPOINT, url), status, content_type=content_type)

    return app


@pytest.mark.parametrize(
    "answer",
    [
        (500, "application/json", "{}"),
        (404, "text/html", "<html>"),
        (200, "text/html", "<html>"),
        (200, "application/json", "not JSON"),
        (200, "application/json", "{}"),
        (200, "application/json", "[]"),
        (302, "text/plain", ""),
    ],
)
def test_a_discovery_that_makes_no_sense_is_no_logto(answer: Answer):
    with (
        running(lambda url: answering(url, {"openid_configuration": answer})) as url,
        pytest.raises(ProviderUnreachable),
    ):
        provider_of(url).end_session_url("http://localhost:8000/")


def test_a_discovery_of_another_issuer_is_no_logto():
    document = json.dumps(recorded("discovery") | {"issuer": "https://evil.example/oidc"})
    answers = {"openid_configuration": (200, "application/json", document)}
    with (
        running(lambda url: answering(url, answers)) as url,
        pytest.raises(ProviderUnreachable),
    ):
        provider_of(url).end_session_url("http://localhost:8000/")


@pytest.mark.parametrize(
    "answer",
    [
        (500, "application/json", "{}"),
        (200, "text/html", "<html>"),
        (200, "application/json", "[]"),
        (200, "application/json", '{"keys": []}'),
        (200, "application/json", '{"keys": [{"kty": "EC"}]}'),
    ],
)
def test_keys_that_make_no_sense_verify_nothing(answer: Answer):
    token = jwt.encode({"sub": "a"}, "x" * 32, "HS256", headers={"kid": "a"})
    with running(lambda url: answering(url, {"jwks": answer})) as url:
        metadata = OidcProviderMetadata(**recorded("discovery") | {"jwks_uri": f"{url}/jwks"})

        with pytest.raises((ProviderUnreachable, AnswerRejected)):
            BoundedOidcCore(metadata, TIMEOUT).verifyIdToken(token, APP)


def test_a_logto_that_is_down_is_unreachable_and_found_again_later():
    document = json.dumps(recorded("discovery"))
    answers: dict[str, Answer] = {}
    with running(lambda url: answering(url, answers)) as url:
        provider = provider_of(url)
        with pytest.raises(ProviderUnreachable):
            provider.end_session_url("http://localhost:8000/")

        answers["openid_configuration"] = (200, "application/json", document)
        assert provider.end_session_url("http://localhost:8000/")


def test_a_logto_that_hangs_is_given_up():
    with closing(create_server(("127.0.0.1", 0))) as silent:
        provider = provider_of(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.1)

        with pytest.raises(ProviderUnreachable):
            provider.end_session_url("http://localhost:8000/")


def test_no_error_repeats_what_logto_wrote(logto: World, provider: LogtoProvider):
    request = begin(logto, provider)
    answer = come_back(logto, request)
    provider.exchange(request.storage, answer)

    with pytest.raises(SignInError) as error:
        provider.exchange(request.storage, answer)
    assert "grant request is invalid" not in str(error.value)
    assert error.value.__cause__ is None


def test_the_storage_keeps_what_the_sdk_tells_it():
    storage = RecordStorage({"idToken": "a"})
    storage.set("refreshToken", "b")
    storage.set("idToken", None)
    storage.delete("accessTokenMap")

    assert storage.get("idToken") is None
    assert storage.values == {"refreshToken": "b"}
