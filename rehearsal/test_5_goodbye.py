"""Curtain: what is left of `prod` when its stack is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from rehearsal.conftest import TUTORIAL

if TYPE_CHECKING:
    from rehearsal.conftest import Rehearsal


def test_the_tables_and_the_secrets_of_prod_outlive_its_stack(sandbox: Rehearsal):
    deployment = sandbox.deployment
    outputs, kept = deployment.outputs, deployment.parameters()

    assert "Its tables stay" in deployment.do(TUTORIAL.destroy, answer="prod\n")

    with pytest.raises(ClientError, match="does not exist"):
        deployment.described()
    for name in ("SessionsTable", "LedgerTable"):
        found = deployment.client("dynamodb").describe_table(TableName=outputs[name])["Table"]
        assert str(found["DeletionProtectionEnabled"]).lower() == "true"
    assert deployment.parameters() == kept
    groups = deployment.client("logs").describe_log_groups()["logGroups"]
    assert [group["logGroupName"] for group in groups if "prod" in group["logGroupName"]] == []
