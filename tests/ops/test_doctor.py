"""`doctor` at a healthy stage, and at stages that are broken in one place each."""

from __future__ import annotations

import io
import json
import re
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import requests
from botocore.exceptions import ClientError
from rich.console import Console

from ops.doctor.check import Mark
from ops.doctor.checks import CHECKS, PAGE
from ops.doctor.command import as_data, shown, summary
from ops.doctor.context import Context
from ops.doctor.mending import changes_for
from ops.doctor.run import result_of, run
from ops.logto.resources import TWILIO_SMS
from ops.stage import Stage
from ops.template import merged
from ops.twilio import Twilio
from tests.kit.doctor import SECRETS, World, healthy
from tests.kit.engines import LOOPBACK, ROOT
from tests.kit.phone import ACCOUNT
from tests.kit.recordings import recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ops.doctor.run import Finding

BY_TITLE = {check.title: check for check in CHECKS}
NOBODY = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def healthy_world(moto_server: str) -> Iterator[World]:
    with healthy(moto_server) as made:
        yield made


@pytest.fixture
def world(healthy_world: World) -> Iterator[World]:
    yield healthy_world
    healthy_world.mend()


class Denied:
    """An AWS that allows nothing."""

    def __getattr__(self, name: str) -> Any:
        def call(*_: Any, **__: Any) -> Any:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": ""}}, name)

        return call


def setting(name: str, value: str) -> Callable[[World], Any]:
    return lambda world: world.environment.update({name: value})


def parameter(name: str, value: str, kind: str = "SecureString") -> Callable[[World], Any]:
    return lambda world: world.put(name, value, kind)


def gone(name: str) -> Callable[[World], Any]:
    return lambda world: world.remove(name)


def text(value: str) -> Callable[[World], Any]:
    return parameter("templates/SignIn", value, "String")


def twilio(**changes: Any) -> Callable[[World], Any]:
    return parameter("twilio", json.dumps({**ACCOUNT, **changes}))


def attribute(name: str, value: Any) -> Callable[[World], Any]:
    return lambda world: setattr(world, name, value)


def source(**changes: Any) -> Callable[[World], Any]:
    return lambda world: world.sources[0].update(changes)


def queue(**attributes: str) -> Callable[[World], Any]:
    return lambda world: world.queue(**attributes)


def denied(service: str) -> Callable[[World], Any]:
    return lambda world: world.clients.update({service: Denied()})


def application(**metadata: Any) -> Callable[[World], Any]:
    return lambda world: world.change_application(**metadata)


def experience(**changes: Any) -> Callable[[World], Any]:
    return lambda world: world.management().update_sign_in_experience(changes)


def without_ttl(which: str) -> Callable[[World], Any]:
    return lambda world: world.aws("dynamodb").update_time_to_live(
        TableName=world.another_table(which),
        TimeToLiveSpecification={"AttributeName": "expires_at", "Enabled": False},
    )


def without_backups(which: str) -> Callable[[World], Any]:
    return lambda world: world.aws("dynamodb").update_continuous_backups(
        TableName=world.another_table(which),
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False},
    )


def without_indexes(which: str) -> Callable[[World], Any]:
    def do(world: World) -> None:
        name = f"bare-{uuid4().hex}"
        world.aws("dynamodb").create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        world.environment[f"{which.upper()}_TABLE"] = name

    return do


def dead_letter(world: World) -> None:
    url = world.aws("sqs").create_queue(QueueName=f"dead-{uuid4().hex}")["QueueUrl"]
    world.aws("sqs").send_message(QueueUrl=url, MessageBody="{}")
    world.environment["OTP_DEAD_LETTER_QUEUE_URL"] = url


def twilios_connector(world: World) -> None:
    config = recorded("management-connector-twilio")["get_one"]["answer"]["config"]
    world.management().create_connector(TWILIO_SMS, config)


def no_phone(world: World) -> None:
    method = {
        "identifier": "username",
        "password": True,
        "verificationCode": False,
        "isPasswordPrimary": True,
    }
    world.management().update_sign_in_experience(
        {
            "signIn": {"methods": [method]},
            "signUp": {"identifiers": ["username"], "password": True, "verify": False},
        }
    )


def issuer(world: World) -> None:
    port = urlsplit(world.logto.url).port
    here = "127.0.0.1" if "localhost" in world.logto.url else "localhost"
    world.environment["LOGTO_ENDPOINT"] = f"http://{here}:{port}"


def another_twilio(world: World) -> None:
    """Have an account that the stand-in knows no setting for."""
    world.environment["TWILIO_API_URL"] = world.trial_twilio_url


BROKEN: dict[str, Callable[[World], Any]] = {
    "settings": setting("LEDGER_TABLE", ""),
    "settings fit together": setting("NUMBER_SHORT_LIMIT", "30"),
    "countries": setting("ALLOWED_COUNTRIES", ""),
    "test numbers": setting("TEST_NUMBERS", "+12125550100"),
    "application": setting("PUBLIC_URL", NOBODY),
    "secrets": gone("twilio"),
    "secrets' encryption": parameter("logto/app-secret", "in-clear", "String"),
    "otp/authorization": parameter("otp/authorization", "no-bearer"),
    "ledger-key": parameter("ledger-key", "!"),
    "twilio": parameter("twilio", "{}"),
    "logto/management": parameter("logto/management", "{}"),
    "texts' types": gone("templates/Generic"),
    "texts' codes": text("Hello"),
    "texts' placeholders": text("[[code]] [[nobody]]"),
    "texts' length": text("[[code]] " + "x" * 160),
    "texts' minutes": text("[[code]]"),
    "texts' languages": gone("templates/SignIn/pt-BR"),
    "AWS credentials": denied("sts"),
    "AWS permissions": denied("dynamodb"),
    "clock and AWS's": attribute("seconds_ahead", 3600),
    "concurrency quota": attribute("quota", 10),
    "Python runtime": attribute("runtime", "python3.9"),
    "sessions table": setting("SESSIONS_TABLE", "nowhere"),
    "sessions expire": without_ttl("sessions"),
    "sessions indexes": without_indexes("sessions"),
    "sessions backups": without_backups("sessions"),
    "ledger table": setting("LEDGER_TABLE", "nowhere"),
    "ledger expire": without_ttl("ledger"),
    "ledger indexes": without_indexes("ledger"),
    "ledger backups": without_backups("ledger"),
    "OTP queue": setting("OTP_QUEUE_URL", f"{NOBODY}/1/nowhere"),
    "dead-letter queue": setting("OTP_DEAD_LETTER_QUEUE_URL", f"{NOBODY}/1/nowhere"),
    "redrive policy": queue(RedrivePolicy=""),
    "visibility time-out": queue(VisibilityTimeout="60"),
    "message retention": queue(MessageRetentionPeriod="600"),
    "queue encryption": queue(SqsManagedSseEnabled="false"),
    "dead letters": dead_letter,
    "worker's event source": attribute("sources", []),
    "worker's batches": source(FunctionResponseTypes=[]),
    "worker's concurrency": source(ScalingConfig={}),
    "alarms": attribute("alarm_states", ["OK", "ALARM"]),
    "alarms' subscription": attribute("subscriptions", ["PendingConfirmation"]),
    "Logto": setting("LOGTO_ENDPOINT", NOBODY),
    "Logto's issuer": issuer,
    "clock and Logto's": attribute("seconds_ahead", -3600),
    "Management API": parameter(
        "logto/management",
        json.dumps({"id": "machine", "secret": "wrong-secret", "resource": "https://x.example"}),
    ),
    "application at Logto": setting("LOGTO_APP_ID", "nobody"),
    "redirect URI": application(redirectUris=["https://elsewhere.example/callback"]),
    "post sign-out URI": application(postLogoutRedirectUris=[]),
    "back-channel logout": application(backchannelLogoutSessionRequired=False),
    "application's secret": parameter("logto/app-secret", "another-secret"),
    "SMS connector": twilios_connector,
    "connector's secret": lambda world: world.change_connector(authorization="Bearer another"),
    "code lifetime": setting("CODE_LIFETIME_SECONDS", "300"),
    "sign-in by phone": no_phone,
    "dead tabs": experience(unknownSessionRedirectUrl=None),
    "Twilio": twilio(authToken="wrong-token"),
    "sender": twilio(fromMessagingServiceSid="MG" + "9" * 32),
    "Twilio's account": another_twilio,
    "country permissions": setting("ALLOWED_COUNTRIES", "BR IN"),
    "message redaction": another_twilio,
    "callback signature": twilio(accountSID="SK" + "1" * 32),
}


def printed(findings: list[Finding], width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width)
    for each in shown(findings):
        console.print(each)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def assert_harmless(findings: list[Finding]) -> None:
    """Assert that no secret is shown, the right one or a wrong one."""
    said = printed(findings) + json.dumps([as_data(each) for each in findings])
    for secret in (*SECRETS, "wrong-secret", "wrong-token", "another-secret", "no-bearer"):
        assert secret not in said


def test_a_healthy_stage_has_no_finding(world: World):
    findings = run(CHECKS, world.context())

    assert {
        each.check.title: each.result for each in findings if each.result.mark is not Mark.FINE
    } == {}
    count = len(CHECKS)
    expected = f"{count} checks: {count} fine, 0 warnings, 0 failed, 0 not asked."
    assert summary(findings) == expected
    assert len(CHECKS) >= 30


@pytest.mark.parametrize("title", BROKEN)
def test_what_is_broken_is_found_and_no_secret_is_shown(world: World, title: str):
    BROKEN[title](world)

    (found,) = run([BY_TITLE[title]], world.context())
    assert found.is_wrong, found
    assert found.command
    assert_harmless([found])


def test_each_check_is_shown_failing():
    assert BROKEN.keys() == BY_TITLE.keys()


FIXABLE = [each.title for each in CHECKS if each.fix is not None and each.title != "secrets"]


@pytest.mark.parametrize("title", FIXABLE)
def test_what_is_safe_to_mend_is_mended(world: World, title: str):
    BROKEN[title](world)
    context = world.context()
    for change in changes_for(run([BY_TITLE[title]], context), context):
        assert change.before != change.after
        change.apply()

    assert result_of(BY_TITLE[title], world.context()).mark is Mark.FINE


def test_a_new_secret_is_made_and_not_shown(world: World):
    world.remove("ledger-key")
    context = world.context()

    (change,) = changes_for(run([BY_TITLE["secrets"]], context), context)
    assert (change.before, change.after) == ("missing", "a new random value")
    change.apply()
    assert result_of(BY_TITLE["ledger-key"], world.context()).mark is Mark.FINE


def test_a_name_alone_is_a_sender(world: World):
    sid, token = world.twilio.credentials
    service = Twilio(sid, token, world.twilio.url).create_service("Names")
    twilio(fromMessagingServiceSid=service.sid)(world)
    (without,) = run([BY_TITLE["sender"]], world.context())
    requests.post(
        f"{world.twilio.url}/v1/Services/{service.sid}/AlphaSenders",
        data={"AlphaSender": "Acme"},
        auth=world.twilio.credentials,
        timeout=30,
    )
    (found,) = run([BY_TITLE["sender"]], world.context())

    assert without.is_wrong
    assert found.result.mark is Mark.FINE


def test_a_stage_that_was_only_deployed_needs_no_credential_to_be_told_so(world: World):
    world.remove("logto/management")
    world.environment["LOGTO_APP_ID"] = merged()["Parameters"]["LogtoAppId"]["Default"]

    (found,) = run([BY_TITLE["application at Logto"]], world.context())
    assert found.result.mark is Mark.FAILED
    assert found.command == "portaria setup --stage prod"


def test_a_missing_credential_is_no_finding(world: World):
    world.remove("logto/management")

    findings = {each.check.title: each for each in run(CHECKS, world.context())}
    for title in ("SMS connector", "redirect URI", "Management API", "logto/management"):
        assert findings[title].result.mark is Mark.SKIPPED
        assert findings[title].result.said == "logto/management is not in SSM"
    assert not any(each.is_wrong for each in findings.values())


SECRETIVE = ("logto/management", "application's secret", "connector's secret", "Twilio")


def test_no_check_shows_a_secret_where_all_are_wrong(world: World):
    for title in SECRETIVE:
        BROKEN[title](world)

    findings = run(CHECKS, world.context())
    wrong = {each.check.title for each in findings if each.is_wrong}
    assert {"logto/management", "Twilio"} <= wrong
    assert_harmless(findings)


def test_where_nothing_can_be_reached_it_ends_and_says_what_to_do(world: World):
    world.environment |= dict.fromkeys(
        ("LOGTO_ENDPOINT", "PUBLIC_URL", "TWILIO_API_URL", "AWS_ENDPOINT_URL"), NOBODY
    )
    findings = run(CHECKS, Context(Stage("prod", world.environment)))

    by_title = {each.check.title: each for each in findings}
    assert by_title["application"].is_wrong
    assert by_title["AWS credentials"].command == "aws sts get-caller-identity"
    assert by_title["sessions table"].result.mark is Mark.SKIPPED
    assert by_title["Logto"].result.mark is not Mark.FINE


def test_a_check_that_gets_no_answer_is_given_up(world: World):
    with socket.create_server((LOOPBACK, 0)) as silent:
        port = silent.getsockname()[1]
        world.environment["LOGTO_ENDPOINT"] = f"http://{LOOPBACK}:{port}"
        (found,) = run([BY_TITLE["Logto"]], world.context(), bound_seconds=0.1)

    assert (found.result.mark, found.result.said) == (Mark.SKIPPED, "no answer within 0.1 s")


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits_the_terminal(world: World, width: int):
    world.put("templates/SignIn", "Hello", "String")

    lines = printed(run(CHECKS, world.context()), width).split("\n")
    assert all(len(line) <= width for line in lines if not line.startswith("  Next:"))


def test_the_country_guide_names_checks_with_their_codes():
    guide = (ROOT / "docs" / "guides" / "countries.md").read_text(encoding="utf-8")
    table = re.findall(r"\| `([^`]+)` \(\[(P\d+)\]", guide)

    assert len(table) > 5
    assert all(BY_TITLE[title].problem.code == code for title, code in table)


def test_the_page_of_checks_is_complete():
    page = PAGE.path.read_text(encoding="utf-8")

    assert page == PAGE.render()
    assert all(f"| {check.title} |" in page for check in CHECKS)
