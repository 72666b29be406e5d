"""botocore's models with the operations that the code names, read by botocore's own loader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore
import pytest
from botocore.loaders import Loader
from botocore.session import Session

from ops.packaging.aws_calls import UnreadableOperation, named
from ops.packaging.aws_models import SERVICES, operations, trimmed_models

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.client import BaseClient

    Clients = Callable[[str], BaseClient]

_PACKAGE = Path(botocore.__file__).parent
STOCK = {
    f"botocore/{path.relative_to(_PACKAGE)}": path.read_bytes()
    for pattern in ("*.json", *(f"{service}/*/*" for service in (*SERVICES, "sts")))
    for path in (_PACKAGE / "data").glob(pattern)
}


def client(folder: Path, service: str, region: str = "us-east-1") -> Any:
    """Return a client that knows no models but those below `folder`."""
    session = Session()
    loader = Loader([str(folder / "botocore" / "data")], include_default_search_paths=False)
    session.register_component("data_loader", loader)
    return session.create_client(
        service, region, aws_access_key_id="key", aws_secret_access_key="secret"
    )


def trimmed_for(folder: Path, source: str, library: str = "") -> Path:
    """Write the models for an application of this one module, and return where."""
    libraries = STOCK | {"library/part.py": library.encode()}
    found = named({"app.py": source.encode()}, libraries, operations(libraries))
    for name, data in trimmed_models(libraries, found).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def operations_of(folder: Path, service: str) -> set[str]:
    return set(client(folder, service).meta.service_model.operation_names)


@pytest.mark.parametrize(
    ("source", "operation"),
    [
        ("table.client.get_item(TableName='t')", "GetItem"),
        ("call = aws.dynamodb.scan", "Scan"),
        ("client.get_paginator('list_tables')", "ListTables"),
        ("getattr(client, 'delete_item')()", "DeleteItem"),
        ("client.generate_presigned_url(ClientMethod='query')", "Query"),
        ("client.get_waiter('table_exists')", "DescribeTable"),
        ("client._make_api_call('UpdateTable', {})", "UpdateTable"),
    ],
)
def test_an_operation_that_the_application_names_stays(tmp_path: Path, source: str, operation: str):
    folder = trimmed_for(tmp_path, source)

    assert operations_of(folder, "dynamodb") == {operation, "DescribeEndpoints"}


def test_an_operation_that_a_library_calls_stays(tmp_path: Path):
    folder = trimmed_for(tmp_path, "import library", "def get(c):\n    return c.get_parameter()\n")

    assert operations_of(folder, "ssm") == {"GetParameter"}


def test_paginators_and_waiters_of_other_operations_go_with_them(tmp_path: Path):
    folder = trimmed_for(tmp_path, "c.query(); c.get_waiter('table_exists')")
    there = client(folder, "dynamodb")
    (paginators,) = folder.rglob("dynamodb/*/paginators-1.json")

    assert there.can_paginate("query")
    assert set(json.loads(paginators.read_text())["pagination"]) == {"Query"}
    assert there.waiter_names == ["table_exists", "table_not_exists"]


def test_exceptions_stay_that_are_raised_by_what_stays_or_are_named(tmp_path: Path):
    source = "try:\n    c.get_item()\nexcept c.exceptions.BackupNotFoundException:\n    pass\n"
    there = client(trimmed_for(tmp_path, source), "dynamodb")

    assert there.exceptions.ResourceNotFoundException
    assert there.exceptions.BackupNotFoundException
    assert not hasattr(there.exceptions, "ExportNotFoundException")


def test_a_service_that_the_product_does_not_use_stays_whole(tmp_path: Path):
    whole = set(Session().create_client("sts", "us-east-1").meta.service_model.operation_names)

    assert operations_of(trimmed_for(tmp_path, "boto3.client('sts')"), "sts") == whole


def test_boto3s_resources_keep_their_service_whole(tmp_path: Path):
    folder = trimmed_for(tmp_path, "boto3.resource('dynamodb').Table('t')")

    assert "CreateTable" in operations_of(folder, "dynamodb")


@pytest.mark.parametrize("service", [*SERVICES, "sts"])
@pytest.mark.parametrize("region", ["us-east-1", "sa-east-1", "cn-north-1", "us-gov-west-1"])
def test_every_service_is_where_it_was(tmp_path: Path, service: str, region: str):
    trimmed = client(trimmed_for(tmp_path, "client.get_item()"), service, region)
    whole = Session().create_client(
        service, region, aws_access_key_id="key", aws_secret_access_key="secret"
    )

    assert trimmed.meta.endpoint_url == whole.meta.endpoint_url
    assert trimmed.meta.region_name == whole.meta.region_name


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("client.get_paginator(name)", "name"),
        ("client.get_waiter(waiter_name='table_' + state)", "'table_' + state"),
        ("getattr(self._client, f'{verb}_item')(TableName='t')", "f'{verb}_item'"),
        ("import boto3\nboto3.client(service)", "service"),
        ("from boto3 import Session\nSession().resource(name)", "name"),
    ],
)
def test_a_name_that_is_put_together_is_refused(tmp_path: Path, source: str, what: str):
    with pytest.raises(UnreadableOperation) as refused:
        trimmed_for(tmp_path, source)

    assert refused.value.problem.code == "P028"
    assert refused.value.detail.startswith("app.py:")
    assert refused.value.detail.endswith(f"by {what}")


@pytest.mark.parametrize(
    "source", ["getattr(portaria, part)", "oauth.client(name)", "client.get_item(**wanted)"]
)
def test_what_calls_nothing_of_aws_by_such_a_name_is_not_refused(tmp_path: Path, source: str):
    trimmed_for(tmp_path, source)
