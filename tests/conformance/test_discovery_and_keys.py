"""Discovery and keys: cases 20 to 26, and what else a provider's documents can do to us."""

from __future__ import annotations

import json
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from chalicelib.sign_in.logto.documents import COOL_DOWN_SECONDS
from tests.conformance.provider import SPOKEN, Key, Raw
from tests.conformance.relying_party import RelyingParty, case

HUGE = json.dumps({"padding": "x" * 1_000_000})
NESTED = "[" * 50_000


@pytest.mark.parametrize(
    "endpoint", [case(20, "oidcc-client-test-discovery-openid-config", "openid-configuration")]
)
def test_the_documents_are_read_once(party: RelyingParty, endpoint: str):
    for _ in range(2):
        party.accepts(party.sign_in())

    assert party.provider.asked_for(endpoint) == 1
    assert party.provider.asked_for("jwks") == 1


@pytest.mark.parametrize(
    "path", [case(21, "oidcc-client-test-discovery-jwks-uri-keys", "/oidc/other/jwks")]
)
def test_keys_are_fetched_where_the_metadata_says(party: RelyingParty, path: str):
    party.provider.metadata = {"jwks_uri": f"{party.provider.url}{path}"}

    party.accepts(party.sign_in())


UNUSABLE = [
    case(
        22,
        "oidcc-client-test-discovery-issuer-mismatch",
        "openid-configuration",
        Raw('{"issuer": "https://evil.example"}'),
    ),
    case(26, "discovery-5xx", "openid-configuration", Raw(status=500)),
    case(26, "discovery-html", "openid-configuration", Raw(f"<p>{SPOKEN}", 200, "text/html")),
    case(26, "discovery-1-mb", "openid-configuration", Raw(HUGE)),
    case(26, "discovery-no-json", "openid-configuration", Raw()),
    case(26, "discovery-list", "openid-configuration", Raw("[]")),
    case(26, "discovery-nested", "openid-configuration", Raw(NESTED)),
    case(26, "discovery-empty", "openid-configuration", Raw("{}")),
    case(
        26,
        "discovery-redirect",
        "openid-configuration",
        Raw("", 302, headers={"Location": "https://evil.example/"}),
    ),
]


@pytest.mark.parametrize(("endpoint", "raw"), UNUSABLE)
def test_without_its_metadata_no_sign_in_begins(party: RelyingParty, endpoint: str, raw: Raw):
    party.provider.raw[endpoint] = raw

    party.rejects(party.site.get("/sign-in"), status=503)


@pytest.mark.parametrize("endpoint", [case(26, "discovery-time-out", "openid-configuration")])
def test_a_provider_that_hangs_is_given_up(party: RelyingParty, endpoint: str):
    party.provider.hanging.add(endpoint)

    party.rejects(party.site.get("/sign-in"), "TimeoutError", status=503)


def test_a_mismatching_issuer_in_an_otherwise_good_document_is_not_believed(party: RelyingParty):
    party.provider.metadata = {"issuer": "https://evil.example/oidc"}

    party.rejects(party.site.get("/sign-in"), "another issuer", status=503)


@pytest.mark.parametrize(
    "raw",
    [
        case(26, "jwks-5xx", Raw(status=500)),
        case(26, "jwks-html", Raw(f"<p>{SPOKEN}", 200, "text/html")),
        case(26, "jwks-1-mb", Raw(HUGE)),
        case(26, "jwks-no-json", Raw()),
        case(26, "jwks-list", Raw("[]")),
        case(26, "jwks-nested", Raw(NESTED)),
    ],
)
def test_without_its_keys_nobody_is_signed_in(party: RelyingParty, raw: Raw):
    party.provider.raw["jwks"] = raw

    party.rejects(party.sign_in(), "keys", status=503)


@pytest.mark.parametrize("endpoint", [case(26, "jwks-time-out", "jwks")])
def test_keys_that_do_not_come_are_not_waited_for(party: RelyingParty, endpoint: str):
    party.provider.hanging.add(endpoint)

    party.rejects(party.sign_in(), "keys", status=503)


@pytest.mark.parametrize("status", [case(26, "jwks-redirect", each) for each in (301, 302, 307)])
def test_keys_come_from_where_the_metadata_says_and_nowhere_else(party: RelyingParty, status: int):
    elsewhere = f"{party.provider.url}/oidc/other"
    party.provider.raw["other"] = Raw(json.dumps({"keys": [party.provider.keys[0].jwk()]}))
    party.provider.raw["jwks"] = Raw("", status, headers={"Location": elsewhere})

    party.rejects(party.sign_in(), "keys", status=503)
    assert party.provider.asked_for("other") == 0


def test_keys_that_drip_in_are_not_waited_for(party: RelyingParty):
    party.provider.dripping_seconds = 5.0

    party.rejects(party.sign_in(), "keys", status=503)


def test_an_empty_key_set_verifies_nothing(party: RelyingParty):
    party.provider.raw["jwks"] = Raw('{"keys": []}')

    party.rejects(party.sign_in(), "no such key")


@pytest.mark.parametrize("name", [case(23, "oidcc-client-test-signing-key-rotation", "key-2")])
def test_a_rotated_key_is_found(party: RelyingParty, name: str):
    party.accepts(party.sign_in())
    party.provider.keys.insert(0, Key(kid=name))

    party.accepts(party.sign_in())
    assert party.provider.asked_for("jwks") == 2


@pytest.mark.parametrize("algorithms", [case(23, "rotation-to-rsa", ["RS256"])])
def test_a_rotation_to_another_kind_of_key_is_followed(party: RelyingParty, algorithms: list[str]):
    party.accepts(party.sign_in())
    rsa_key = rsa.generate_private_key(65_537, 2048)
    party.provider.keys.insert(0, Key(rsa_key, "RS256", "rsa", {"alg": None}))
    party.provider.metadata = {"id_token_signing_alg_values_supported": algorithms}

    party.accepts(party.sign_in())


@pytest.mark.parametrize(
    "name", [case(24, "oidcc-client-test-signing-key-rotation-just-before-signing", "key-2")]
)
def test_a_key_that_is_newer_than_the_sign_in_is_found(party: RelyingParty, name: str):
    party.accepts(party.sign_in())
    answer = party.answer(party.begin())
    party.provider.keys = [Key(kid=name)]

    party.accepts(party.come_back(answer))


@pytest.mark.parametrize("flood", [case(25, "flood-of-unknown-kids", 30)])
def test_unknown_kids_do_not_make_us_flood_the_provider(party: RelyingParty, flood: int):
    party.accepts(party.sign_in())
    for number in range(flood):
        token = Key(kid=f"unknown-{number}").sign(party.provider.claims(), "logout+jwt")
        answer = party.site.post("/backchannel-logout", data={"logout_token": token})
        assert answer.status_code == 400

    assert party.provider.asked_for("jwks") <= 4
    party.accepts(party.sign_in())


@pytest.mark.parametrize("endpoint", ["jwks", "openid-configuration"])
def test_a_flood_of_logout_tokens_does_not_reach_a_provider_that_is_down(
    party: RelyingParty, endpoint: str
):
    party.provider.raw[endpoint] = Raw(status=500)
    began_at = time.monotonic()
    for number in range(30):
        token = Key(kid=f"unknown-{number}").sign(party.provider.claims(), "logout+jwt")
        answer = party.site.post("/backchannel-logout", data={"logout_token": token})
        assert answer.status_code == 400

    seconds = time.monotonic() - began_at
    assert party.provider.asked_for(endpoint) <= 1 + seconds // COOL_DOWN_SECONDS


def test_an_outage_after_the_first_sign_in_does_not_stop_the_next(party: RelyingParty):
    party.accepts(party.sign_in())
    party.provider.raw |= {"jwks": Raw(status=500), "openid-configuration": Raw(status=500)}

    party.accepts(party.sign_in())
