from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.otp.texts import for_ssm
from ops.parameters import default_templates
from sandbox import deployment
from sandbox.settings import Settings
from tests.kit.engines import aws_client
from tests.kit.processes import answers, get, ports_environment, started

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TABLES = {"SessionsTable": "SESSIONS_TABLE", "LedgerTable": "LEDGER_TABLE"}
QUEUES = {"OtpQueue": "OTP_QUEUE_URL", "OtpDeadLetterQueue": "OTP_DEAD_LETTER_QUEUE_URL"}
REAL = {
    "OTP_AUTHORIZATION": "Bearer the very one",
    "LOGTO_ENDPOINT": "https://example.logto.app",
    "LOGTO_APP_ID": "app",
    "LOGTO_APP_SECRET": "the app's secret",
    "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
    "TWILIO_AUTH_TOKEN": "token",
    "TWILIO_FROM": "+15550001001",
}


@pytest.fixture(scope="module")
def settings() -> Iterator[Settings]:
    environment = {**ports_environment(), **REAL}
    settings = Settings.from_env(environment)
    with started("-m", "sandbox.aws", environment=environment) as process:
        answers(process, settings.aws_port)
        yield settings


@pytest.fixture(scope="module")
def environment(settings: Settings) -> Mapping[str, str]:
    return settings.stage_environment()


def properties(logical_id: str) -> dict[str, Any]:
    declared: dict[str, Any] = deployment.resources()[logical_id]["Properties"]
    return declared


@pytest.mark.parametrize("logical_id", TABLES)
def test_tables_are_as_the_deployment_declares_them(
    settings: Settings, environment: Mapping[str, str], logical_id: str
):
    client = aws_client("dynamodb", settings.aws_url)
    name = environment[TABLES[logical_id]]
    declared = properties(logical_id)

    table = client.describe_table(TableName=name)["Table"]
    lifetime = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]

    assert table["KeySchema"] == declared["KeySchema"]
    assert table["AttributeDefinitions"] == declared["AttributeDefinitions"]
    assert table["BillingModeSummary"]["BillingMode"] == declared["BillingMode"]
    assert [
        {part: index[part] for part in ("IndexName", "KeySchema", "Projection")}
        for index in table["GlobalSecondaryIndexes"]
    ] == declared["GlobalSecondaryIndexes"]
    assert lifetime == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}


@pytest.mark.parametrize("logical_id", QUEUES)
def test_queues_are_as_the_deployment_declares_them(
    settings: Settings, environment: Mapping[str, str], logical_id: str
):
    client = aws_client("sqs", settings.aws_url)
    url = environment[QUEUES[logical_id]]
    declared = properties(logical_id)

    found = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]

    assert client.get_queue_url(QueueName=url.rpartition("/")[2])["QueueUrl"] == url
    assert found["SqsManagedSseEnabled"] == "true"
    assert found["MessageRetentionPeriod"] == str(declared["MessageRetentionPeriod"])
    assert found["VisibilityTimeout"] == str(declared.get("VisibilityTimeout", 30))


def test_the_otp_queue_redrives_to_the_dead_letter_queue(
    settings: Settings, environment: Mapping[str, str]
):
    client = aws_client("sqs", settings.aws_url)

    def attribute(url: str, name: str) -> str:
        answer = client.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
        value: str = answer["Attributes"][name]
        return value

    policy = json.loads(attribute(environment["OTP_QUEUE_URL"], "RedrivePolicy"))
    dead_letters = attribute(environment["OTP_DEAD_LETTER_QUEUE_URL"], "QueueArn")
    assert policy == {
        "deadLetterTargetArn": dead_letters,
        "maxReceiveCount": properties("OtpQueue")["RedrivePolicy"]["maxReceiveCount"],
    }


def test_parameters_come_from_the_settings_and_the_texts(
    settings: Settings, environment: Mapping[str, str]
):
    client = aws_client("ssm", settings.aws_url)
    prefix = environment["PARAMETER_PREFIX"]
    pages = client.get_paginator("get_parameters_by_path").paginate(
        Path=prefix, Recursive=True, WithDecryption=True
    )
    found = {
        each["Name"].removeprefix(f"{prefix}/"): each["Value"]
        for page in pages
        for each in page["Parameters"]
    }

    assert found.pop("ledger-key")
    assert json.loads(found.pop("twilio")) == {
        "accountSID": "AC" + "1" * 32,
        "authToken": "token",
        "from": "+15550001001",
    }
    assert found == {
        **{name: for_ssm(text) for name, text in default_templates().items()},
        "otp/authorization": "Bearer the very one",
        "logto/app-secret": "the app's secret",
    }


@pytest.mark.parametrize(
    ("headers", "refused"),
    [({"Origin": "https://evil.example"}, 403), ({"Host": "evil.example"}, 421)],
)
def test_a_web_page_can_not_read_it(settings: Settings, headers: dict[str, str], refused: int):
    status, _ = get(settings.aws_port, "/moto-api/data.json", headers)

    assert status == refused
