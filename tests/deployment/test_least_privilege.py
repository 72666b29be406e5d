"""Each Lambda's role allows what its code does and what Lambda does for it, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.deployment import sites
from tests.deployment.policy import idle, lacking
from tests.deployment.sites import Site

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.deployment.recording import Recording
    from tests.deployment.roles import Function

LAMBDAS = ["APIHandler", "SendOtp"]
# `ops trace` reads a number's codes, with the operator's own credentials.
OPERATORS = {Site("otp/aws/ledger.py", "DynamoDBLedger.history", "Query")}
# What a Lambda has no business with: whatever else the source can do must happen in its flows.
NOT_ITS_BUSINESS = {
    "APIHandler": ("DynamoDBLedger.", "SqsOtpQueue.bury", "SqsOtpQueue.hide", "SsmTemplates."),
    "SendOtp": (
        *("Table.add", "Table.get", "Table.put"),
        *("DynamoDBRecordStore.", "DynamoDBReceipts.find", "SqsOtpQueue.put"),
    ),
}


@pytest.mark.parametrize("name", LAMBDAS)
def test_what_the_code_does_is_allowed(
    name: str, lambdas: dict[str, Function], recorded: Mapping[str, Recording]
):
    function = lambdas[name]

    assert lacking(function.permissions, recorded[name].uses(function)) == set()


@pytest.mark.parametrize("name", LAMBDAS)
def test_what_is_allowed_is_done(
    name: str, lambdas: dict[str, Function], recorded: Mapping[str, Recording]
):
    function = lambdas[name]

    assert idle(function.permissions, recorded[name].uses(function)) == set()


@pytest.mark.parametrize("name", LAMBDAS)
def test_every_call_in_the_source_was_made(name: str, recorded: Mapping[str, Recording]):
    made = recorded[name].sites
    others = {
        site for site in sites.in_the_source() if site.function.startswith(NOT_ITS_BUSINESS[name])
    }

    assert sites.in_the_source() - made == others | OPERATORS
    assert made <= sites.in_the_source()


def test_the_source_calls_no_other_service():
    made = sites.services_in_the_source()

    assert made == {("aws.py", service) for service in sites.SERVICES}
