"""The AWS account that the operator's credentials lead to."""

from __future__ import annotations

import os
from dataclasses import dataclass

import boto3

from ops.errors.stage import NO_REGION, STAGE_NOT_DEPLOYED
from ops.stack import PREFIX, DeploymentError, Stack


@dataclass(frozen=True, slots=True)
class Account:
    """The AWS account and region that the credentials lead to."""

    session: boto3.Session
    region: str
    partition: str
    number: str

    @classmethod
    def current(cls) -> Account:
        """Return the credentials' account. Raises DeploymentError, and botocore's errors."""
        # The AWS command line reads AWS_REGION, boto3 reads AWS_DEFAULT_REGION alone.
        session = boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
        if session.region_name is None:
            raise DeploymentError(NO_REGION)
        arn = session.client("sts").get_caller_identity()["Arn"].split(":")
        return cls(session, session.region_name, arn[1], arn[4])

    def stack(self, stage: str) -> Stack:
        """Return the stage's stack, which may not exist yet."""
        cloudformation = self.session.client("cloudformation")
        return Stack(f"{PREFIX}{stage}", self.region, cloudformation)

    def deployed(self, stage: str) -> tuple[Stack, dict[str, str]]:
        """Return the stage's stack and its outputs. Raises DeploymentError where there is none."""
        stack = self.stack(stage)
        outputs = stack.outputs()
        if outputs is None:
            raise DeploymentError(
                STAGE_NOT_DEPLOYED,
                f"There is no stack {stack.name} in account {self.number}, {self.region}.",
                stage=stage,
            )
        return stack, outputs
