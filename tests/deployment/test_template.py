"""What the synthesized template promises besides its roles."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.web.answers import security_headers
from ops import costs
from ops.package import make
from ops.packaging.interpreters import PythonMissing
from ops.synthesis import synthesized, without_sam
from ops.template import merged, settled, stages
from tests.kit.engines import ROOT

if TYPE_CHECKING:
    from pathlib import Path

STAGES = sorted(stages(merged()))
RUNBOOK = (ROOT / "docs" / "guides" / "runbook.md").read_text(encoding="utf-8")
COUNTED = re.compile(r'log\.(?:count|share)\(\s*"(\w+)"')
MEASURED = re.compile(r"log\.measure_seconds\(\s*\{(.*?)\}", re.DOTALL)
OUTCOMES = {"Sent", "Expired", "Superseded", "Unknown"}  # counted by the outcome's own name


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return synthesized("prod")


def of_type(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    resources = template["Resources"].items()
    return {name: each for name, each in resources if each.get("Type") == f"AWS::{kind}"}


def metrics(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the metrics that an alarm reads."""
    if "Metrics" not in alarm:
        return [alarm]
    return [each["MetricStat"]["Metric"] for each in alarm["Metrics"] if "MetricStat" in each]


def counted() -> set[str]:
    sources = "".join(p.read_text("utf-8") for p in (ROOT / "chalicelib").rglob("*.py"))
    measured = (re.findall(r'"(\w+)":', names) for names in MEASURED.findall(sources))
    return OUTCOMES.union(COUNTED.findall(sources), *measured)


def test_a_message_stays_hidden_six_times_as_long_as_the_worker_may_take(template: dict[str, Any]):
    worker = template["Resources"]["SendOtp"]["Properties"]
    queue = template["Resources"]["OtpQueue"]["Properties"]

    assert queue["VisibilityTimeout"] >= 6 * worker["Timeout"]


def test_the_worker_gives_back_single_messages(template: dict[str, Any]):
    (source,) = template["Resources"]["SendOtp"]["Properties"]["Events"].values()

    assert source["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["Properties"]["Queue"] == {"Fn::GetAtt": ["OtpQueue", "Arn"]}
    assert "MaximumConcurrency" in source["Properties"]["ScalingConfig"]


def test_tables_are_encrypted_can_be_restored_and_forget_by_themselves(template: dict[str, Any]):
    tables = of_type(template, "DynamoDB::Table")

    assert len(tables) == 2
    for table in tables.values():
        properties = table["Properties"]
        assert properties["BillingMode"] == "PAY_PER_REQUEST"
        assert properties["SSESpecification"] == {"SSEEnabled": True}
        assert properties["TimeToLiveSpecification"]["Enabled"] is True
        assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True


@pytest.mark.parametrize(
    ("stage", "policy", "protection"), [("prod", "Retain", "true"), ("dev", "Delete", "false")]
)
def test_only_the_tables_of_prod_outlive_their_stack(stage: str, policy: str, protection: str):
    result = synthesized(stage)

    assert stages(result)[stage]["DeletionProtection"] == protection
    for table in of_type(result, "DynamoDB::Table").values():
        assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == policy


def test_as_it_stands_in_the_file_a_table_outlives_everything():
    for table in of_type(merged(), "DynamoDB::Table").values():
        assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"


def test_stages_differ_in_values_only():
    def without_values(stage: str) -> str:
        template = synthesized(stage)
        del template["Mappings"]
        text = json.dumps(template, sort_keys=True)
        return re.sub(rf"\b{stage}\b|Retain|Delete", "…", text)

    assert without_values("dev") == without_values("prod")
    assert {frozenset(values) for values in stages(merged()).values()} == {
        frozenset(stages(merged())["prod"])
    }


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_is_chalices_too(stage: str):
    config = json.loads((ROOT / ".chalice" / "config.json").read_text("utf-8"))

    assert stage in config["stages"]


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
def test_functions_and_layer_are_for_the_python_that_is_asked_for(python: str):
    resources = synthesized("dev", python)["Resources"].values()
    functions = [each for each in resources if each["Type"] == "AWS::Serverless::Function"]
    (layer,) = (each for each in resources if each["Type"] == "AWS::Serverless::LayerVersion")

    assert {each["Properties"]["Runtime"] for each in functions} == {f"python{python}"}
    assert layer["Properties"]["CompatibleRuntimes"] == [f"python{python}"]


def test_a_package_for_a_python_that_this_machine_lacks_is_refused_before_anything_is_built(
    tmp_path: Path,
):
    (tmp_path / "kept").touch()

    with pytest.raises(PythonMissing):
        make("dev", tmp_path, python="3.99")
    assert (tmp_path / "kept").exists()


def test_a_settled_template_can_be_no_other_stages(template: dict[str, Any]):
    assert template["Parameters"]["Stage"]["AllowedValues"] == ["prod"]
    assert template["Parameters"]["ParameterPrefix"]["Default"] == "/portaria/prod"
    with pytest.raises(Exception, match="no stage 'local'; there are dev, prod"):
        settled(merged(), "local")


def test_queues_are_encrypted(template: dict[str, Any]):
    queues = of_type(template, "SQS::Queue")

    assert len(queues) == 2
    assert all(queue["Properties"]["SqsManagedSseEnabled"] is True for queue in queues.values())


def test_no_log_is_kept_for_ever(template: dict[str, Any]):
    groups = of_type(template, "Logs::LogGroup")
    functions = of_type(template, "Serverless::Function").values()

    assert all("RetentionInDays" in group["Properties"] for group in groups.values())
    named = {function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"] for function in functions}
    assert named == {"ApiLogGroup", "WorkerLogGroup"} < groups.keys()


def test_the_access_log_has_no_query_no_header_and_no_body(template: dict[str, Any]):
    written = template["Resources"]["RestAPI"]["Properties"]["AccessLogSetting"]["Format"]
    variables = set(re.findall(r"\$context\.([\w.]+)", written))

    json.loads(written)
    assert variables == {
        "requestId",
        "requestTimeEpoch",
        "identity.sourceIp",
        "httpMethod",
        "resourcePath",
        "status",
        "responseLength",
        "responseLatency",
        "integrationLatency",
        "error.responseType",
    }


def test_api_gateway_throttles_and_logs_no_bodies(template: dict[str, Any]):
    (methods,) = template["Resources"]["RestAPI"]["Properties"]["MethodSettings"]

    assert (methods["ResourcePath"], methods["HttpMethod"]) == ("/*", "*")
    assert {"ThrottlingRateLimit", "ThrottlingBurstLimit"} < methods.keys()
    assert (methods["LoggingLevel"], methods["DataTraceEnabled"]) == ("OFF", False)


def test_what_api_gateway_answers_by_itself_carries_our_headers(template: dict[str, Any]):
    (api,) = of_type(without_sam(template), "ApiGateway::RestApi").values()
    told = api["Properties"]["Body"]["x-amazon-apigateway-gateway-responses"]

    assert set(told) == {"DEFAULT_4XX", "DEFAULT_5XX", "MISSING_AUTHENTICATION_TOKEN"}
    for response in told.values():
        for name, value in security_headers(https=True).items():
            header = response["responseParameters"][f"gatewayresponse.header.{name}"]
            assert header == f"'{value}'" or name == "Content-Security-Policy"
    assert [name for name, response in told.items() if "statusCode" in response] == [
        "MISSING_AUTHENTICATION_TOKEN"
    ]


def test_where_no_route_is_api_gateway_answers_404_as_json_and_as_a_page(template: dict[str, Any]):
    responses = template["Resources"]["RestAPI"]["Properties"]["GatewayResponses"]
    not_found = responses["MISSING_AUTHENTICATION_TOKEN"]
    page, values = not_found["ResponseTemplates"]["text/html"]["Fn::Sub"]

    assert not_found["StatusCode"] == "404"
    assert json.loads(not_found["ResponseTemplates"]["application/json"]) == {"error": "not_found"}
    for title in ("There is no such page", "Esta página não existe"):
        assert f">{title}</h" in page
    # The page's style is allowed by its own policy.
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = not_found["ResponseParameters"]["Headers"]["Content-Security-Policy"]
    assert f"style-src 'sha256-{digest}'" in policy
    # The only thing to be filled in is where the application is.
    assert set(re.findall(r"\$\{?\w+", page)) == {"${base_url"}
    assert values.keys() == {"base_url"}


def test_the_default_endpoint_closes_by_a_parameter_that_changes_the_stage_too(
    template: dict[str, Any],
):
    result = without_sam(template)
    (api,) = of_type(result, "ApiGateway::RestApi").values()
    (stage,) = of_type(result, "ApiGateway::Stage").values()

    parameter = {"Ref": "DisableDefaultEndpoint"}
    assert result["Parameters"]["DisableDefaultEndpoint"]["Default"] == "false"
    endpoint = api["Properties"]["Body"]["x-amazon-apigateway-endpoint-configuration"]
    assert endpoint == {"disableExecuteApiEndpoint": parameter}
    # API Gateway goes on as before until a setting of the stage changes.
    assert parameter in stage["Properties"]["Variables"].values()


def test_alarms_watch_metrics_that_the_code_counts(template: dict[str, Any]):
    ours = {
        metric["MetricName"]
        for alarm in of_type(template, "CloudWatch::Alarm").values()
        for metric in metrics(alarm["Properties"])
        if metric["Namespace"] == "Portaria"
    }

    assert len(ours) > 8
    assert ours <= counted()


def test_the_dashboard_shows_metrics_that_the_code_counts(template: dict[str, Any]):
    body = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    shown = set(re.findall(r'MetricName=\\"(\w+)', body))
    for widget in json.loads(body)["widgets"]:
        namespace = ""
        for namespaced, name, *_ in (m for m in widget["properties"]["metrics"] if len(m) > 1):
            namespace = namespaced if namespaced not in {".", "..."} else namespace
            if namespace == "Portaria" and namespaced != "...":
                shown.add(name)

    assert len(shown) > 12
    assert shown <= counted()


def test_every_alarm_tells_somebody_and_stands_in_the_runbook(template: dict[str, Any]):
    alarms = of_type(template, "CloudWatch::Alarm")
    headings = set(re.findall(r"^#+ (.+)$", RUNBOOK, re.MULTILINE))

    assert len(alarms) >= 12
    for alarm in alarms.values():
        properties = alarm["Properties"]
        assert properties["AlarmActions"] == properties["OKActions"] == [{"Ref": "AlarmTopic"}]
        (chapter,) = re.findall(r'Runbook, "(.+?)"', properties["AlarmDescription"])
        assert chapter in headings


def test_the_costs_page_reckons_with_as_many_metrics_as_the_alarms_read(template: dict[str, Any]):
    alarms = of_type(template, "CloudWatch::Alarm").values()

    read = sum(len(metrics(alarm["Properties"])) for alarm in alarms)
    assert costs.reckoned_with()["assumptions"]["alarm_metrics"] == read
