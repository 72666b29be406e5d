"""What `.chalice` says about the deployment, read for the sandbox.

Tables, queues, the event source, time-outs and the local stage's environment are defined
there only; the sandbox has no list of its own that could differ.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chalice.config import Config

from ops.template import ROOT, merged

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

STAGE = "local"
WORKER = "send_otp"
_DEPLOYED_STAGE = "dev"  # the row of the template's values that holds on this machine
_NAME_PROPERTIES = {"AWS::DynamoDB::Table": "TableName", "AWS::SQS::Queue": "QueueName"}


@cache
def template() -> dict[str, Any]:
    """Return what the deployment adds to Chalice's own template, read as Chalice reads it."""
    return merged()


def resources() -> dict[str, Any]:
    """Return the resources of that template by logical id, with the values of a stage."""
    found: dict[str, Any] = _valued(template()["Resources"])
    return found


def local_stage(function_name: str = "api_handler") -> Config:
    """Return Chalice's configuration of one function in the stage `local`."""
    config = json.loads((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))
    return Config(chalice_stage=STAGE, function_name=function_name, config_from_disk=config)


def published_file(environment: Mapping[str, str]) -> Path:
    """Return the file in which others on this machine find the sandbox's settings.

    A plain `chalice local --stage local` reads the one that .chalice/config.json names, and looks
    for AWS on the default port: the sandbox that has this port has that file. Any other has one
    beside it with the port in its name, for `portaria --stage local`.
    """
    stage = local_stage().environment_variables
    file, aws = ROOT / stage["SETTINGS_FILE"], environment["AWS_ENDPOINT_URL"]
    return (
        file
        if aws == stage["AWS_ENDPOINT_URL"]
        else file.with_stem(f"{file.stem}-{urlsplit(aws).port}")
    )


@contextmanager
def published(environment: Mapping[str, str], file: Path) -> Iterator[None]:
    """Have the functions' environment in `file` for as long as the block runs."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(environment), encoding="utf-8")
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def storage(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the tables and queues among the resources, under the names `environment` has for them.

    In a deployment CloudFormation invents the names and the functions' environment refers to
    them; here the environment is fixed, so the references are followed backwards.
    """
    everything = resources()
    variables = everything["APIHandler"]["Properties"]["Environment"]["Variables"]
    names = {
        value["Ref"]: environment[variable].rpartition("/")[2]  # a queue's variable is a URL
        for variable, value in variables.items()
        if everything.get(value.get("Ref"), {}).get("Type") in _NAME_PROPERTIES
    }
    return {
        logical_id: {
            **resource,
            "Properties": {
                **resource["Properties"],
                _NAME_PROPERTIES[resource["Type"]]: names[logical_id],
            },
        }
        for logical_id, resource in everything.items()
        if resource.get("Type") in _NAME_PROPERTIES
    }


def worker_event_source() -> Mapping[str, Any]:
    """Return the properties of the event source that feeds the worker."""
    events = resources()["SendOtp"]["Properties"]["Events"]
    properties: Mapping[str, Any] = events["SendOtpSqsEventSource"]["Properties"]
    return properties


def _valued(part: Any) -> Any:
    """Put the stage's values in the place of the references to them."""
    match part:
        case {"Fn::FindInMap": [mapping, _, value]}:
            text: str = template()["Mappings"][mapping][_DEPLOYED_STAGE][value]
            # CloudFormation wants strings there and makes of them what a property takes.
            return json.loads(text) if text.isdigit() or text in {"true", "false"} else text
        case dict():
            return {name: _valued(value) for name, value in part.items()}
        case list():
            return [_valued(value) for value in part]
        case _:
            return part
