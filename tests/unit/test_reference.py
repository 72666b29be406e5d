"""The reference pages list what the code has: events, metrics, parameters, routes and `Auth`."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.languages import Languages
from chalicelib.otp.errors import HeldBack, Limit, RequestInvalid
from chalicelib.otp.ledger import Outcome
from chalicelib.otp.queue_messages import redacted
from chalicelib.otp.request import OtpRequest
from chalicelib.sign_in import errors
from chalicelib.sign_in.bearer import Caller
from chalicelib.sign_in.user import User
from chalicelib.web.auth import Auth
from chalicelib.web.failures import FAILURES
from ops.template import merged

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
LEVELS = {"event": "INFO", "warning": "WARNING", "error": "ERROR", "failure": "ERROR"}
UNITS = {"count": "Count", "measure_seconds": "Seconds", "share": "None"}
PLACES = {"error", "at"}
"""What `log.failure` adds by itself."""
KEPT = {"metadata_kept", "keys_kept"}
"""The events of Logto's documents, each named after its document."""
OUTCOMES = {each.value.capitalize() for each in Outcome}
"""The metrics of codes that ended, each named after its outcome."""

TEMPLATES = {"templates/{usageType}", "templates/{usageType}/{locale}"}


def readable(policy: str) -> set[str]:
    """Return the parameters that a function's policy lets it read."""
    text = (ROOT / ".chalice" / policy).read_text(encoding="utf-8")
    found = set(re.findall(r"parameter\$\{ParameterPrefix\}/([\w/-]+)", text))
    return found - {"templates"} | (TEMPLATES if "templates" in found else set())


READABLE = {"API": readable("policy-api.json"), "worker": readable("policy-send-otp.json")}


@dataclass
class Written:
    """What is logged or counted under one name, in all places together."""

    kinds: set[str] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)


def written(functions: dict[str, str], computed: set[str]) -> dict[str, Written]:
    """Return what the product writes by these functions of `log`, by its name.

    A name that is computed stands for each of `computed`.
    """
    found: dict[str, Written] = {}
    for path in sorted((ROOT / "chalicelib").rglob("*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        for scope, call in calls(module):
            if not isinstance(call.func, ast.Attribute) or call.func.attr not in functions:
                continue
            name = call.args[0]
            for each in literals(name) or computed:
                entry = found.setdefault(each, Written())
                entry.kinds.add(functions[call.func.attr])
                entry.fields |= PLACES if call.func.attr == "failure" else set()
                for keyword in call.keywords:
                    entry.fields |= (
                        {keyword.arg} if keyword.arg else keys(keyword.value, scope, module)
                    )
    return found


def literals(name: ast.expr) -> set[str]:
    """Return the name, or the names of several, where they are not computed."""
    found = name.keys if isinstance(name, ast.Dict) else [name]
    return {str(each.value) for each in found if isinstance(each, ast.Constant)}


def calls(module: ast.Module) -> Iterator[tuple[ast.AST, ast.Call]]:
    """Return the calls of functions of `log`, with the function that each stands in."""
    functions = [each for each in ast.walk(module) if isinstance(each, ast.FunctionDef)]
    for scope in functions:
        for node in ast.walk(scope):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "log"
            ):
                yield scope, node


def keys(node: ast.expr | None, scope: ast.AST, module: ast.Module) -> set[str]:
    """Return the keys of a dict that is unpacked, which stands in the same module."""
    match node:
        case ast.Dict():
            own = {str(key.value) for key in node.keys if isinstance(key, ast.Constant)}
            unpacked = (v for k, v in zip(node.keys, node.values, strict=True) if k is None)
            return own.union(*(keys(each, scope, module) for each in unpacked))
        case ast.IfExp():
            return keys(node.body, scope, module) | keys(node.orelse, scope, module)
        case ast.Name(id=name):
            values = [
                each.value
                for each in ast.walk(scope)
                if (isinstance(each, ast.Assign) and name in map(ast.unparse, each.targets))
                or (isinstance(each, ast.AnnAssign) and ast.unparse(each.target) == name)
            ]
            return set().union(*(keys(each, scope, module) for each in values))
        case ast.Call(func=ast.Name(id=name)):
            function = next(
                each
                for each in module.body
                if isinstance(each, ast.FunctionDef) and each.name == name
            )
            returned = [each.value for each in ast.walk(function) if isinstance(each, ast.Return)]
            return set().union(*(keys(each, function, module) for each in returned))
        case _:
            raise AssertionError(f"can't tell the keys of {ast.unparse(node) if node else node}")


def rows(page: str) -> dict[str, list[str]]:
    """Return the rows of a page's tables by the name in their first cell."""
    text = (REFERENCE / page).read_text(encoding="utf-8")
    cells = [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in text.splitlines()
        if re.match(r"\| *`", line)
    ]
    found = {row[0].strip("`"): row[1:] for row in cells}
    assert len(found) == len(cells), "a name stands in two rows"
    return found


def names(cell: str) -> set[str]:
    """Return the names in code marks of a cell."""
    return set(re.findall(r"`([\w-]+)`", cell))


def test_the_page_of_log_events_has_each_event_with_its_level_and_its_fields():
    page, code = rows("log-events.md"), written(LEVELS, KEPT)

    assert len(code) > 40
    assert page.keys() == code.keys()
    for name, (level, fields, *_) in page.items():
        assert set(level.split(", ")) == code[name].kinds, name
        assert names(fields) == code[name].fields, name


def test_the_page_of_metrics_has_each_metric_with_its_unit_dimensions_and_alarms():
    page, code = rows("metrics.md"), written(UNITS, OUTCOMES - {"Refused"})
    readers = alarms_by_metric()

    assert len(code) > 20
    assert page.keys() == code.keys()
    for name, (unit, dimensions, alarm, *_) in page.items():
        assert {unit} == code[name].kinds, name
        assert names(dimensions) == code[name].fields - {"hit"}, name
        assert names(alarm) == readers.get(name, set()), name


def test_the_page_of_metrics_names_every_alarm():
    assert alarms().keys() <= names((REFERENCE / "metrics.md").read_text(encoding="utf-8"))


def test_the_examples_of_queue_messages_are_read_and_redacted_as_the_page_says():
    page = (REFERENCE / "queue-message.md").read_text(encoding="utf-8")
    code, letter = re.findall(r"```json\n(.*?)\n```", page, re.DOTALL)
    (unreadable,) = re.findall(r"For the body\n`(.*?)`", page)

    assert OtpRequest.parse(code).usage_type == "SignIn"
    assert json.loads(letter) == json.loads(redacted(unreadable))
    with pytest.raises(RequestInvalid):
        OtpRequest.parse(unreadable)


def test_the_page_of_parameters_has_those_that_each_function_may_read():
    page = rows("parameters.md")

    assert page.keys() == set().union(*READABLE.values())
    for name, (kind, _, readers, *_) in page.items():
        assert kind == ("String" if name.startswith("templates/") else "SecureString")
        allowed = {who for who, readable in READABLE.items() if name in readable}
        assert set(readers.split(", ")) == allowed, name


def sections(page: str) -> dict[str, str]:
    """Return what stands under each heading of a page, with spaces for line ends."""
    text = (REFERENCE / page).read_text(encoding="utf-8")
    parts = re.split(r"^#+ (.+)$", text, flags=re.MULTILINE)
    pairs = zip(parts[1::2], parts[2::2], strict=True)
    return {title: " ".join(body.split()) for title, body in pairs}


def test_the_page_of_auth_has_its_methods_with_their_signatures_and_descriptions():
    page = sections("auth.md")
    (auth,) = [
        each
        for each in ast.parse((ROOT / "chalicelib" / "web" / "auth.py").read_text("utf-8")).body
        if isinstance(each, ast.ClassDef) and each.name == "Auth"
    ]
    methods = [
        each
        for each in auth.body
        if isinstance(each, ast.FunctionDef) and not each.name.startswith("_")
    ]

    assert len(methods) > 5
    assert [each for each in page if each in dir(Auth)] == [each.name for each in methods]
    for method in methods:
        (signature,) = re.findall("```python (.*?) ```", page[method.name])
        shown = ast.unparse(ast.parse(f"{signature}: ..."))
        assert shown.partition(":\n")[0] == ast.unparse(method).partition(":\n")[0]
    described: list[ast.ClassDef | ast.FunctionDef] = [auth, *methods]
    for of in described:
        for paragraph in (ast.get_docstring(of) or "").split("\n\n"):
            assert " ".join(paragraph.split()) in page[of.name]


@pytest.mark.parametrize("of", [User, Caller])
def test_the_page_of_auth_has_every_attribute(of: type):
    page = sections("auth.md")[of.__name__]
    listed = re.findall(r"\| `(\w+)` \| `(.*?)` \|", page)
    properties = {
        name: each.fget.__annotations__["return"]
        for name, each in vars(of).items()
        if isinstance(each, property)
    }

    assert {name: kind.replace("\\|", "|") for name, kind in listed} == (
        of.__annotations__ | properties
    )


def test_the_page_of_auth_has_each_error_with_its_answer():
    page = sections("auth.md")["Errors and answers"]
    answers = re.findall(r"\| `(\w+)` \| (\d+) \| `(\w+)` \|", page)

    assert len(answers) > 5
    for name, status, code in answers:
        assert FAILURES[vars(errors)[name]] == (int(status), code), name


CALLERS = {
    "browser(app)": "browser",
    "browser(app, only_navigation=True)": "browser, a navigation",
    "json_client(app)": "script",
    "back_channel(app)": "Logto, by a logout token",
    "connector(app)": "Logto's HTTP SMS connector",
    "twilio_callback(app)": "Twilio",
}


def test_the_page_of_routes_has_every_route_with_its_caller():
    page = {name: row[0] for name, row in rows("routes.md").items() if " /" in name}
    code: dict[str, str] = {}
    for view in ast.parse((ROOT / "app.py").read_text(encoding="utf-8")).body:
        if not isinstance(view, ast.FunctionDef):
            continue
        route, *wrapper = map(ast.unparse, view.decorator_list)
        if found := re.match(r"app\.route\('(.*?)'(?:, methods=(\[.*?\]))?", route):
            for method in ast.literal_eval(found[2] or "['GET']"):
                kind = wrapper[0].removeprefix("callers.") if wrapper else None
                code[f"{method} {found[1]}"] = CALLERS[kind] if kind else "anyone"

    assert len(code) > 10
    assert page == code


def test_the_page_of_routes_has_every_parameter_of_a_sign_in():
    source = (ROOT / "chalicelib" / "sign_in" / "options.py").read_text(encoding="utf-8")
    taken = set(re.findall(r'request\.parameter\("(\w+)"\)', source))

    assert {name for name in rows("routes.md") if name.isidentifier()} == taken | {"return_to"}


def test_the_page_of_routes_has_every_answer_to_the_connector_with_its_status():
    page = sections("routes.md")["`POST /otp`"]
    answered: dict[str, int] = {
        code: int(status)
        for status, codes in re.findall(r"\| (\d+) \| (.*?) \|", page)
        for code in names(codes) - {"connector_unauthorized", "code_not_queued"}
    }
    held_back = {limit: 429 if HeldBack(limit).passes else 403 for limit in Limit}
    sentences = Languages().nearest("en").sentences.keys()
    invalid = dict.fromkeys(sentences - held_back.keys() - {"try_again"}, 400)

    assert answered == invalid | held_back | {"try_again": 503, "unauthorized": 401}


def alarms_by_metric() -> dict[str, set[str]]:
    """Return the alarms that read each of our metrics, by their names without the stack's."""
    found: dict[str, set[str]] = {}
    for name, alarm in alarms().items():
        stats = [each["MetricStat"] for each in alarm.get("Metrics", ()) if "MetricStat" in each]
        for metric in [each["Metric"] for each in stats] or [alarm]:
            if metric["Namespace"] == "Portaria":
                found.setdefault(metric["MetricName"], set()).add(name)
    return found


def alarms() -> dict[str, dict[str, Any]]:
    """Return the stack's alarms by their names without the stack's."""
    return {
        each["Properties"]["AlarmName"]["Fn::Sub"].removeprefix("${AWS::StackName}-"): each[
            "Properties"
        ]
        for each in merged()["Resources"].values()
        if each.get("Type") == "AWS::CloudWatch::Alarm"
    }
