from __future__ import annotations

import os
import subprocess
import sys

import pytest
import requests

from sandbox.identity.app import settings_from
from sandbox.identity.settings import Connector


def test_without_an_environment_the_sandboxes_application_is_known():
    settings = settings_from({}, "http://localhost:3001")

    application, _ = settings.applications
    assert (application.app_id, application.app_secret) == (
        "portaria-local",
        "portaria-local-secret",
    )
    assert application.redirect_uris == ("http://localhost:8000/callback",)
    assert application.post_logout_redirect_uris == (
        "http://localhost:8000/",
        "http://localhost:8000",
    )
    assert application.backchannel_logout_uri == "http://localhost:8000/backchannel-logout"
    assert application.backchannel_logout_session_required
    assert settings.connector == Connector("http://localhost:8000/otp", "Bearer portaria-local-otp")


def test_the_environment_overrides_every_default():
    settings = settings_from(
        {
            "APP_URL": "http://localhost:9",
            "LOGTO_APP_ID": "other",
            "LOGTO_APP_SECRET": "other-secret",
            "OTP_AUTHORIZATION": "Basic abc",
        },
        "http://localhost:3001",
    )

    application, machine = settings.applications
    assert (application.app_id, application.app_secret) == ("other", "other-secret")
    assert application.redirect_uris == ("http://localhost:9/callback",)
    assert (machine.app_secret, machine.manages_logto) == ("other-secret", True)
    assert settings.connector == Connector("http://localhost:9/otp", "Basic abc")
    assert settings.unknown_session_redirect_url == "http://localhost:9/sign-in"


def test_it_can_start_as_a_tenant_that_nobody_has_set_up():
    environment = {"IDENTITY_EMPTY": "true", "LOGTO_APP_ID": "app"}
    settings = settings_from(environment, "http://localhost:3001")

    (machine,) = settings.applications
    assert machine.manages_logto
    assert settings.connector is None
    assert settings.first_application_id == "app"
    assert settings.unknown_session_redirect_url is None


def test_every_user_has_the_permissions_that_the_application_requests():
    settings = settings_from(
        {
            "LOGTO_SCOPES": "phone read:orders urn:logto:scope:organizations read:members",
            "LOGTO_RESOURCES": "https://a.example https://b.example",
            "API_RESOURCE": "https://b.example",
        },
        "http://localhost:3001",
    )

    permissions = {"read:orders", "read:members"}
    assert [each.indicator for each in settings.api_resources] == [
        "https://a.example",
        "https://b.example",
    ]
    assert {scope for each in settings.api_resources for scope in each.scopes} == permissions
    assert settings.new_user_scopes == permissions
    assert settings.new_user_organizations["portaria-local"].permissions == permissions


@pytest.mark.parametrize(("value", "confirms"), [("", True), ("true", True), ("false", False)])
def test_a_page_asks_before_an_account_is_made_unless_that_is_switched_off(
    value: str, confirms: bool
):
    environment = {"IDENTITY_CONFIRM_ACCOUNTS": value}

    assert settings_from(environment, "http://localhost:3001").confirm_accounts is confirms


def test_it_says_where_it_listens_and_serves_there():
    environment = os.environ | {"IDENTITY_PORT": "0"}
    command = [sys.executable, "-m", "sandbox.identity.app"]
    with subprocess.Popen(  # noqa: S603 - this interpreter and a module of ours
        command, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            url = process.stdout.readline().split()[-1]
            document = requests.get(f"{url}/oidc/.well-known/openid-configuration", timeout=None)  # noqa: S113
        finally:
            process.terminate()

    assert document.json()["issuer"] == f"{url}/oidc"
