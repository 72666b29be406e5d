"""A healthy stage for `doctor`, and what it is made of, to be broken piece by piece."""

from __future__ import annotations

import base64
import json
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from flask import Flask

from chalicelib import __version__
from ops.doctor.context import Context
from ops.logto.client import Logto
from ops.logto.resources import HTTP_SMS, Credential
from ops.parameters import default_templates, put_missing
from ops.stage import Stage
from sandbox import deployment
from sandbox.server import running
from tests.kit.engines import aws_client, aws_environment, new_table
from tests.kit.identity import APP, MACHINE, SECRET, running_logto
from tests.kit.phone import ACCOUNT, running_twilio
from tests.kit.recordings import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

AUTHORIZATION = "Bearer " + "a-secret-of-logtos-connector" * 2
LEDGER_KEY = base64.b64encode(b"the-secret-key-of-the-ledger----").decode()
SECRETS = (AUTHORIZATION, LEDGER_KEY, SECRET, ACCOUNT["authToken"])
STAGE = "prod"
BY_PHONE = recorded("management-sign-in-exp")["phone_code"]["body"]


class Pages:
    """A paginator of boto3's with one page."""

    def __init__(self, page: dict[str, Any]) -> None:
        self.page = page

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [self.page]


class World:
    """What moto does not have, Lambda and the stack, is in attributes; all else is real servers.

    Whoever broke something calls `mend` at the end, so that several tests can have one.
    """

    def __init__(self, aws_url: str, public_url: str, logto: Any, twilio: Any) -> None:
        self.aws_url, self.public_url, self.logto, self.twilio = aws_url, public_url, logto, twilio
        self.trial_twilio_url = ""
        self._changed: set[str] = {"logto", "queue"}
        self._put: set[str] = set()
        self._made: dict[str, Any] = {}
        self._make_storage()
        self.prefix = f"/portaria/{uuid4().hex}"
        self._put_parameters()
        self.mend()

    def mend(self) -> None:
        """Have a stage with nothing to find."""
        self.quota, self.runtime, self.timeout = 1000, "python3.13", 60
        self.alarm_states = ["OK"]
        self.subscriptions = ["arn:aws:sns:us-east-1:1:topic:1"]
        self.clients: dict[str, Any] = {}
        self.seconds_ahead = 0
        if self._put:
            for name in self._put.copy():
                self.remove(name)
            self._put_parameters()
            self._put.clear()
        if "queue" in self._changed:
            self.queue(**self._attributes)
        if "logto" in self._changed:
            self._set_logto_up(self.public_url)
        self._changed.clear()
        self.environment = {
            "STAGE": STAGE,
            "PUBLIC_URL": self.public_url,
            "LOGTO_ENDPOINT": self.logto.url,
            "LOGTO_APP_ID": APP,
            "SESSIONS_TABLE": self._tables["sessions"],
            "LEDGER_TABLE": self._tables["ledger"],
            "OTP_QUEUE_URL": self.queue_url,
            "OTP_DEAD_LETTER_QUEUE_URL": self.dead_url,
            "PARAMETER_PREFIX": self.prefix,
            "TWILIO_API_URL": self.twilio.url,
            "ALLOWED_COUNTRIES": "BR US",
            **aws_environment(self.aws_url),
        }
        self.sources = [
            {
                "UUID": "1",
                "EventSourceArn": self._arn(self.queue_url),
                "State": "Enabled",
                "BatchSize": 10,
                "MaximumBatchingWindowInSeconds": 0,
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
                "ScalingConfig": {"MaximumConcurrency": 20},
            }
        ]

    def context(self) -> Context:
        stage = Stage(STAGE, self.environment)
        return Context(stage, client=self._client, clock=self.clock)

    def clock(self) -> float:
        return time.time() + self.seconds_ahead

    def aws(self, service: str) -> Any:
        if service not in self._made:
            self._made[service] = aws_client(service, self.aws_url)
        return self._made[service]

    def another_table(self, which: str) -> str:
        """Have a new table in the place of the "sessions" or the "ledger"."""
        table = self._new_table(which)
        self.environment[f"{which.upper()}_TABLE"] = table
        return table

    def put(self, name: str, value: str, kind: str = "SecureString") -> None:
        self.remove(name)
        self.aws("ssm").put_parameter(Name=f"{self.prefix}/{name}", Value=value, Type=kind)

    def remove(self, name: str) -> None:
        self._put.add(name)
        self.aws("ssm").delete_parameters(Names=[f"{self.prefix}/{name}"])

    def queue(self, **attributes: str) -> None:
        self._changed.add("queue")
        self.aws("sqs").set_queue_attributes(QueueUrl=self.queue_url, Attributes=attributes)

    def management(self) -> Logto:
        self._changed.add("logto")
        return Logto(self.logto.url, Credential(MACHINE, SECRET), clock=self.logto.clock)

    def change_application(self, **metadata: Any) -> None:
        management = self.management()
        found = management.application(APP)
        management.update_application(APP, {**found.metadata, **metadata})

    def change_connector(self, **config: Any) -> None:
        management = self.management()
        connector = management.sms_connector()
        assert connector is not None
        management.update_connector(connector.id, {**connector.config, **config})

    # Lambda's, CloudFormation's, CloudWatch's and SNS's calls, as the checks make them.

    def get_account_settings(self) -> Any:
        return {"AccountLimit": {"ConcurrentExecutions": self.quota}}

    def get_function_configuration(self, **_: Any) -> Any:
        return {"Runtime": self.runtime, "Timeout": self.timeout}

    def list_event_source_mappings(self, **_: Any) -> Any:
        return {"EventSourceMappings": self.sources}

    def list_subscriptions_by_topic(self, **_: Any) -> Any:
        return {"Subscriptions": [{"SubscriptionArn": each} for each in self.subscriptions]}

    def get_paginator(self, operation: str) -> Pages:
        names = ("SendOtp", "APIHandler", "AlarmTopic")
        resources = [{"LogicalResourceId": each, "PhysicalResourceId": each} for each in names]
        alarms = [{"AlarmName": "an-alarm", "StateValue": each} for each in self.alarm_states]
        pages: dict[str, dict[str, Any]] = {
            "list_stack_resources": {"StackResourceSummaries": resources},
            "describe_alarms": {"MetricAlarms": alarms},
        }
        return Pages(pages[operation])

    def _client(self, service: str) -> Any:
        if service in self.clients:
            return self.clients[service]
        if service in {"lambda", "cloudformation", "cloudwatch", "sns"}:
            return self
        return self.aws(service)

    def _new_table(self, which: str) -> str:
        dynamodb = self.aws("dynamodb")
        table = new_table(dynamodb, f"{which.title()}Table")
        dynamodb.update_continuous_backups(
            TableName=table,
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
        )
        return table

    def _make_storage(self) -> None:
        sqs = self.aws("sqs")
        self._tables = {which: self._new_table(which) for which in ("sessions", "ledger")}
        name = uuid4().hex
        encrypted = {"SqsManagedSseEnabled": "true"}
        self.dead_url = sqs.create_queue(QueueName=f"{name}-dead", Attributes=encrypted)["QueueUrl"]
        properties = deployment.resources()["OtpQueue"]["Properties"]
        policy = {"deadLetterTargetArn": self._arn(self.dead_url), "maxReceiveCount": 50}
        self._attributes = encrypted | {
            "VisibilityTimeout": str(properties["VisibilityTimeout"]),
            "MessageRetentionPeriod": str(properties["MessageRetentionPeriod"]),
            "RedrivePolicy": json.dumps(policy),
        }
        self.queue_url = sqs.create_queue(QueueName=name)["QueueUrl"]

    def _put_parameters(self) -> None:
        credential = {"id": MACHINE, "secret": SECRET, "resource": "https://default.logto.app/api"}
        values = {
            **default_templates(),
            "logto/app-secret": SECRET,
            "logto/management": json.dumps(credential),
            "otp/authorization": AUTHORIZATION,
            "ledger-key": LEDGER_KEY,
            "twilio": json.dumps(ACCOUNT),
        }
        wanted = self._put or values.keys()
        put_missing(
            self.aws("ssm"),
            self.prefix,
            {name: value for name, value in values.items() if name in wanted},
        )

    def _set_logto_up(self, url: str) -> None:
        self.change_application(
            redirectUris=[f"{url}/callback"],
            postLogoutRedirectUris=[f"{url}/"],
            backchannelLogoutUri=f"{url}/backchannel-logout",
            backchannelLogoutSessionRequired=True,
        )
        management = self.management()
        management.create_connector(
            HTTP_SMS, {"endpoint": f"{url}/otp", "authorization": AUTHORIZATION}
        )
        management.update_sign_in_experience(
            {"unknownSessionRedirectUrl": f"{url}/sign-in", **BY_PHONE}
        )

    def _arn(self, url: str) -> str:
        found = self.aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        arn: str = found["Attributes"]["QueueArn"]
        return arn


@contextmanager
def healthy(aws_url: str) -> Iterator[World]:
    """Run a stage with nothing to find."""
    with ExitStack() as stack:
        logto = stack.enter_context(running_logto())
        twilio = stack.enter_context(running_twilio(countries=frozenset({"BR", "US"})))
        public_url = stack.enter_context(running(_application))
        twilio.send()
        world = World(aws_url, public_url, logto, twilio)
        world.trial_twilio_url = stack.enter_context(running(_trial_account))
        yield world


def _application(_: str) -> Flask:
    application = Flask(__name__)

    @application.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok", "version": __version__}

    return application


def _trial_account(_: str) -> Flask:
    """A trial account of Twilio's, with Message Redaction."""
    twilio = Flask(__name__)
    account = f"/2010-04-01/Accounts/{ACCOUNT['accountSID']}"

    @twilio.get(f"{account}.json")
    def fetch() -> dict[str, str]:
        return {"sid": "AC", "friendly_name": "x", "status": "active", "type": "Trial"}

    @twilio.get(f"{account}/Messages.json")
    def messages() -> dict[str, list[dict[str, str]]]:
        return {"messages": [{"body": "", "to": "+1555000XXXX"}]}

    return twilio
