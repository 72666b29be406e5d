"""What the layer keeps for an application, and the rules that would cut too much."""

from __future__ import annotations

import pytest

from ops.packaging.bytecode import PackagingError
from ops.packaging.layer import site_packages, trimmed
from tests.packaging.deployment import PYTHON

BELOW = site_packages(PYTHON)
MODEL = '{"metadata": {"endpointPrefix": "sqs"}, "operations": {}, "shapes": {}}'
LIBRARIES = {
    "boto3/__init__.py": "",
    "boto3/dynamodb/types.py": "",
    "boto3/data/dynamodb/2012-08-10/resources-1.json": "{}",
    "botocore/data/endpoints.json": '{"partitions": []}',
    "botocore/data/sqs/2012-11-05/service-2.json": MODEL,
    "botocore/data/s3/2006-03-01/service-2.json": MODEL,
    "twilio/__init__.py": "",
    "twilio/base.py": "import typing\nif typing.TYPE_CHECKING:\n    import twilio.rest\n",
    "twilio/later.py": "def call():\n    import twilio.rest\n",
    "twilio/now.py": "try:\n    from .rest import Client\nexcept ImportError:\n    Client = None\n",
    "twilio/rest/__init__.py": "",
    "frozenlist/__init__.py": "from frozenlist import _frozenlist",
    "frozenlist/_frozenlist.cpython-311-x86_64-linux-gnu.so": "",
    "twilio-9.dist-info/METADATA": "Name: twilio\nVersion: 9\n\nA page for PyPI",
    "logto/__init__.py": "import aiohttp",
    "aiohttp/__init__.py": "import attr\nfrom multidict import CIMultiDict\n",
    "aiohttp-3.dist-info/METADATA": "Name: aiohttp",
    "attr/__init__.py": "",
    "attrs-26.dist-info/METADATA": "Name: attrs",
    "multidict/__init__.py": "CIMultiDict = None",
    "dateutil/rrule.py": "",
    "twilio-9.dist-info/RECORD": "",
    "twilio/py.typed": "",
}


def kept(source: str) -> set[str]:
    """Return what the layer keeps for an application of this one module."""
    application = {"app.py": source.encode(), "chalicelib/__init__.py": b""}
    layer = {BELOW + path: text.encode() for path, text in LIBRARIES.items()}
    names = trimmed(layer, application, python=PYTHON)
    return {name.removeprefix(BELOW) for name in names}


def test_models_of_the_services_that_have_a_client_stay():
    found = kept('import boto3\nqueue = boto3.Session().client("sqs", config=None)\n')

    assert "botocore/data/sqs/2012-11-05/service-2.json" in found
    assert "botocore/data/endpoints.json" in found
    assert "botocore/data/s3/2006-03-01/service-2.json" not in found


def test_libraries_go_as_byte_code_with_their_names_and_without_records():
    found = kept("")

    assert {"twilio/base.pyc", "twilio-9.dist-info/METADATA"} <= found
    assert not found & {"twilio/base.py", "twilio-9.dist-info/RECORD", "twilio/py.typed"}


@pytest.mark.parametrize(
    "source",
    [
        "from twilio.rest import Client",
        "def later():\n    import twilio.rest as rest\n",
        "from twilio import rest",
        "import twilio.now",
    ],
)
def test_what_the_application_imports_is_not_cut_unnoticed(source: str):
    with pytest.raises(PackagingError, match=r"twilio/rest/__init__\.py.*'twilio/rest/\*' cuts"):
        kept(source)


@pytest.mark.parametrize("source", ["import twilio.base", "import twilio.later"])
def test_what_no_import_of_the_applications_runs_may_go(source: str):
    assert "twilio/rest/__init__.pyc" not in kept(source)


def test_aiohttp_goes_where_only_logtos_sdk_imports_it():
    found = kept("import logto")

    assert "logto/__init__.pyc" in found
    assert not [path for path in found if path.startswith(("aiohttp", "attr", "multidict"))]


def test_aiohttp_stays_with_what_it_needs_where_a_team_imports_it():
    assert {
        "aiohttp/__init__.pyc",
        "aiohttp-3.dist-info/METADATA",
        "attr/__init__.pyc",
        "attrs-26.dist-info/METADATA",
        "multidict/__init__.pyc",
    } <= kept("def fetch():\n    import aiohttp\n")


def test_a_part_that_is_rarely_used_stays_where_it_is_imported():
    assert "dateutil/rrule.pyc" not in kept("import dateutil")
    assert "dateutil/rrule.pyc" in kept("from dateutil.rrule import rrule")


@pytest.mark.parametrize(
    "source", ["from boto3.dynamodb.types import TypeSerializer", "boto3.resource('dynamodb')"]
)
def test_what_belongs_to_resources_of_dynamodb_stays_where_something_uses_it(source: str):
    assert "boto3/dynamodb/types.pyc" not in kept("import boto3")
    assert "boto3/dynamodb/types.pyc" in kept(source)


def test_models_of_resources_stay_with_the_resources():
    model = "boto3/data/dynamodb/2012-08-10/resources-1.json"

    assert model not in kept("boto3.client('dynamodb')")
    assert model in kept("boto3.resource('dynamodb')")


def test_a_distributions_metadata_loses_its_description():
    metadata = trimmed(
        {BELOW + path: text.encode() for path, text in LIBRARIES.items()},
        {"app.py": b"", "chalicelib/__init__.py": b""},
        python=PYTHON,
    )[f"{BELOW}twilio-9.dist-info/METADATA"]

    assert metadata == b"Name: twilio\nVersion: 9\n"


def test_an_accelerator_goes_where_the_library_has_another_way():
    assert "frozenlist/_frozenlist.cpython-311-x86_64-linux-gnu.so" not in kept("import frozenlist")


def test_a_layer_without_sources_is_not_taken_for_chalices():
    with pytest.raises(PackagingError, match="as it made them"):
        trimmed({BELOW + "six.pyc": b""}, {"chalicelib/__init__.py": b""}, python=PYTHON)
