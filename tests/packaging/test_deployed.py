"""The packages as Lambda runs them: every flow, in a Python that has nothing besides."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ops.costs import CALLS
from ops.packaging.bytecode import PackagingError
from ops.packaging.layer import site_packages
from ops.packaging.shrink import shrink
from tests.kit.api_gateway import request
from tests.kit.application import AUTHORIZATION
from tests.kit.engines import ROOT
from tests.kit.surroundings import Surroundings
from tests.packaging.deployment import PYTHON, Lambda, Packages
from tests.packaging.first_requests import API, FORM, WORKER, receipt, sign_in
from tests.packaging.runtime import Context

if TYPE_CHECKING:
    from pathlib import Path

ZIPPED_BYTES, UNPACKED_BYTES = 10_000_000, 30_000_000


def test_the_package_is_small(small: Packages, unpacked: Path):
    zipped = [archive.stat().st_size for archive in (small.layer, small.application)]
    files = [path.stat().st_size for path in unpacked.rglob("*") if path.is_file()]

    assert sum(zipped) < ZIPPED_BYTES
    assert sum(files) < UNPACKED_BYTES


def test_the_models_have_what_was_measured_and_no_more_than_the_roles_allow(unpacked: Path):
    steps = json.loads(CALLS.read_text(encoding="utf-8"))["steps"].values()
    measured = {call["call"] for step in steps for call in step["calls"]}
    below = unpacked / "opt" / site_packages(PYTHON) / "botocore" / "data"
    kept = {
        f"{path.parts[-3]}:{operation}"
        for path in below.glob("*/*/service-2.json")
        for operation in json.loads(path.read_text())["operations"]
    }
    actions = {
        action
        for policy in (ROOT / ".chalice").glob("policy-*.json")
        for statement in json.loads(policy.read_text(encoding="utf-8"))["Statement"]
        for action in as_list(statement["Action"])
    }

    assert measured <= kept
    # The first is kept for endpoint discovery; the roles have a transaction's parts.
    assert kept - actions == {"dynamodb:DescribeEndpoints", "dynamodb:TransactWriteItems"}


def test_packaging_unchanged_inputs_again_results_in_the_same_bytes(
    stock: Packages, small: Packages, tmp_path: Path
):
    again = stock.copy(tmp_path / "again")
    shrink(again.layer, again.application, python=PYTHON)

    assert again.layer.read_bytes() == small.layer.read_bytes()
    assert again.application.read_bytes() == small.application.read_bytes()


def test_packages_that_are_small_already_are_left_alone(small: Packages, tmp_path: Path):
    again = small.copy(tmp_path / "again")

    with pytest.raises(PackagingError):
        shrink(again.layer, again.application, python=PYTHON)
    assert again.layer.read_bytes() == small.layer.read_bytes()


def as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_a_visitor_signs_in_and_out(unpacked: Path, around: Surroundings):
    stage, logto = around.stage, around.logto
    with Lambda(unpacked, stage.environment, API) as api:
        assert api.invoke("app", request("GET", "/health"))["statusCode"] == 200
        cookie = sign_in(api, logto)
        account = api.invoke("app", request("GET", "/account", Cookie=cookie))
        home = api.invoke("app", request("GET", "/", Cookie=cookie, Accept_Language="pt-PT"))
        left = api.invoke(
            "app",
            request(
                "POST", "/sign-out", "", Cookie=cookie, Content_Type=FORM, Origin=logto.app.url
            ),
        )
        told = api.invoke(
            "app", request("POST", "/backchannel-logout", "logout_token=x", Content_Type=FORM)
        )

    assert json.loads(account["body"])["sub"]
    assert home["headers"]["Content-Language"] == "pt-BR"
    assert left["headers"]["Location"].startswith(f"{logto.url}/oidc/session/end")
    assert told["statusCode"] == 400
    assert_loaded_by_init_from_the_packages(api, unpacked)


def test_a_code_goes_through_the_queue_to_the_phone(
    unpacked: Path, around: Surroundings, tmp_path: Path
):
    stage, log = around.stage, tmp_path / "log"
    code = {"to": "5511987654321", "type": "SignIn", "payload": {"code": "961615", "locale": "en"}}
    with (
        log.open("wb") as written,
        Lambda(unpacked, stage.environment, API, log=written.fileno()) as api,
        Lambda(unpacked, stage.environment, WORKER, log=written.fileno()) as worker,
    ):
        taken = api.invoke(
            "app",
            request(
                "POST",
                "/otp",
                json.dumps(code),
                Authorization=AUTHORIZATION,
                Content_Type="application/json",
            ),
        )
        assert worker.invoke("send_otp", stage.received()) == {"batchItemFailures": []}
        entries = stage.dynamodb.scan(TableName=stage.ledger_table)["Items"]
        (sid,) = {item["message_sid"]["S"] for item in entries if "message_sid" in item}
        told = api.invoke("app", receipt(around.logto.app.url, sid))

    assert taken["statusCode"] == told["statusCode"] == 200
    assert "sent" in {item["outcome"]["S"] for item in entries if "outcome" in item}
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"code_accepted", "code_ended"} <= {line.get("message") for line in lines}
    assert {line["function_request_id"] for line in lines} == {Context.aws_request_id}
    assert_loaded_by_init_from_the_packages(api, unpacked)
    assert_loaded_by_init_from_the_packages(worker, unpacked)


@pytest.mark.parametrize("handler", [API, ""])
def test_a_lambda_without_settings_starts_and_says_which_are_missing(
    unpacked: Path, tmp_path: Path, handler: str
):
    log = tmp_path / "log"
    with log.open("wb") as written, Lambda(unpacked, {}, handler, log=written.fileno()) as api:
        answer = api.invoke("app", request("GET", "/"))

    assert answer["statusCode"] == 500
    events = [json.loads(line).get("message") for line in log.read_text().splitlines()]
    assert ("preparation_failed" in events) == bool(handler)
    assert "LOGTO_ENDPOINT" in log.read_text()


def assert_loaded_by_init_from_the_packages(process: Lambda, unpacked: Path) -> None:
    """Assert that no request loaded anything, and that it all is the package's, and compiled."""
    assert process.loaded == process.loaded_by_init
    libraries = {file for file in process.loaded if file.startswith(str(unpacked / "opt"))}
    others = process.loaded - libraries

    assert libraries
    assert not [file for file in others if "site-packages" in file]
    assert not [file for file in libraries if file.endswith(".py")]
