"""AWS on this machine, for tests: moto's server, and AWS's own DynamoDB Local.

Tables are made from the deployment's own definition, `.chalice/resources.yaml`.
"""

from __future__ import annotations

import shutil
import subprocess
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
from moto.server import ThreadedMotoServer

from chalicelib import aws
from sandbox import deployment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.config import Config

ROOT = Path(__file__).parents[2]
LAUNCHER = Path(__file__).with_name("LoopbackDynamoDB.java")
DYNAMODB_LOCAL = ROOT / ".cache" / "dynamodb-local"
LOOPBACK = "127.0.0.1"
REGION = "us-east-1"
_TABLE_FIELDS = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")


def aws_environment(url: str) -> dict[str, str]:
    """Return the variables by which boto3 finds the AWS at `url`."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }


@cache
def aws_client(service: str, url: str, config: Config | None = None) -> Any:
    """Return a boto3 client of the AWS at `url`."""
    session: Any = boto3.Session()  # the service is any, so the stubs can not tell the client
    return session.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=config,
    )


@cache
def products_dynamodb(url: str) -> Any:
    """Return a client that calls at most twice, as the product's does, a lost one at once."""
    client = aws_client("dynamodb", url, aws.CONFIG)
    repeat_at_once(client)
    return client


def repeat_at_once(client: Any) -> None:
    """Let one of the product's clients repeat a lost call without waiting up to a second."""
    client.meta.events.register_first(
        "needs-retry",
        lambda attempts, caught_exception, **_: 0 if caught_exception and attempts == 1 else None,
    )


def new_table(client: Any, logical_id: str) -> str:
    """Create a table as the deployment defines `logical_id`; returns its new name."""
    table_name = f"{logical_id}-{uuid4().hex}"
    properties = deployment.resources()[logical_id]["Properties"]
    fields = {name: properties[name] for name in _TABLE_FIELDS if name in properties}
    client.create_table(TableName=table_name, **fields)
    client.get_waiter("table_exists").wait(TableName=table_name, WaiterConfig={"Delay": 1})
    client.update_time_to_live(
        TableName=table_name, TimeToLiveSpecification=properties["TimeToLiveSpecification"]
    )
    return table_name


@contextmanager
def moto() -> Iterator[str]:
    """Run moto's server on a free port; returns its URL."""
    server = ThreadedMotoServer(ip_address=LOOPBACK, port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextmanager
def dynamodb_local() -> Iterator[str]:
    """Run AWS's DynamoDB Local on a free port; returns its URL."""
    java = shutil.which("java")
    assert java is not None, "run `make test`, which sees to Java and DynamoDB Local"
    classes = f"{DYNAMODB_LOCAL}/DynamoDBLocal.jar:{DYNAMODB_LOCAL}/DynamoDBLocal_lib/*"
    command = [java, f"-Djava.library.path={DYNAMODB_LOCAL}/DynamoDBLocal_lib", "-cp", classes]
    process = subprocess.Popen(  # noqa: S603 - our own arguments
        [*command, str(LAUNCHER)],
        cwd=DYNAMODB_LOCAL,  # it writes a file wherever it is started
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield f"http://{LOOPBACK}:{_announced_port(process)}"
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _announced_port(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("port "):
            return int(line.removeprefix("port "))
    raise AssertionError("DynamoDB Local did not start:\n" + "".join(said))
