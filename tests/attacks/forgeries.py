"""Forged tokens of every kind that is known, made from a genuine one.

Sources: RFC 8725 (JWT best practices), RFC 7515 (what a header may name), and the attacks that
libraries fell to: `alg: none`, key confusion, embedded keys, `crit` that nobody reads,
signatures of zeros (CVE-2022-21449), other encodings of a signature.
"""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from jwt.algorithms import get_default_algorithms

Forgery = tuple[str, str]
"""What was done to the token, and the token."""

ALGORITHMS = get_default_algorithms()
CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
HMACS = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


def new_key(algorithm: str) -> Any:
    if algorithm in CURVES:
        return ec.generate_private_key(CURVES[algorithm])
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65_537, 2048)


def jwk_of(key: Any, algorithm: str, **fields: str) -> dict[str, Any]:
    return ALGORITHMS[algorithm].to_jwk(key.public_key(), as_dict=True) | fields


def signature(key: Any, algorithm: str, signed: bytes) -> bytes:
    return ALGORITHMS[algorithm].sign(signed, key)


def encoded(data: bytes | object) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass(frozen=True)
class Genuine:
    """A token that is good, and everything that an attacker may know or guess of it."""

    key: Any
    algorithm: str
    header: dict[str, Any]
    claims: dict[str, Any]
    secret: str

    @property
    def token(self) -> str:
        return self.signed({})

    def signed(self, changes: dict[str, Any], payload: object = None) -> str:
        """Sign with the provider's own key, under a changed header."""
        return self.by(self.key, self.algorithm, self.header | changes, payload)

    def by(self, key: Any, algorithm: str, header: object, payload: object = None) -> str:
        body = self.claims if payload is None else payload
        signed = f"{encoded(header)}.{encoded(body)}"
        return f"{signed}.{encoded(signature(key, algorithm, signed.encode()))}"

    def with_signature(self, made: bytes, **header: Any) -> str:
        return f"{encoded(self.header | header)}.{encoded(self.claims)}.{encoded(made)}"


def forgeries(genuine: Genuine, attacker_url: str) -> Iterator[Forgery]:
    """Return forged tokens, each with a name; nobody may believe one."""
    return itertools.chain(
        without_signature(genuine),
        by_known_secrets(genuine),
        by_keys_that_the_token_brings(genuine, attacker_url),
        with_algorithms_of_every_type(genuine),
        with_critical_headers(genuine),
        in_other_shapes(genuine),
        with_signatures_that_are_none(genuine),
    )


def without_signature(genuine: Genuine) -> Iterator[Forgery]:
    for alg in ("none", "None", "NONE", "nOnE", "none ", "", None):
        for made in (b"", b"\0", b"x" * 96):
            yield f"alg {alg!r}, {len(made)} bytes", genuine.with_signature(made, alg=alg)
    bare = {name: value for name, value in genuine.header.items() if name != "alg"}
    yield "no alg", f"{encoded(bare)}.{encoded(genuine.claims)}."
    yield (
        "alg twice",
        ".".join(
            [
                encoded(b'{"alg":"none","alg":"%s"}' % genuine.algorithm.encode()),
                *_rest(genuine, ""),
            ]
        ),
    )


def by_known_secrets(genuine: Genuine) -> Iterator[Forgery]:
    """Key confusion: what everybody knows, or what is ours, as the secret of an HMAC."""
    public = genuine.key.public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    jwk = jwk_of(genuine.key, genuine.algorithm)
    secrets = {
        "PEM": pem,
        "PEM without its last newline": pem.rstrip(),
        "DER": der,
        "JWK": json.dumps(jwk).encode(),
        "JWK without spaces": json.dumps(jwk, separators=(",", ":"), sort_keys=True).encode(),
        "kid": genuine.header["kid"].encode(),
        "client secret": genuine.secret.encode(),
        "nothing": b"",
        "a zero": b"\0",
    }
    for name in ("n", "e", "x", "y"):
        if name in jwk:
            text = jwk[name].encode()
            secrets[name] = text
            secrets[f"{name}, decoded"] = base64.urlsafe_b64decode(text + b"==")
    for (name, secret), (alg, digest) in itertools.product(secrets.items(), HMACS.items()):
        signed = f"{encoded(genuine.header | {'alg': alg})}.{encoded(genuine.claims)}"
        made = hmac.digest(secret, signed.encode(), digest)
        yield f"{alg} by {name}", f"{signed}.{encoded(made)}"
        yield f"{genuine.algorithm} by {alg} by {name}", genuine.with_signature(made)


def by_keys_that_the_token_brings(genuine: Genuine, attacker_url: str) -> Iterator[Forgery]:
    for algorithm in (genuine.algorithm, "ES256", "RS256", "EdDSA"):
        key = new_key(algorithm)
        jwk = jwk_of(key, algorithm, kid="mine", use="sig", alg=algorithm)
        certificate = base64.b64encode(_certificate(key)).decode() if algorithm != "EdDSA" else ""
        brought: dict[str, dict[str, Any]] = {
            "nothing": {},
            "jwk": {"jwk": jwk},
            "jku": {"jku": f"{attacker_url}/jwks"},
            "jku behind a fragment": {"jku": f"https://logto.test/oidc/jwks#@{attacker_url}"},
            "x5u": {"x5u": f"{attacker_url}/certificate"},
            "x5c": {"x5c": [certificate]},
            "all of them": {
                "jwk": jwk,
                "jku": f"{attacker_url}/jwks",
                "x5u": f"{attacker_url}/certificate",
                "x5c": [certificate],
            },
        }
        texts = ("mine", "", "../../dev/null", "' OR 1=1 --", f"{attacker_url}/jwks", "x" * 5000)
        values: list[object] = [*texts, None, 0, True, 1.5, [], {}, ["mine"]]
        kids: list[dict[str, Any]] = [{}, *({"kid": value} for value in values)]
        for (name, what), kid in itertools.product(brought.items(), kids):
            header = genuine.header | {"alg": algorithm} | what | kid
            shown = str(kid.get("kid", "the provider's"))[:20]
            yield f"{algorithm}, {name}, kid {shown}", genuine.by(key, algorithm, header)
        header = {name: value for name, value in genuine.header.items() if name != "kid"}
        yield f"{algorithm}, no kid", genuine.by(key, algorithm, header | {"alg": algorithm})


def with_algorithms_of_every_type(genuine: Genuine) -> Iterator[Forgery]:
    """Under a genuine signature, so that only the header's `alg` is wrong."""
    own = genuine.algorithm
    wrong = ["HS256", "RS1", own.lower(), f"{own} ", f" {own}", f"{own}\0", own[:-1], "ES256K"]
    values: list[object] = [*wrong, 0, 1, True, 1.5, [], [own], {}, {"alg": own}]
    for value in values:
        header = genuine.header | {"alg": value}
        signed = f"{encoded(header)}.{encoded(genuine.claims)}"
        made = signature(genuine.key, own, signed.encode())
        yield f"alg {value!r}", f"{signed}.{encoded(made)}"


def with_critical_headers(genuine: Genuine) -> Iterator[Forgery]:
    """What a header says must be understood, and is not: RFC 7515 4.1.11, RFC 7797."""
    names: list[object] = [["exp"], ["b64"], ["nobody-knows"], ["alg"], [], [0]]
    for crit in (*names, "exp", {}, 0, True, None):
        yield f"crit {crit!r}", genuine.signed({"crit": crit})
    for b64 in (False, 0, "false", None):
        yield f"b64 {b64!r}", genuine.signed({"b64": b64})
        yield f"b64 {b64!r}, crit", genuine.signed({"b64": b64, "crit": ["b64"]})
    header = encoded(genuine.header | {"b64": False, "crit": ["b64"]})
    payload = json.dumps(genuine.claims)
    made = signature(genuine.key, genuine.algorithm, f"{header}.{payload}".encode())
    yield "payload as it is", f"{header}.{payload}.{encoded(made)}"
    yield "payload detached", f"{header}..{encoded(made)}"


def in_other_shapes(genuine: Genuine) -> Iterator[Forgery]:
    """The genuine token, written in a way that RFC 7515's compact serialization is not."""
    parts = genuine.token.split(".")
    for place in range(3):
        name = ("header", "payload", "signature")[place]

        def with_part(text: str, place: int = place) -> str:
            return ".".join([*parts[:place], text, *parts[place + 1 :]])

        yield f"empty {name}", with_part("")
        for padding in ("=", "==", "====", "%3D", " ", "\n", "\t", "\0", "\u2000", "é"):
            yield f"{name} and {padding!r}", with_part(parts[place] + padding)
            yield f"{padding!r} and {name}", with_part(padding + parts[place])
        yield f"{name} twice", with_part(parts[place] * 2)
        yield f"{name} that is no base64", with_part("*" + parts[place][1:])
        yield f"{name} without its end", with_part(parts[place][:-5])
    yield "two segments", ".".join(parts[:2])
    yield "four segments", ".".join([*parts, parts[2]])
    yield "five segments, as encrypted ones have", ".".join([*parts, "", ""])
    yield "a dot before", "." + ".".join(parts)
    yield "a dot behind", ".".join(parts) + "."
    yield "no dots", "".join(parts)
    yield "nothing", ""
    yield "dots", ".."
    flattened = {"protected": parts[0], "payload": parts[1], "signature": parts[2]}
    yield "JSON", json.dumps(flattened)
    several = {"payload": parts[1], "signatures": [flattened]}
    yield "JSON with several signatures", json.dumps(several)
    nested = genuine.signed({"cty": "JWT"}, genuine.token.encode())
    yield "a token in a token", nested
    deep = b"[" * 20_000 + b"]" * 20_000
    payloads: tuple[object, ...] = ([], "text", 0, True, b"", b"null", b"{", b"\xff", b"[1,", deep)
    for payload in payloads:
        yield f"payload {str(payload)[:12]!r}", genuine.signed({}, payload)
    for header in (b"", b"{}", b"[]", b"null", b'"text"', b"{", b"\xff", deep):
        rest = ".".join(_rest(genuine, parts[2]))
        yield f"header {str(header)[:12]!r}", f"{encoded(header)}.{rest}"


def with_signatures_that_are_none(genuine: Genuine) -> Iterator[Forgery]:
    good = base64.urlsafe_b64decode(genuine.token.rpartition(".")[2] + "==")
    half = len(good) // 2
    made = {
        "zeros": bytes(len(good)),
        "r is zero": bytes(half) + good[half:],
        "s is zero": good[:half] + bytes(half),
        "ones": b"\xff" * len(good),
        "one": (1).to_bytes(len(good), "big"),
        "one byte less": good[:-1],
        "one byte less before": good[1:],
        "one byte more": good + b"\0",
        "one byte more before": b"\0" + good,
        "one bit else": bytes([good[0] ^ 1]) + good[1:],
        "turned round": good[::-1],
        "halves changed": good[half:] + good[:half],
        "twice": good * 2,
        "as text": encoded(good).encode(),
        "of other claims": signature(genuine.key, genuine.algorithm, b"other.claims"),
    }
    if genuine.algorithm in CURVES:
        r, s = int.from_bytes(good[:half], "big"), int.from_bytes(good[half:], "big")
        made["DER"] = encode_dss_signature(r, s)
        order = _ORDERS[genuine.algorithm]
        for name, pair in {
            "r and s are the order": (order, order),
            "r is the order": (order, s),
            "s is the order": (r, order),
            "r is one": (1, s),
        }.items():
            made[name] = b"".join(number.to_bytes(half, "big") for number in pair)
        made["in halves with a byte more"] = b"\0" + good[:half] + b"\0" + good[half:]
    for name, text in made.items():
        yield f"signature: {name}", genuine.with_signature(text)


_ORDERS = {  # of the curves' base points: SEC 2, sections 2.4.2, 2.5.1 and 2.6.1
    "ES256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "ES384": int(
        "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf"
        "581a0db248b0a77aecec196accc52973",
        16,
    ),
    "ES512": int(
        "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa"
        "51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
        16,
    ),
}


def _rest(genuine: Genuine, made: str) -> list[str]:
    return [encoded(genuine.claims), made]


def _certificate(key: Any) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "logto.test")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, SHA256())
    )
    return made.public_bytes(Encoding.DER)
