"""The template that a stage is deployed from, settled for that stage and no other.

Chalice merges `.chalice/resources.yaml` into its own; what CloudFormation wants as a constant,
or should not be a question at each deployment, is filled in here. So is what API Gateway answers by
itself, without calling the Lambda: with our headers, as any answer has them. Source:
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalice.package import YAMLTemplateSerializer

from chalicelib.languages import Languages
from chalicelib.pages import Pages
from chalicelib.web.answers import security_headers
from ops.errors import OperatorError
from ops.errors.stage import STAGE_UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping


ROOT = Path(__file__).parent.parent
MERGED = ROOT / ".chalice" / "resources.yaml"
_TABLE = "AWS::DynamoDB::Table"
_API = "AWS::Serverless::Api"
JSON, HTML = "application/json", "text/html"
NOT_FOUND = "MISSING_AUTHENTICATION_TOKEN"  # its name for a path or a method that no route has
BASE_URL = "${base_url}"  # the page's placeholder for the application's address
# A reference to the API itself would be circular; under its own address the stage's path leads
# home.
_BASE_URL = {
    "Fn::If": [
        "HasPublicUrl",
        {"Ref": "PublicUrl"},
        {"Fn::If": ["HasDomain", {"Fn::Sub": "https://${DomainName}"}, "/api"]},
    ]
}

_SANDBOX = "local"  # a stage to every command but those that deploy


class StageUnknown(OperatorError):
    """The template has no values for this stage; `known` are the stages that it has."""

    def __init__(self, stage: str, known: list[str]) -> None:
        self.stage, self.known = stage, known
        meant = get_close_matches(stage, [*known, _SANDBOX], n=1)
        super().__init__(
            STAGE_UNKNOWN,
            f"There is no stage {stage!r}; there are {', '.join(known)}.",
            wrong=stage,
            right=meant[0] if meant else "STAGE",
        )


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
            resource["Properties"]["GatewayResponses"] = gateway_responses_in_template()
        if resource["Type"] == _TABLE:
            at_the_end = values["TablesAtTheEnd"]
            resource |= {"DeletionPolicy": at_the_end, "UpdateReplacePolicy": at_the_end}
    return result


@dataclass(frozen=True, slots=True)
class GatewayResponse:
    """An answer that API Gateway makes by itself; the bodies by content type."""

    headers: Mapping[str, str]
    bodies: Mapping[str, str]
    status: int | None = None  # None: each error's own


def gateway_responses() -> dict[str, GatewayResponse]:
    """Return API Gateway's own answers by its names for them."""
    headers = {name: str(value) for name, value in security_headers(https=True).items()}
    message = {JSON: '{"message":$context.error.messageString}'}
    languages = Languages()
    page = Pages().not_found((languages[tag] for tag in languages.tags), base_url=BASE_URL)
    of_page = {k: v for k, v in page.headers.items() if k not in {"Content-Type", "Vary"}}
    return {
        "DEFAULT_4XX": GatewayResponse(headers, message),
        "DEFAULT_5XX": GatewayResponse(headers, message),
        NOT_FOUND: GatewayResponse(
            headers | of_page, {JSON: json.dumps({"error": "not_found"}), HTML: page.html}, 404
        ),
    }


def gateway_responses_in_template() -> dict[str, Any]:
    """Return the same as AWS SAM has them among the properties of an API."""
    return {name: _in_template(each) for name, each in gateway_responses().items()}


def _in_template(response: GatewayResponse) -> dict[str, Any]:
    bodies = {
        content_type: {"Fn::Sub": [body, {"base_url": _BASE_URL}]} if BASE_URL in body else body
        for content_type, body in response.bodies.items()
    }
    return {
        # Quotes make a constant of a value, which may have quotes of its own.
        "ResponseParameters": {"Headers": {k: f"'{v}'" for k, v in response.headers.items()}},
        "ResponseTemplates": bodies,
        **({"StatusCode": str(response.status)} if response.status else {}),
    }
