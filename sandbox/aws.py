"""AWS on this machine: moto's server with the deployment's own storage and parameters.

`python -m sandbox.aws` opens its port once everything is made, so that no client finds half an AWS.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.wrappers import Request, Response

from ops.parameters import default_templates, generated_secrets, put_missing
from sandbox import deployment, logs
from sandbox.identity.settings import MANAGEMENT_API, MANAGEMENT_APP_ID
from sandbox.phone.settings import (
    DEFAULT_ACCOUNT_SID,
    DEFAULT_AUTH_TOKEN,
    DEFAULT_MESSAGING_SERVICE_SID,
)
from sandbox.server import running, serve
from sandbox.settings import STAND_IN_APP_SECRET, Logto, Settings, Twilio

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

STACK = "portaria-local"
_STAND_IN_TWILIO = Twilio(
    DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN, DEFAULT_MESSAGING_SERVICE_SID, ""
)


def main() -> None:
    """Make everything on a free port, then serve on the one from the settings."""
    settings = Settings.read()
    environment = settings.stage_environment()
    with running(application) as url:
        make(url, environment, settings)
    serve(application, settings.aws_port)


def application(_url: str) -> WSGIApplication:
    """Build moto's server; it keeps what it holds in the process, whichever port it answers on."""
    moto: WSGIApplication = DomainDispatcherApplication(create_backend_app)

    def guarded(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # moto allows every origin by CORS, and real credentials may be among the parameters. A
        # page that a developer happens to visit must not reach them.
        if "Origin" in Request(environ).headers:
            return Response("Not for browsers.\n", 403)(environ, start_response)
        return moto(environ, start_response)

    return guarded


def make(url: str, environment: Mapping[str, str], settings: Settings) -> None:
    """Make tables, queues, log groups and parameters in the AWS at `url`."""
    session: Any = boto3.Session(
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name=environment["AWS_DEFAULT_REGION"],
    )
    resources = deployment.storage(environment)
    session.client("cloudformation", endpoint_url=url).create_stack(
        StackName=STACK, TemplateBody=json.dumps({"Resources": resources})
    )
    dynamodb = session.client("dynamodb", endpoint_url=url)
    for resource in resources.values():
        if resource["Type"] == "AWS::DynamoDB::Table":
            # moto's CloudFormation drops it.
            dynamodb.update_time_to_live(
                TableName=resource["Properties"]["TableName"],
                TimeToLiveSpecification=resource["Properties"]["TimeToLiveSpecification"],
            )
    logs.make_groups(session.client("logs", endpoint_url=url))
    put_missing(
        session.client("ssm", endpoint_url=url),
        environment["PARAMETER_PREFIX"],
        parameters(settings),
    )


def parameters(settings: Settings) -> dict[str, str]:
    """Return every parameter of the sandbox by its name."""
    return {
        **generated_secrets(secrets.token_bytes),
        **default_templates(),
        "otp/authorization": settings.otp_authorization,
        **_logto(settings.logto),
        "twilio": _twilio_json(settings.twilio or _STAND_IN_TWILIO),
    }


def _logto(real: Logto | None) -> dict[str, str]:
    if real is not None:
        # Whether Portaria may end sessions there is for the tenant's owner to say.
        return {"logto/app-secret": real.app_secret}
    management = {
        "id": MANAGEMENT_APP_ID,
        "secret": STAND_IN_APP_SECRET,
        "resource": MANAGEMENT_API,
    }
    return {
        "logto/app-secret": STAND_IN_APP_SECRET,
        "logto/management": json.dumps(management),
    }


def _twilio_json(twilio: Twilio) -> str:
    connector = {
        "accountSID": twilio.account_sid,
        "authToken": twilio.auth_token,
        "fromMessagingServiceSid": twilio.messaging_service_sid,
        "from": twilio.sender,
    }
    return json.dumps({name: value for name, value in connector.items() if value})


if __name__ == "__main__":
    main()
