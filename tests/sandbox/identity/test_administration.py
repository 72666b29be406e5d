from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.kit.identity import APP, BARE_APP, Logto, new_phone, query
from tests.kit.recordings import recorded

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.identity.identity import Identity

INVALID_GRANT = recorded("errors")["refresh_bad"]["body"]


def suspend(identity: Identity, sub: str) -> None:
    identity.suspend_user(sub)


def delete(identity: Identity, sub: str) -> None:
    identity.delete_user(sub)


@pytest.mark.parametrize("end", [suspend, delete])
def test_a_suspended_or_deleted_user_can_refresh_no_more_and_no_logout_token_is_posted(
    logto: Logto, end: Callable[[Identity, str], None]
):
    browser = logto.browser()
    tokens = logto.tokens(browser)

    end(logto.identity, logto.read(tokens["id_token"]).claims["sub"])

    assert logto.refresh(tokens["refresh_token"]).json() == INVALID_GRANT
    assert logto.userinfo(tokens["access_token"]).status_code == 401
    assert query(logto.authorize(browser, prompt="none"))["error"] == "login_required"
    assert logto.app.posted("backchannel-logout") == []


def test_a_suspended_user_cannot_sign_in_until_let_back(logto: Logto):
    phone = new_phone()
    sub = logto.read(logto.tokens(phone=phone)["id_token"]).claims["sub"]
    logto.identity.suspend_user(sub)
    browser = logto.browser()
    logto.authorize(browser)
    browser.post("/sign-in", data={"phone": phone})

    answer = browser.post("/sign-in/verification-code", data={"code": logto.app.code})
    assert "This account is suspended." in answer.text

    logto.identity.suspend_user(sub, suspended=False)
    assert "code" in logto.sign_in(logto.browser(), phone)


def test_a_deleted_number_comes_back_as_a_new_user(logto: Logto):
    phone = new_phone()
    sub = logto.read(logto.tokens(phone=phone)["id_token"]).claims["sub"]

    logto.identity.delete_user(sub)

    assert logto.read(logto.tokens(phone=phone)["id_token"]).claims["sub"] != sub


def test_a_revoked_session_ends_what_has_no_offline_access_and_no_logout_token_is_posted(
    logto: Logto,
):
    browser = logto.browser()
    offline = logto.tokens(browser)
    online = logto.redeem(
        query(logto.authorize(browser, client_id=BARE_APP, scope="openid"))["code"],
        client_id=BARE_APP,
    ).json()

    logto.identity.revoke_sessions(logto.read(offline["id_token"]).claims["sub"])

    assert logto.refresh(offline["refresh_token"]).status_code == 200
    assert logto.userinfo(online["access_token"]).status_code == 401
    assert query(logto.authorize(browser, prompt="none"))["error"] == "login_required"
    assert logto.app.posted("backchannel-logout") == []


def test_without_access_to_the_application_a_refresh_is_denied_as_recorded(logto: Logto):
    tokens = logto.tokens()
    logto.identity.remove_access(logto.read(tokens["id_token"]).claims["sub"], APP)

    answer = logto.refresh(tokens["refresh_token"])

    known = recorded("errors")["_experience"]["facts3"]["acl_revoked_refresh"]
    assert answer.status_code == known["status"]
    assert answer.json() == json.loads(known["body"])
