from __future__ import annotations

import os
import subprocess
import sys

import requests

from sandbox.identity.__main__ import settings_from


def test_without_an_environment_the_sandboxes_application_is_known():
    settings = settings_from({}, "http://localhost:3001")

    (application,) = settings.applications
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
    assert settings.connector.endpoint == "http://localhost:8000/otp"
    assert settings.connector.authorization == "Bearer portaria-local-otp"


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

    (application,) = settings.applications
    assert (application.app_id, application.app_secret) == ("other", "other-secret")
    assert application.redirect_uris == ("http://localhost:9/callback",)
    assert settings.connector.endpoint == "http://localhost:9/otp"
    assert settings.connector.authorization == "Basic abc"


def test_it_says_where_it_listens_and_serves_there():
    environment = os.environ | {"IDENTITY_PORT": "0"}
    command = [sys.executable, "-m", "sandbox.identity"]
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
