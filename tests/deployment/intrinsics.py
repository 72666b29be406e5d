"""What CloudFormation makes of a template's references: names and ARNs, with invented ids.

Only what the template needs is known; anything else is an error, because a reference that
is passed over could hide a permission.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.kit.engines import REGION

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCOUNT = "123456789012"
STACK = "portaria-dev"
_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": STACK,
    "AWS::URLSuffix": "amazonaws.com",
}
_PLACE = f"{REGION}:{ACCOUNT}"
_ARNS = {
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{_PLACE}:table/{{name}}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{_PLACE}:{{name}}",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{{name}}",
    # A log group's ARN ends in a wildcard for its streams by itself.
    "AWS::Logs::LogGroup": f"arn:aws:logs:{_PLACE}:log-group:{{name}}:*",
}
_QUEUE_URL = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{{name}}"
_PLACEHOLDER = re.compile(r"\$\{([^!}][^}]*)\}")


class NotUnderstood(Exception):
    """The template says something that nothing here can resolve."""


@dataclass(frozen=True)
class Stack:
    """A template with values for its parameters."""

    template: Mapping[str, Any]
    parameters: Mapping[str, str]

    def resolve(self, value: Any) -> Any:
        """Return `value` with its intrinsic functions worked out."""
        if isinstance(value, list):
            return [self.resolve(each) for each in value]
        if not isinstance(value, dict):
            return value
        name, argument = next(iter(value.items()), ("", None))
        if len(value) != 1 or (name != "Ref" and not name.startswith("Fn::")):
            return {key: self.resolve(each) for key, each in value.items()}
        return self._function(name, argument)

    def _function(self, name: str, argument: Any) -> Any:
        match name, argument:
            case "Ref", str():
                value: Any = self._ref(argument)
            case "Fn::GetAtt", str():
                value = self._attribute(*argument.split(".", 1))
            case "Fn::GetAtt", [str(logical_id), str(attribute)]:
                value = self._attribute(logical_id, attribute)
            case "Fn::Sub", str():
                value = self._filled(argument, {})
            case "Fn::Sub", [str(text), dict(values)]:
                value = self._filled(text, self.resolve(values))
            case "Fn::Join", [str(separator), list(parts)]:
                value = separator.join(self.resolve(parts))
            case "Fn::If", [str(condition), then, otherwise]:
                holds = self._holds(self.template["Conditions"][condition])
                value = self.resolve(then if holds else otherwise)
            case _:
                raise NotUnderstood(f"{name}: {argument}")
        return value

    def _ref(self, name: str) -> str:
        if name in _PSEUDO:
            return _PSEUDO[name]
        if name in self.parameters:
            return self.parameters[name]
        if name in self.template.get("Parameters", {}):
            default: str = self.template["Parameters"][name]["Default"]
            return default
        if self.template["Resources"][name]["Type"] == "AWS::SQS::Queue":
            return _QUEUE_URL.format(name=name)
        return self._name(name)

    def _attribute(self, logical_id: str, attribute: str) -> str:
        kind = self.template["Resources"][logical_id]["Type"]
        if attribute != "Arn" or kind not in _ARNS:
            raise NotUnderstood(f"{logical_id}.{attribute}")
        return _ARNS[kind].format(name=self._name(logical_id))

    def _name(self, logical_id: str) -> str:
        """Return a resource's name: its own where it has one, as if CloudFormation had made it."""
        resource = self.template["Resources"][logical_id]
        if resource["Type"] == "AWS::Logs::LogGroup":
            name: str = self.resolve(resource.get("Properties", {}).get("LogGroupName", logical_id))
            return name
        return logical_id

    def _filled(self, text: str, values: Mapping[str, str]) -> str:
        def filling(found: re.Match[str]) -> str:
            name = found[1]
            if name in values:
                return values[name]
            return self._attribute(*name.split(".", 1)) if "." in name else self._ref(name)

        return _PLACEHOLDER.sub(filling, text).replace("${!", "${")

    def _holds(self, condition: Mapping[str, Any]) -> bool:
        match dict(condition):
            case {"Fn::Equals": [left, right]}:
                return bool(self.resolve(left) == self.resolve(right))
            case {"Fn::Not": [other]}:
                return not self._holds(other)
            case {"Condition": str(name)}:
                return self._holds(self.template["Conditions"][name])
        raise NotUnderstood(f"{condition}")
