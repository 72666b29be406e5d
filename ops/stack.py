"""A stage's CloudFormation stack: AWS's SAM CLI deploys and deletes it, and shows the progress.

The SAM CLI uploads the zips to a bucket that it makes where there is none, creates a change
set, and does nothing where nothing changed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, WaiterError

from ops.errors import OperatorError
from ops.errors.deployment import SAM_FAILED, SAM_MISSING, STACK_NEVER_MADE, STACK_UNCHANGED
from ops.template import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import ParameterTypeDef, StackTypeDef

INSTALL = ROOT / "scripts" / "tool"
SAM = ROOT / ".cache" / "tools" / "sam" / "bin" / "sam"
PARAMETERS = "parameters.yaml"  # as which JSON passes, and the suffix that it takes
PREFIX = "portaria-"  # of the stacks' names; the stage follows
_NEVER_MADE = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}
_POLL_SECONDS, _MOST_POLLS = 3, 400  # twenty minutes
_GONE = re.compile(r"Stack.* does not exist")


class DeploymentError(OperatorError):
    """The stack could not be changed."""


@dataclass(frozen=True, slots=True)
class Stack:
    """One stage's stack in one region."""

    name: str
    region: str
    cloudformation: CloudFormationClient

    def outputs(self) -> dict[str, str] | None:
        """Return the outputs by name; None where there is no such stack.

        A stack of which only a change set was ever made does not count. Raises botocore's errors.
        """
        stack = self._described()
        if stack is None or stack["StackStatus"] == "REVIEW_IN_PROGRESS":
            return None
        return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}

    def parameters(self) -> dict[str, str]:
        """Return the stack's current parameter values; none where there is no such stack.

        Raises botocore's errors.
        """
        stack = self._described()
        current = [] if stack is None else stack.get("Parameters", [])
        return {each["ParameterKey"]: each["ParameterValue"] for each in current}

    def deploy(
        self,
        template: Path,
        parameters: Mapping[str, str],
        tags: Mapping[str, str],
        *,
        dry_run: bool = False,
    ) -> None:
        """Create or update the stack; parameters that are not given stay as they are.

        With `dry_run` its changes are shown and not made.

        Raises DeploymentError, and botocore's errors.
        """
        stack = self._described()
        if stack is not None and stack["StackStatus"] in _NEVER_MADE:
            raise DeploymentError(
                STACK_NEVER_MADE,
                f"The first deployment of {self.name} failed and left an empty stack behind: "
                "delete it, and try again.",
                stage=self.name.removeprefix(PREFIX),
            )
        self._sam(
            "deploy",
            *("--template-file", str(template)),
            "--resolve-s3",
            *("--s3-prefix", self.name),
            *("--capabilities", "CAPABILITY_IAM"),
            "--no-execute-changeset" if dry_run else "--no-confirm-changeset",
            "--no-fail-on-empty-changeset",
            "--no-progressbar",
            *("--tags", *_pairs(tags)),
            *_overriding(parameters, template.with_name(PARAMETERS)),
        )

    def change(self, parameters: Mapping[str, str]) -> None:
        """Change these parameters and nothing else, and wait for the end, a minute or two.

        Raises DeploymentError, and botocore's errors.
        """
        kept = self.parameters().keys() - parameters.keys()
        changes: list[ParameterTypeDef] = [
            {"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()
        ]
        changes += [{"ParameterKey": name, "UsePreviousValue": True} for name in sorted(kept)]
        self.cloudformation.update_stack(
            StackName=self.name,
            UsePreviousTemplate=True,
            Parameters=changes,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        try:
            self.cloudformation.get_waiter("stack_update_complete").wait(
                StackName=self.name,
                WaiterConfig={"Delay": _POLL_SECONDS, "MaxAttempts": _MOST_POLLS},
            )
        except WaiterError:
            raise DeploymentError(STACK_UNCHANGED, stack=self.name) from None

    def delete(self) -> None:
        """Delete the stack and what was uploaded for it. Raises DeploymentError."""
        install_sam()
        self._sam("delete", "--no-prompts")

    def _described(self) -> StackTypeDef | None:
        try:
            (stack,) = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        except ClientError as error:
            if _GONE.search(error.response["Error"]["Message"]):
                return None
            raise
        return stack

    def _sam(self, command: str, *arguments: str) -> None:
        environment = os.environ | {"SAM_CLI_TELEMETRY": "0"}
        where = ("--stack-name", self.name, "--region", self.region)
        done = subprocess.run(  # noqa: S603
            [SAM, command, *where, *arguments], env=environment, stdout=sys.stderr, check=False
        )
        if done.returncode:
            raise DeploymentError(
                SAM_FAILED,
                f"`sam {command}` failed; its last lines above say why.",
                stack=self.name,
            )


def install_sam(tool: Path = INSTALL) -> None:
    """Install the SAM CLI where it is missing, which takes a minute. Raises DeploymentError."""
    done = subprocess.run([tool, "sam"], stdout=sys.stderr, check=False)  # noqa: S603
    if done.returncode:
        raise DeploymentError(SAM_MISSING)


def _overriding(parameters: Mapping[str, str], path: Path) -> Sequence[str]:
    """Return the option with `parameters` in a file: on a command line none can be empty."""
    if not parameters:
        return []
    path.write_text(json.dumps(parameters, indent=2), encoding="utf-8")
    return ["--parameter-overrides", f"file://{path}"]


def _pairs(values: Mapping[str, str]) -> Sequence[str]:
    return [f"{name}={value}" for name, value in values.items()]
