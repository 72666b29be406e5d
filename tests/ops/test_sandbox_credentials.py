"""What the sandbox puts into SSM opens its stand-ins to the operator's commands."""

from __future__ import annotations

import json

from ops.logto.client import Logto
from ops.logto.resources import HTTP_SMS, Credential
from ops.twilio import Twilio
from sandbox.aws import parameters
from sandbox.identity import app as identity
from sandbox.phone import app as phone
from sandbox.server import running
from sandbox.settings import Settings

SETTINGS = Settings.from_env({})
STAGE = SETTINGS.stage_environment()
PARAMETERS = parameters(SETTINGS)


def test_logtos_stand_in_is_set_up_as_the_application_is():
    told = {
        "LOGTO_APP_ID": STAGE["LOGTO_APP_ID"],
        "OTP_AUTHORIZATION": PARAMETERS["otp/authorization"],
        "APP_URL": SETTINGS.app_url,
    }
    with running(lambda url: identity.create_app(identity.settings_from(told, url))) as url:
        logto = Logto(url, Credential.from_json(PARAMETERS["logto/management"]))
        (application,) = logto.applications()
        (secret,) = logto.secrets(application.id)
        connector = logto.sms_connector()
        experience = logto.sign_in_experience()

    assert application.id == STAGE["LOGTO_APP_ID"]
    assert f"{SETTINGS.app_url}/callback" in application.metadata["redirectUris"]
    assert secret.value == PARAMETERS["logto/app-secret"]
    assert connector is not None
    assert connector.kind == HTTP_SMS
    assert connector.config == {
        "endpoint": f"{SETTINGS.app_url}/otp",
        "authorization": PARAMETERS["otp/authorization"],
    }
    assert experience["unknownSessionRedirectUrl"] == f"{SETTINGS.app_url}/sign-in"


def test_twilios_stand_in_has_the_messaging_service():
    config = json.loads(PARAMETERS["twilio"])
    with running(lambda _: phone.create_app(phone.settings_from({}))) as url:
        twilio = Twilio(config["accountSID"], config["authToken"], url)
        account, services = twilio.account(), twilio.services()
        senders = twilio.senders(config["fromMessagingServiceSid"])

    assert account.sid == config["accountSID"]
    assert config["fromMessagingServiceSid"] in {each.sid for each in services}
    assert all(each.sends_texts for each in senders)
