"""The template that a stage is deployed from, settled for that stage and no other.

Chalice merges `.chalice/resources.yaml` into its own; what CloudFormation wants as a constant,
or should not be asked for at each deployment, is filled in here.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from chalice.package import YAMLTemplateSerializer

from ops import gateway_responses

ROOT = Path(__file__).parent.parent
MERGED = ROOT / ".chalice" / "resources.yaml"
_TABLE = "AWS::DynamoDB::Table"
_API = "AWS::Serverless::Api"


class StageUnknown(Exception):
    """The template has no values for this stage; `known` are the stages that it has."""

    def __init__(self, stage: str, known: list[str]) -> None:
        self.stage, self.known = stage, known
        super().__init__(f"no stage {stage!r}; there are {', '.join(known)}")


def merged() -> dict[str, Any]:
    """Return what is merged into Chalice's template, read as Chalice reads it."""
    return read(MERGED)


def read(path: Path) -> dict[str, Any]:
    """Read a template in YAML."""
    text = path.read_text(encoding="utf-8")
    found: dict[str, Any] = YAMLTemplateSerializer().load_template(text, path.name)
    return found


def stages(template: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return the stages that the template has values for, with their values."""
    found: dict[str, dict[str, str]] = template["Mappings"]["Stages"]
    return found


def values_of(stage: str, template: dict[str, Any]) -> dict[str, str]:
    """Return the template's values for `stage`. Raises StageUnknown."""
    known = stages(template)
    if stage not in known:
        raise StageUnknown(stage, sorted(known))
    return known[stage]


def settled(template: dict[str, Any], stage: str) -> dict[str, Any]:
    """Return the whole template with the values of `stage`.

    The stage can't be another one afterwards, and what becomes of the tables with the stack is
    written where CloudFormation allows for no reference. API Gateway's own answers are made of
    the product's pages. Raises StageUnknown.
    """
    values = values_of(stage, template)
    result = copy.deepcopy(template)
    result["Parameters"]["Stage"] |= {"Default": stage, "AllowedValues": [stage]}
    result["Parameters"]["ParameterPrefix"]["Default"] = f"/portaria/{stage}"
    for resource in result["Resources"].values():
        if resource["Type"] == _API:
            resource["Properties"]["GatewayResponses"] = gateway_responses.in_template()
        if resource["Type"] == _TABLE:
            at_the_end = values["TablesAtTheEnd"]
            resource |= {"DeletionPolicy": at_the_end, "UpdateReplacePolicy": at_the_end}
    return result
