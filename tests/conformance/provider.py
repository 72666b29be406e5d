"""A hostile OpenID provider: well-behaved as Logto is, but for what a test tells it to do.

It is apart from `tests/kit`, whose stand-in behaves as Logto does and must not learn to misbehave.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask, Response, redirect, request

from tests.kit.recordings import recorded
from tests.kit.tokens import public

if TYPE_CHECKING:
    from collections.abc import Callable

RECORDED_ENDPOINT = "http://localhost:3001"
APP, SECRET = "portaria", "portaria-secret"
SPOKEN = "WORDS-OF-THE-PROVIDER"  # stands in whatever it says in error, and belongs on no page

Claims = dict[str, Any]


@dataclass
class Raw:
    """An answer as it goes over the wire."""

    body: str = SPOKEN
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Key:
    """A signing key and how it is published."""

    private: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP384R1()))
    algorithm: str = "ES384"
    kid: str | None = "key-1"
    published: dict[str, Any] = field(default_factory=lambda: {"alg": "ES384"})

    def sign(self, claims: Claims, typ: str | None = None) -> str:
        headers = {"typ": typ, "kid": self.kid}
        kept = {name: value for name, value in headers.items() if value is not None}
        # PyJWT writes a `typ` of its own unless it is told not to.
        return jwt.encode(claims, self.private, self.algorithm, headers={"typ": typ} | kept)

    def jwk(self) -> dict[str, Any]:
        return public(self.private, kid=self.kid, **self.published)


@dataclass
class HostileProvider:
    """What it does otherwise than a good provider; a new one does nothing otherwise."""

    url: str
    keys: list[Key] = field(default_factory=lambda: [Key()])
    sub: str = field(default_factory=lambda: f"user-{secrets.token_hex(6)}")
    sid: str = field(default_factory=lambda: f"session-{secrets.token_hex(6)}")
    sign: Callable[[Claims], str] | None = None
    id_token: Claims = field(default_factory=dict)  # None leaves a claim out
    tokens: Claims = field(default_factory=dict)  # changes to the token endpoint's answer
    callback: dict[str, str | None] = field(default_factory=dict)
    metadata: Claims = field(default_factory=dict)
    raw: dict[str, Raw] = field(default_factory=dict)  # by the last part of an endpoint's path
    hanging: set[str] = field(default_factory=set)
    user_info: Claims = field(default_factory=dict)
    user_info_asked: list[tuple[str | None, Claims, Claims]] = field(default_factory=list)
    """The Authorization header, the query and the form of each request for userinfo."""
    dripping_seconds: float = 0.0  # the keys come byte by byte, and take so long

    asked: list[str] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    issued: set[str] = field(default_factory=set)
    begun: dict[str, dict[str, str]] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def issuer(self) -> str:
        return f"{self.url}/oidc"

    def asked_for(self, endpoint: str) -> int:
        return self.asked.count(endpoint)

    def answer(self, endpoint: str) -> Any:
        self.asked.append(endpoint)
        if endpoint in self.hanging:
            self.stop.wait()
        raw = self.raw.get(endpoint)
        if raw is not None:
            return Response(raw.body, raw.status, raw.headers, content_type=raw.content_type)
        answers: dict[str, Callable[[], Any]] = {
            "openid-configuration": self._discovery,
            "jwks": self._jwks,
            "auth": self._authorize,
            "token": self._token,
            "me": self._user_info,
            "revocation": self._revocation,
        }
        return answers[endpoint]()

    def claims(self, **changes: Any) -> Claims:
        now = int(time.time())
        good = {
            "iss": self.issuer,
            "sub": self.sub,
            "aud": APP,
            "iat": now,
            "exp": now + 3600,
            "name": "Ana",
        }
        return {name: value for name, value in (good | changes).items() if value is not None}

    def secret(self, value: str) -> str:
        """Remember what must never be seen anywhere."""
        self.issued.add(value)
        return value

    def _discovery(self) -> Response:
        text = json.dumps(recorded("discovery")).replace(RECORDED_ENDPOINT, self.url)
        changed = json.loads(text) | self.metadata
        kept = {name: value for name, value in changed.items() if value is not None}
        return Response(json.dumps(kept), content_type="application/json")

    def _jwks(self) -> Response:
        body = json.dumps({"keys": [key.jwk() for key in self.keys]})
        if not self.dripping_seconds:
            return Response(body, content_type="application/json")
        pause = self.dripping_seconds / len(body)
        drops = (byte for byte in body if not self.stop.wait(pause))
        return Response(drops, content_type="application/json")

    def _user_info(self) -> Claims:
        authorization = request.headers.get("Authorization")
        self.user_info_asked.append((authorization, request.args.to_dict(), request.form.to_dict()))
        return {"sub": self.sub, **self.user_info}

    def _authorize(self) -> Any:
        code = self.secret(secrets.token_urlsafe(16))
        self.begun[code] = request.args.to_dict()
        answer = {"code": code, "state": request.args["state"], "iss": self.issuer} | self.callback
        kept = {name: value for name, value in answer.items() if value is not None}
        return redirect(f"{request.args['redirect_uri']}?{urlencode(kept)}")

    def _token(self) -> Any:
        form = request.form.to_dict()
        self.forms.append(form)
        nonce = None
        if form["grant_type"] == "authorization_code":
            asked = self.begun.pop(form["code"], None)
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if asked is None or challenge != asked["code_challenge"]:
                return {"error": "invalid_grant", "error_description": SPOKEN}, 400
            nonce = asked.get("nonce")
        claims = self.claims(**{"nonce": nonce, **self.id_token})
        signed = self.sign(claims) if self.sign else self.keys[0].sign(claims)
        answer = {
            "access_token": secrets.token_urlsafe(32),
            "refresh_token": secrets.token_urlsafe(32),
            "id_token": signed,
            "token_type": "Bearer",
            "expires_in": 3600,
        } | self.tokens
        self.issued.update(str(answer[name]) for name in answer if name.endswith("_token"))
        return {name: value for name, value in answer.items() if value is not None}

    def _revocation(self) -> str:
        self.forms.append(request.form.to_dict())
        return ""


class Host:
    """The server under which one provider after the other stands."""

    url: str
    provider: HostileProvider

    def build(self, url: str) -> Flask:
        self.url = url
        app = Flask(__name__)
        app.add_url_rule("/oidc/<path:path>", view_func=self._answer, methods=["GET", "POST"])
        return app

    def _answer(self, path: str) -> Any:
        return self.provider.answer(path.rpartition("/")[2])
