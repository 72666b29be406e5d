"""The operator's commands, run as an operator runs them, against the emulated AWS."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import boto3

from rehearsal.emulator import CREDENTIALS
from tests.kit.engines import REGION, ROOT, aws_client
from tests.packaging.deployment import ARCHITECTURE, PYTHON

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass
class Deployment:
    """One stage on the emulated AWS at `aws_url`, whether or not it is there at the moment."""

    aws_url: str
    stage: str
    said: list[str] = field(default_factory=list)

    @property
    def stack(self) -> str:
        return f"portaria-{self.stage}"

    def deploy(self, **values: str) -> str:
        """Run `deploy` with these parameters; returns what it said."""
        given = [f"{name}={value}" for name, value in values.items()]
        return self.ops("deploy", "--architecture", ARCHITECTURE, "--python", PYTHON, *given)

    def do(
        self,
        command: str,
        *options: str,
        environment: Mapping[str, str] = MappingProxyType({}),
        answer: str = "",
        status: int = 0,
        **values: str,
    ) -> str:
        """Run a command of the tutorial on this stage instead of `dev`; returns what it said.

        With these options besides its own, and for a deployment with these values, some of which
        replace those that the page makes up.
        """
        program, name, *arguments = command.split()
        assert program in {"make", ".venv/bin/portaria"}
        named = "STAGE=dev" if program == "make" else "--stage dev"
        assert named in command
        arguments = [each for each in arguments if each not in named.split()]
        if name == "deploy":
            given = dict(each.split("=", 1) for each in arguments)
            return self.deploy(**{**given, **values})
        return self.ops(
            name, *arguments, *options, environment=environment, answer=answer, status=status
        )

    def ops(
        self,
        command: str,
        *arguments: str,
        environment: Mapping[str, str] = MappingProxyType({}),
        answer: str = "",
        status: int = 0,
    ) -> str:
        """Run a command on the stage, typing `answer` where it asks; it must end with `status`."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "LOGTO_"))}
        done = subprocess.run(
            [sys.executable, "-m", "ops", command, "--stage", self.stage, *arguments],
            cwd=ROOT,
            env={**inherited, **CREDENTIALS, "AWS_ENDPOINT_URL": self.aws_url, **environment},
            input=answer,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        said: str = done.stdout
        self.said.append(said)
        assert done.returncode == status, said
        return said

    def client(self, service: str) -> Any:
        """Return a boto3 client of this AWS."""
        return aws_client(service, self.aws_url)

    def client_as(self, function: str, service: str) -> Any:
        """Return a client with the role of one of the stack's functions."""
        name = self.resource(function)
        role = self.client("lambda").get_function_configuration(FunctionName=name)["Role"]
        taken = self.client("sts").assume_role(RoleArn=role, RoleSessionName="rehearsal")
        keys = taken["Credentials"]
        session: Any = boto3.Session(
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            region_name=REGION,
        )
        return session.client(service, endpoint_url=self.aws_url)

    def resource(self, logical_id: str) -> str:
        """Return the name that CloudFormation gave to a resource."""
        found = self.client("cloudformation").describe_stack_resource(
            StackName=self.stack, LogicalResourceId=logical_id
        )
        name: str = found["StackResourceDetail"]["PhysicalResourceId"]
        return name

    def traced(self, number: str) -> str:
        """Return the output of `trace` for a number."""
        return self.ops("trace", number)

    def described(self) -> dict[str, Any]:
        """Return the stack as CloudFormation describes it."""
        (stack,) = self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"]
        described: dict[str, Any] = stack
        return described

    def described_parameters(self) -> dict[str, str]:
        """Return the stack's parameters."""
        described = self.described()["Parameters"]
        return {each["ParameterKey"]: each["ParameterValue"] for each in described}

    @property
    def outputs(self) -> dict[str, str]:
        return {each["OutputKey"]: each["OutputValue"] for each in self.described()["Outputs"]}

    @property
    def host(self) -> str:
        """The name that the emulator knows the API by."""
        return f"{self.outputs['RestAPIId']}.execute-api.localhost"

    def parameters(self) -> dict[str, tuple[str, int]]:
        """Return everything in SSM for the stage: value and version by name."""
        prefix = f"/portaria/{self.stage}"
        pages = self.client("ssm").get_paginator("get_parameters_by_path")
        return {
            each["Name"].removeprefix(f"{prefix}/"): (each["Value"], each["Version"])
            for page in pages.paginate(Path=prefix, Recursive=True, WithDecryption=True)
            for each in page["Parameters"]
        }

    def put(self, name: str, value: str) -> None:
        """Put a secret as an operator does after the first deployment."""
        self.client("ssm").put_parameter(
            Name=f"/portaria/{self.stage}/{name}", Value=value, Type="SecureString"
        )

    def logged(self) -> str:
        """Return all that the stack has written to its log groups."""
        logs = self.client("logs")
        return "\n".join(
            event["message"]
            for name in ("ApiLogGroup", "WorkerLogGroup", "AccessLogGroup")
            for page in logs.get_paginator("filter_log_events").paginate(
                logGroupName=self.outputs[name]
            )
            for event in page["events"]
        )
