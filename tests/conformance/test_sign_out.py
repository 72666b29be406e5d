"""Sign-out: cases 45 to 48 (OpenID Connect RP-Initiated Logout 1.0, RFC 7009)."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conformance.provider import APP, SECRET, Raw
from tests.conformance.relying_party import HERE, RelyingParty, case


@pytest.mark.parametrize("path", [case(45, "oidcc-client-test-rp-init-logout", "/sign-out")])
def test_a_sign_out_ends_the_session_the_tokens_and_the_providers_session(
    party: RelyingParty, path: str
):
    party.accepts(party.sign_in())
    answer = party.site.get(path)

    target = urlsplit(answer.headers["Location"])
    assert answer.status_code == 302
    assert target.path == "/oidc/session/end"
    assert parse_qs(target.query) == {"client_id": [APP], "post_logout_redirect_uri": [f"{HERE}/"]}
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert party.user is None
    revocation = party.provider.forms[-1]
    assert revocation["token_type_hint"] == "refresh_token"
    assert (revocation["client_id"], revocation["client_secret"]) == (APP, SECRET)
    assert revocation["token"] in party.provider.issued


@pytest.mark.parametrize(
    "query",
    [
        case(46, "oidcc-client-test-rp-init-logout-other-state", "?state=planted"),
        case(47, "oidcc-client-test-rp-init-logout-no-state", ""),
    ],
)
def test_where_a_sign_out_comes_back_no_state_means_anything(party: RelyingParty, query: str):
    # We send no state, so one that comes back is somebody else's: the home page, and no more.
    party.accepts(party.sign_in())
    party.site.get("/sign-out")
    answer = party.site.get(f"/{query}")

    assert answer.status_code == 200
    assert "planted" not in answer.text
    assert party.user is None


@pytest.mark.parametrize("site", [case(48, "cross-site-sign-out", "cross-site")])
def test_another_site_signs_nobody_out(party: RelyingParty, site: str):
    party.accepts(party.sign_in())
    answer = party.site.get("/sign-out", headers={"Sec-Fetch-Site": site})

    assert answer.status_code == 200
    assert party.user == party.provider.sub


@pytest.mark.parametrize("raw", [Raw(status=500), Raw("", 302, headers={"Location": "/"})])
def test_a_revocation_that_fails_stops_nothing(party: RelyingParty, raw: Raw):
    party.accepts(party.sign_in())
    party.provider.raw["revocation"] = raw
    answer = party.site.get("/sign-out")

    assert urlsplit(answer.headers["Location"]).path == "/oidc/session/end"
    assert party.user is None
