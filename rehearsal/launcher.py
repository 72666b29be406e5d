"""Starts the emulator, in its own environment: `python launcher.py INTERPRETER-OF-THE-LAMBDAS`.

Where it differs from AWS in a way that the product would have to be changed for, it is corrected
before it starts; docs/explanation/rehearsal.md lists these and its other differences.
"""

from __future__ import annotations

import json
import sys
from typing import Any

_NAMES = {"GetParameters": "Names", "GetParametersByPath": "Path"}
_API_HOST, _AWS_HOST = ".execute-api.localhost", ".execute-api.us-east-1.amazonaws.com"


def main() -> None:
    """Serve until stopped."""
    from ministack import app
    from ministack.core import iam_actions, iam_evaluator
    from ministack.services import apigateway_v1, lambda_svc
    from ministack.services.cloudformation import provisioners

    # The Lambdas are started with the emulator's own interpreter, and would find its libraries
    # where the layer lacks one.
    sys.executable = sys.argv.pop(1)

    record = provisioners._cw_metric_alarm_record
    provisioners._cw_metric_alarm_record = lambda name, given: record(name, _one_metric(given))

    at_once = lambda_svc._sqs_esm_concurrency
    lambda_svc._sqs_esm_concurrency = lambda source, *given: at_once(_numbered(source), *given)

    event = apigateway_v1._build_lambda_event_v1
    apigateway_v1._build_lambda_event_v1 = lambda *given, **named: _addressed(
        event(*given, **named)
    )

    resource, enforce = iam_actions.extract_resource_arn, iam_evaluator.enforce
    iam_actions.extract_resource_arn = lambda *given: _parameters(*given) or resource(*given)
    iam_evaluator.enforce = lambda *given, **named: _each(enforce, *given, **named)
    app.main()


def _one_metric(alarm: dict[str, Any]) -> dict[str, Any]:
    """Return an alarm on several metrics as one on the first of them, which is all it can keep."""
    if "Metrics" not in alarm:
        return alarm
    first = next(each["MetricStat"] for each in alarm["Metrics"] if "MetricStat" in each)
    single = {**first["Metric"], "Period": first["Period"], "Statistic": first["Stat"]}
    return {name: value for name, value in alarm.items() if name != "Metrics"} | single


def _numbered(source: dict[str, Any]) -> dict[str, Any]:
    """Make a number of the event source's bound, which comes out of a mapping as a string."""
    scaling = {name: int(value) for name, value in source.get("ScalingConfig", {}).items()}
    return source | {"ScalingConfig": scaling}


def _addressed(event: dict[str, Any]) -> dict[str, Any]:
    """Add the name that the API was called by, which it leaves out of the request context."""
    context = event["requestContext"]
    host = event["headers"]["host"].partition(":")[0]
    if host.endswith(_API_HOST):
        context["domainName"] = host.removesuffix(_API_HOST) + _AWS_HOST
    else:  # a custom domain, under which the stage does not show
        context["domainName"], context["path"] = host, event["path"]
    return event


def _parameters(service: str, *request: Any) -> str:
    """Return the ARNs of all parameters that a call reads: it checks just those with one name."""
    _, _, headers, body, _, region, account = request
    field = _NAMES.get(headers.get("x-amz-target", "").rpartition(".")[2])
    if service != "ssm" or field is None:
        return ""
    requested = json.loads(body)[field]
    paths = [requested] if isinstance(requested, str) else requested
    return "\n".join(f"arn:aws:ssm:{region}:{account}:parameter{path}" for path in paths)


def _each(enforce: Any, *given: Any, resource_arn: str = "*", **named: Any) -> Any:
    """Check every one of the ARNs that `_parameters` gave; returns the first refusal."""
    refusals = (enforce(*given, resource_arn=each, **named) for each in resource_arn.split("\n"))
    return next(filter(None, refusals), None)


if __name__ == "__main__":
    main()
