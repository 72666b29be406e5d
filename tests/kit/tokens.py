"""Tokens, good and hostile, with keys from a real server."""

from __future__ import annotations

import base64
import hmac
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from flask import Flask, Response
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from logto import OidcProviderMetadata

from chalicelib.sign_in.errors import AnswerRejected
from chalicelib.sign_in.logto.documents import Document, Metadata, SigningKeys
from chalicelib.sign_in.logto.http import Http
from chalicelib.sign_in.logto.signed_tokens import SignedTokens
from tests.kit.recordings import recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.kit.fakes import Clock

ISSUER, CLIENT = "https://logto.test/oidc", "our-app"
EC_KEY = ec.generate_private_key(ec.SECP384R1())
OTHER_EC_KEY = ec.generate_private_key(ec.SECP384R1())
P256_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65_537, 2048)


def public(key: Any, **fields: Any) -> dict[str, Any]:
    algorithm = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    known = {"use": "sig", "kid": "ec"} | fields
    return algorithm.to_jwk(key.public_key(), as_dict=True) | {
        name: value for name, value in known.items() if value is not None
    }


@dataclass
class KeyServer:
    """Serves a key set, and counts how often it is asked."""

    keys: list[dict[str, Any]] = field(default_factory=lambda: [public(EC_KEY, alg="ES384")])
    body: str | None = None
    status: int = 200
    asked: int = 0

    def flask(self, _: str) -> Flask:
        app = Flask(__name__)

        @app.get("/jwks")
        def jwks() -> Response:
            self.asked += 1
            body = json.dumps({"keys": self.keys}) if self.body is None else self.body
            return Response(body, self.status, content_type="application/json")

        return app


def signed_tokens(
    jwks_uri: str, algorithms: Sequence[str], clock: Callable[[], float] = time.monotonic
) -> SignedTokens:
    """Return a reader of tokens, by keys at `jwks_uri` and metadata that are never fetched."""
    changes = {"issuer": ISSUER, "id_token_signing_alg_values_supported": list(algorithms)}
    model = OidcProviderMetadata(**(recorded("discovery") | changes))
    metadata = Metadata(model, names_itself=True, keys=SigningKeys(jwks_uri, Http(5.0), clock))
    return SignedTokens(Document("metadata", lambda: metadata, clock), CLIENT, time.time)


@dataclass
class Verifier:
    """A verifier with its key server and clock."""

    server: KeyServer
    clock: Clock
    tokens: SignedTokens

    def verify(self, token: str) -> dict[str, Any]:
        return self.tokens.read_id_token(token, "access", "n")

    def rejects(self, token: str) -> str:
        with pytest.raises(AnswerRejected) as rejected:
            self.verify(token)
        assert token not in rejected.value.reason
        return rejected.value.reason


def token(
    key: Any = EC_KEY, alg: str = "ES384", headers: dict[str, Any] | None = None, **changes: Any
) -> str:
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "sub": "user-1",
        "aud": CLIENT,
        "iat": now,
        "exp": now + 3600,
        "nonce": "n",
    } | {name: _from(now, value) for name, value in changes.items()}
    kept = {name: value for name, value in claims.items() if value is not None}
    header = {"kid": "ec", "typ": None} | (headers or {})
    if header["kid"] is None:
        del header["kid"]
    return jwt.encode(kept, key, alg, headers=header)


@dataclass(frozen=True)
class Now:
    """A moment relative to the one in which the token is made."""

    seconds: int


def _from(now: int, value: Any) -> Any:
    return now + value.seconds if isinstance(value, Now) else value


def hmac_token(secret: bytes) -> str:
    """Sign as PyJWT refuses to: with a public key as the secret."""
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"ec"}').rstrip(b"=").decode()
    signed = f"{header}.{token().split('.')[1]}"
    signature = hmac.digest(secret, signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
