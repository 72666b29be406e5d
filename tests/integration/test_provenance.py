"""What other sites, and browsers that guess, can and can't make a visitor's browser do."""

from __future__ import annotations

import pytest

from tests.kit.browser import Browser

HERE = "http://localhost:8000"


def test_another_site_can_not_sign_a_visitor_out(logto_site: Browser):
    logto_site.cookies.set("portaria_session", "x" * 43)
    answer = logto_site.get("/sign-out", headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert '<form class="actions" method="post" action="http://localhost:8000/sign-out">' in (
        answer.text
    )


FORMS = ["/sign-out", "/account/sign-out-everywhere"]


@pytest.mark.parametrize("path", FORMS)
def test_our_own_form_signs_the_visitor_out(logto_site: Browser, path: str):
    answer = logto_site.post(path, headers={"Origin": HERE})

    assert answer.status_code == 302
    assert "/oidc/session/end" in answer.headers["Location"]
    assert "Max-Age=0" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
def test_another_sites_form_signs_nobody_out(logto_site: Browser, path: str, origin: str):
    answer = logto_site.post(path, headers={"Origin": origin} if origin else {})

    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert f'method="post" action="{HERE}{path}"' in answer.text


@pytest.mark.parametrize("path", ["/sign-in", "/sign-up", "/callback?code=a&state=b", "/sign-out"])
@pytest.mark.parametrize("header", ["Sec-Purpose", "Purpose"])
def test_a_prefetch_begins_and_ends_nothing(logto_site: Browser, path: str, header: str):
    answer = logto_site.get(path, headers={header: "prefetch"})

    assert answer.status_code == 503
    assert "Set-Cookie" not in answer.headers
    assert "Location" not in answer.headers
