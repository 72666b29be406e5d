"""Curtain up: what an empty account has after the first deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from rehearsal.deployment import Deployment


def called(deployment: Deployment, path: str, host: str = "") -> requests.Response:
    """Call the API by its name, as AWS's DNS would let a browser do."""
    return requests.get(
        f"{deployment.aws_url}{path}",
        headers={"Host": host or deployment.host},
        allow_redirects=False,
        timeout=60,
    )


def test_a_deployment_says_what_to_paste_and_what_is_missing(first_deployment: Deployment):
    said, url = first_deployment.said[0], first_deployment.outputs["PublicUrl"]

    for path in ("/callback", "/", "/backchannel-logout", "/otp"):
        assert f" {url}{path}" in said
    missing = said.partition("Still missing")[2]
    assert "/portaria/prod/logto/app-secret" in missing
    assert "/portaria/prod/twilio" in missing
    assert "templates" not in missing


def test_secrets_and_texts_are_there_and_no_secret_was_said(first_deployment: Deployment):
    parameters = first_deployment.parameters()

    assert {"otp/authorization", "ledger-key", "templates/SignIn/pt-BR"} <= parameters.keys()
    for name in ("otp/authorization", "ledger-key"):
        assert parameters[name][0] not in "".join(first_deployment.said)


def test_a_second_deployment_of_the_same_changes_nothing(set_up: Deployment):
    before = set_up.described(), set_up.parameters()

    assert "No changes to deploy" in set_up.deploy()
    assert (set_up.described(), set_up.parameters()) == before
