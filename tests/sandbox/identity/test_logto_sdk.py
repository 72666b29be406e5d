"""Logto's own SDK against the stand-in, from sign-in to sign-out."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from logto import LogtoClient, LogtoConfig, Storage, UserInfoScope

from tests.kit.identity import API, APP, SECRET, new_phone

if TYPE_CHECKING:
    from tests.kit.identity import Logto


class Memory(Storage):
    """A dict of one client's own."""

    def __init__(self) -> None:
        self.kept: dict[str, str | None] = {}

    def get(self, key: str) -> str | None:
        return self.kept.get(key)

    def set(self, key: str, value: str | None) -> None:
        self.kept[key] = value

    def delete(self, key: str) -> None:
        self.kept.pop(key, None)


def test_the_sdk_signs_in_refreshes_and_signs_out(own_logto: Logto):
    # The SDK has no clock to set, and checks the tokens' times.
    logto, phone, browser = own_logto, new_phone(), own_logto.browser()
    logto.clock.now = time.time()
    config = LogtoConfig(
        endpoint=logto.url,
        appId=APP,
        appSecret=SECRET,
        resources=[API],
        scopes=[UserInfoScope.phone, "read"],
    )
    client = LogtoClient(config, Memory())

    async def journey() -> None:
        begun = browser.get(await client.signIn(f"{logto.app.url}/callback"))
        callback = logto.walk(browser, begun, phone)
        await client.handleSignInCallback(callback.headers["Location"])

        assert client.isAuthenticated()
        assert client.getIdTokenClaims().sub == (await client.fetchUserInfo()).sub
        assert (await client.fetchUserInfo()).phone_number == phone
        access = await client.getAccessTokenClaims(API)
        assert (access.aud, access.scope) == (API, "read")

        gone = logto.submit(browser, browser.get(await client.signOut(f"{logto.app.url}/")))
        assert gone.headers["Location"] == f"{logto.app.url}/"
        assert not client.isAuthenticated()

    asyncio.run(journey())
