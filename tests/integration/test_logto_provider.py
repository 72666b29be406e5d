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
from flask import Flask, Response
from logto import OidcProviderMetadata

from chalicelib.sign_in.errors import (
    AnswerRejected,
    ProviderMisconfigured,
    ProviderUnreachable,
    SignInError,
    SignInRefused,
)
from chalicelib.sign_in.logto_client import (
    METADATA_SECONDS,
    LogtoApplication,
    LogtoProvider,
    RecordStorage,
)
from chalicelib.sign_in.oidc_core import BoundedOidcCore
from chalicelib.sign_in.options import SignInOptions
from sandbox.server import running
from tests.fakes import Clock
from tests.recordings import recorded
from tests.sandbox.identity.world import APP, SECRET, World, world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.sign_in.provider import AuthorizationRequest, SignedIn

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
    }
    asked = asked_for(begin(logto, provider, sign_up=True, **options))

    assert {name: asked[name][0] for name in options} == options
    assert asked["interaction_mode"] == ["signUp"]


def test_no_two_attempts_share_a_state_a_nonce_or_a_verifier(logto: World, provider: LogtoProvider):
    first, second = begin(logto, provider), begin(logto, provider)

    assert first.state != second.state
    assert first.nonce != second.nonce
    assert first.storage != second.storage


def test_a_refresh_brings_new_tokens_of_the_same_user(logto: World, provider: LogtoProvider):
    request = begin(logto, provider)
    signed_in = provider.exchange(request.storage, come_back(logto, request))
    refreshed = provider.refresh(signed_in.storage)

    assert provider.claims_of(refreshed)["sub"] == signed_in.claims["sub"]
    assert refreshed.storage["accessTokenMap"] != signed_in.storage["accessTokenMap"]
    assert refreshed.access_token not in repr(refreshed)


def test_a_suspended_users_refresh_is_refused_for_good(logto: World, provider: LogtoProvider):
    request = begin(logto, provider)
    signed_in = provider.exchange(request.storage, come_back(logto, request))
    logto.identity.suspend_user(signed_in.claims["sub"])

    with pytest.raises(SignInRefused) as refused:
        provider.refresh(signed_in.storage)
    assert refused.value.code == "invalid_grant"


def test_a_user_without_access_any_more_is_refused_for_good(logto: World, provider: LogtoProvider):
    request = begin(logto, provider)
    signed_in = provider.exchange(request.storage, come_back(logto, request))
    logto.identity.remove_access(signed_in.claims["sub"], APP)

    with pytest.raises(SignInRefused) as refused:
        provider.refresh(signed_in.storage)
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


def test_a_callback_on_another_path_is_rejected(logto: World, provider: LogtoProvider):
    request = begin(logto, provider)

    with pytest.raises(AnswerRejected):
        provider.exchange(request.storage, come_back(logto, request).replace("/callback", "/x"))


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


def test_after_a_change_of_algorithm_the_next_sign_in_succeeds(
    logto: World, provider: LogtoProvider
):
    def sign_in() -> SignedIn:
        request = begin(logto, provider)
        return provider.exchange(request.storage, come_back(logto, request))

    assert sign_in().claims["sub"]
    logto.identity.rotate_key()
    with pytest.raises(AnswerRejected, match="algorithm"):
        sign_in()

    assert sign_in().claims["sub"]


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
