from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.kit.recordings import recorded

if TYPE_CHECKING:
    from tests.kit.identity import Logto


def test_the_discovery_document_is_the_recorded_one(logto: Logto):
    document = logto.browser().get("/oidc/.well-known/openid-configuration").json()

    expected = json.dumps(recorded("discovery")).replace("http://localhost:3001", logto.url)
    assert document == json.loads(expected)


def test_there_is_one_p384_key_described_as_recorded(logto: Logto):
    (key,) = logto.browser().get("/oidc/jwks").json()["keys"]
    (known,) = recorded("jwks")["keys"]

    assert key.keys() == known.keys()
    for name in ("kty", "use", "alg", "crv"):
        assert key[name] == known[name]


def test_keys_have_a_media_type_of_their_own_and_are_revalidated_each_time(logto: Logto):
    browser = logto.browser()

    answer = browser.get("/oidc/jwks")

    assert answer.headers["Content-Type"] == "application/jwk-set+json; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache, max-age=0, must-revalidate"
    known = {"If-None-Match": answer.headers["ETag"]}
    assert browser.get("/oidc/jwks", headers=known).status_code == 304


def test_after_a_rotation_the_new_key_has_no_alg_and_the_old_one_stays_listed(own_logto: Logto):
    before = own_logto.tokens()["id_token"]
    own_logto.identity.keys.rotate_to_rsa()
    after = own_logto.tokens()["id_token"]

    new, old = own_logto.browser().get("/oidc/jwks").json()["keys"]
    assert (new["kty"], old["kty"]) == ("RSA", "EC")
    assert "alg" not in new
    assert own_logto.read(before).header == {"alg": "ES384", "kid": old["kid"]}
    assert own_logto.read(after).header == {"alg": "RS256", "kid": new["kid"]}
