"""`setup` against stand-ins that begin empty, and SSM in moto."""

from __future__ import annotations

import json
import logging
import os
import pty
import stat
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from click.testing import CliRunner

from chalicelib.otp.aws.ledger import DynamoDBLedger
from chalicelib.otp.ledger import LedgerEntry, LedgerResult, Outcome
from ops.__main__ import main
from ops.delivery import Delivery
from ops.errors import OperatorError, Status
from ops.errors.codes import TEST_NOT_DELIVERED
from ops.errors.setting_up import (
    ANSWER_MISSING,
    BACKUP_FAILED,
    CHOICES_CONTRADICT,
    CREDENTIAL_UNREADABLE,
    MFA_BY_SMS,
)
from ops.logto.client import Logto as Client
from ops.logto.resources import HTTP_SMS, TWILIO_SMS, Credential
from ops.setup.answers import CREDENTIAL_VARIABLE, Answers, resource
from ops.setup.choices import NOTHING_CHOSEN, Choices, Factor, MfaPolicy, asked
from ops.setup.experience import present
from ops.setup.run import Setup
from ops.setup.store import Store
from ops.stage import Stage
from ops.twilio import Twilio as TwilioClient
from tests.kit.application import Stage as KitStage
from tests.kit.application import be_the_sandbox
from tests.kit.engines import ROOT
from tests.kit.identity import MACHINE, SECRET, running_logto
from tests.kit.phone import NUMBER, running_twilio
from tests.kit.recordings import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ops.errors import Problem
    from tests.kit.identity import Logto
    from tests.kit.phone import Twilio

TWILIO_CONFIG = recorded("management-connector-twilio")["get_one"]["answer"]["config"]


@dataclass
class World:
    """An account, a tenant and a stage that nobody has set up."""

    logto: Logto
    twilio: Twilio
    stage: Stage
    backups: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def client(self) -> Client:
        return Client(self.logto.url, Credential(MACHINE, SECRET), clock=self.logto.clock)

    @property
    def account(self) -> TwilioClient:
        return TwilioClient(*self.twilio.credentials, self.twilio.url)

    @property
    def parameters(self) -> dict[str, str]:
        return Store(self.stage.client("ssm"), self.stage.environment["PARAMETER_PREFIX"]).values

    def put(self, name: str, value: str) -> None:
        prefix = self.stage.environment["PARAMETER_PREFIX"]
        self.stage.client("ssm").put_parameter(
            Name=f"{prefix}/{name}", Value=value, Type="SecureString", Overwrite=True
        )

    def adopt(self, app_id: str) -> None:
        """Have the stage changed, as CloudFormation does it."""
        self.stage = Stage("test", {**self.stage.environment, "LOGTO_APP_ID": app_id})

    def found(self, **answers: Any) -> Setup:
        """Return a set-up whose plan is made."""
        setup = Setup(
            self.stage, Answers(self.environment, **answers), self.backups, adopt=self.adopt
        )
        setup.find()
        return setup

    def set_up(self, choices: Choices = NOTHING_CHOSEN, **changes: Any) -> Setup:
        setup = self.found(choices=choices)
        agreed: dict[str, Any] = {"agreed": True, "may_replace": False}
        assert setup.run(**(agreed | changes)) == 0
        return setup

    def secrets(self) -> set[str]:
        """Return everything that must be seen nowhere."""
        held = self.parameters
        return {
            held["otp/authorization"],
            held["otp/authorization"].removeprefix("Bearer "),
            held["ledger-key"],
            held["logto/app-secret"],
            json.loads(held["twilio"])["authToken"],
            SECRET,
        }


@pytest.fixture
def world(moto_server: str, tmp_path: Path) -> Iterator[World]:
    with (
        running_logto(empty=True) as logto,
        running_twilio(messaging_service_sids=frozenset()) as twilio,
    ):
        kit = KitStage(
            moto_server,
            PUBLIC_URL=logto.app.url,
            LOGTO_ENDPOINT=logto.url,
            LOGTO_APP_ID="not-yet",
            TWILIO_API_URL=twilio.url,
            PARAMETER_PREFIX=f"/portaria/{uuid4().hex}",
        )
        sid, token = twilio.credentials
        environment = {
            CREDENTIAL_VARIABLE: json.dumps({"id": MACHINE, "secret": SECRET}),
            "TWILIO_ACCOUNT_SID": sid,
            "TWILIO_AUTH_TOKEN": token,
        }
        yield World(logto, twilio, Stage("test", kit.environment), tmp_path / "saved", environment)


def test_a_sign_in_works_through_an_empty_tenant_that_was_set_up(world: World):
    setup = world.set_up()

    (application,) = world.client.applications()
    assert world.stage.settings.logto_app_id == application.id
    callback = world.logto.sign_in(world.logto.browser(), client_id=application.id)
    tokens = world.logto.redeem(
        callback["code"],
        client_id=application.id,
        client_secret=world.parameters["logto/app-secret"],
    )
    assert tokens.status_code == 200
    (code,) = world.logto.app.posted("otp")
    assert code.headers["Authorization"] == world.parameters["otp/authorization"]
    assert application.metadata["backchannelLogoutUri"] == f"{setup.url}/backchannel-logout"
    assert application.metadata["backchannelLogoutSessionRequired"] is True
    experience = world.client.sign_in_experience()
    assert experience["unknownSessionRedirectUrl"] == f"{setup.url}/sign-in"
    assert [each["identifier"] for each in experience["signIn"]["methods"]] == [
        "username",
        "phone",
    ]


def test_twilio_gets_a_messaging_service_that_sends_from_the_number(world: World):
    world.set_up()

    (service,) = world.account.services()
    (sender,) = world.account.senders(service.sid)
    assert sender.sends_texts
    assert json.loads(world.parameters["twilio"])["fromMessagingServiceSid"] == service.sid
    assert "templates/SignIn/pt-BR" in world.parameters


def test_a_second_run_changes_nothing(world: World):
    world.set_up()
    before = world.parameters, world.client.sign_in_experience(), world.client.sms_connector()

    second = world.set_up()

    assert second.plan.changes == []
    assert before == (
        world.parameters,
        world.client.sign_in_experience(),
        world.client.sms_connector(),
    )
    assert len(world.client.applications()) == 1


def test_an_interrupted_run_is_completed_by_the_next(world: World):
    """Wherever it is interrupted: after each change another run begins."""
    changes = len(world.found().plan.changes)
    for _ in range(changes):
        first, *_ = world.found().plan.changes
        first.apply()

    assert world.found().plan.changes == []
    assert len(world.client.applications()) == 1
    assert len(world.account.services()) == 1


def test_a_dry_run_changes_nothing(world: World):
    assert world.found().run(agreed=False, may_replace=False, dry_run=True) == 0

    assert world.parameters == {}
    assert world.client.applications() == []
    assert world.account.services() == []


def test_what_others_set_stays(world: World):
    theirs = {
        "redirectUris": ["https://other.example.com/callback"],
        "postLogoutRedirectUris": [],
        "logoUri": "https://other.example.com/logo.png",
    }
    application = world.client.create_application("theirs", theirs)
    stage = Stage("test", {**world.stage.environment, "LOGTO_APP_ID": application.id})
    world.stage = stage
    world.put("otp/authorization", "Bearer theirs")
    world.client.create_connector(
        HTTP_SMS, {"endpoint": f"{world.logto.app.url}/otp", "authorization": "Bearer other"}
    )
    redirect = "https://other.example.com/lost"
    world.client.update_sign_in_experience(
        {"unknownSessionRedirectUrl": redirect, "termsOfUseUrl": "https://other.example.com/"}
    )

    setup = world.set_up()

    metadata = world.client.application(application.id).metadata
    assert metadata["redirectUris"] == [*theirs["redirectUris"], f"{setup.url}/callback"]
    assert metadata.get("logoUri") == theirs["logoUri"]
    assert world.parameters["otp/authorization"] == "Bearer theirs"
    experience = world.client.sign_in_experience()
    assert experience["unknownSessionRedirectUrl"] == redirect
    assert experience["termsOfUseUrl"] == "https://other.example.com/"
    assert any(redirect in note for note in setup.plan.notes)


def test_a_new_address_is_added_and_the_connector_follows_it(world: World):
    """As the guide to a domain of one's own has it."""
    old, new = world.set_up().url, "https://login.example.com"
    world.stage = Stage("test", {**world.stage.environment, "PUBLIC_URL": new})
    setup = world.set_up(may_replace=True)

    metadata = world.client.application(world.stage.environment["LOGTO_APP_ID"]).metadata
    assert metadata["redirectUris"] == [f"{old}/callback", f"{new}/callback"]
    assert metadata["postLogoutRedirectUris"] == [f"{old}/", f"{new}/"]
    assert metadata["backchannelLogoutUri"] == f"{new}/backchannel-logout"
    connector = world.client.sms_connector()
    assert connector is not None
    assert connector.config["endpoint"] == f"{new}/otp"
    assert any(f"{old}/sign-in" in note for note in setup.plan.notes)


@pytest.fixture
def with_twilios_connector(world: World) -> World:
    del world.environment["TWILIO_ACCOUNT_SID"], world.environment["TWILIO_AUTH_TOKEN"]
    service = world.account.create_service("Theirs")
    sid, token = world.twilio.credentials
    config = TWILIO_CONFIG | {
        "accountSID": sid,
        "authToken": token,
        "fromMessagingServiceSID": service.sid,
    }
    world.client.create_connector(TWILIO_SMS, config)
    return world


def test_the_former_connector_is_saved_for_its_owner_alone_and_imported(
    with_twilios_connector: World,
):
    world = with_twilios_connector
    former = world.client.sms_connector()
    assert former is not None

    world.set_up(may_replace=True)

    (file,) = world.backups.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(world.backups.stat().st_mode) == 0o700
    assert json.loads(file.read_text()) == {"connectorId": TWILIO_SMS, "config": former.config}
    present = world.client.sms_connector()
    assert present is not None
    assert present.kind == HTTP_SMS
    imported = json.loads(world.parameters["twilio"])
    assert imported["authToken"] == former.config["authToken"]
    assert imported["fromMessagingServiceSid"] == former.config["fromMessagingServiceSID"]
    texts = {each["usageType"]: each["content"] for each in former.config["templates"]}
    assert world.parameters["templates/SignIn"] == texts["SignIn"]


def test_a_text_that_a_team_wrote_is_not_replaced_by_the_connectors(
    with_twilios_connector: World,
):
    world = with_twilios_connector
    world.put("templates/SignIn", "Ours: [[code]]")

    setup = world.set_up(may_replace=True)

    assert world.parameters["templates/SignIn"] == "Ours: {{code}}"
    assert any("templates/SignIn" in note for note in setup.plan.notes)


def test_another_account_than_the_parameters_is_told(with_twilios_connector: World):
    world = with_twilios_connector
    sid, token = world.twilio.credentials
    (service,) = world.account.services()
    held = {"accountSID": sid, "authToken": token, "fromMessagingServiceSid": service.sid}
    world.put("twilio", json.dumps(held))
    config = TWILIO_CONFIG | {"accountSID": "AC" + "9" * 32}
    world.client.create_connector(TWILIO_SMS, config)

    setup = world.set_up(may_replace=True)

    assert any("another Twilio account" in note for note in setup.plan.notes)
    assert json.loads(world.parameters["twilio"]) == held


def test_only_its_own_yes_replaces_a_connector(with_twilios_connector: World):
    with pytest.raises(OperatorError) as refused:
        with_twilios_connector.set_up()

    assert refused.value.problem is ANSWER_MISSING
    assert "--replace-connector" in refused.value.detail
    connector = with_twilios_connector.client.sms_connector()
    assert connector is not None
    assert connector.kind == TWILIO_SMS
    assert with_twilios_connector.parameters == {}


def test_a_connector_that_cant_be_saved_is_not_replaced(with_twilios_connector: World):
    with_twilios_connector.backups.write_text("in the way")

    with pytest.raises(OperatorError) as refused:
        with_twilios_connector.set_up(may_replace=True)

    assert refused.value.problem is BACKUP_FAILED
    connector = with_twilios_connector.client.sms_connector()
    assert connector is not None
    assert connector.kind == TWILIO_SMS


def test_no_secret_is_printed_or_logged(
    with_twilios_connector: World,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
):
    caplog.set_level(logging.INFO)  # below, botocore logs whole requests
    world = with_twilios_connector
    world.set_up(may_replace=True)
    world.set_up(as_json=True)

    said = capfd.readouterr()
    seen = said.out + said.err + caplog.text
    assert "••••••" in said.out
    assert not [secret for secret in world.secrets() if secret in seen]


def test_json_is_one_document_on_stdout(world: World, capsys: pytest.CaptureFixture[str]):
    world.set_up(as_json=True)

    printed = json.loads(capsys.readouterr().out)
    assert all(each["done"] for each in printed["changes"])
    assert printed["sign_in"] == f"{world.logto.app.url}/"


@pytest.mark.parametrize(
    ("missing", "option"),
    [
        (CREDENTIAL_VARIABLE, "--logto-credential"),
        ("TWILIO_AUTH_TOKEN", "TWILIO_AUTH_TOKEN"),
    ],
)
def test_without_a_terminal_an_error_names_what_is_missing(world: World, missing: str, option: str):
    del world.environment[missing]

    with pytest.raises(OperatorError) as refused:
        world.found()

    assert refused.value.problem is ANSWER_MISSING
    assert option in refused.value.detail


def test_without_a_terminal_a_plan_needs_its_yes(world: World):
    with pytest.raises(OperatorError, match="--yes"):
        world.set_up(agreed=False)

    assert world.parameters == {}


def test_a_credential_that_cant_be_read_is_not_quoted(world: World, tmp_path: Path):
    file = tmp_path / "credential.json"
    file.write_text('{"id": "machine", "secret": "hush"')

    with pytest.raises(OperatorError) as refused:
        world.found(credential_file=file)

    assert refused.value.problem is CREDENTIAL_UNREADABLE
    assert "hush" not in str(refused.value)


def test_mfa_by_sms_is_told_before_anything_is_changed(world: World):
    world.client.update_sign_in_experience(
        {"mfa": {"factors": ["PhoneVerificationCode"], "policy": "UserControlled"}}
    )

    with pytest.raises(OperatorError) as refused:
        world.found()

    assert refused.value.problem is MFA_BY_SMS


BY_PASSWORD = recorded("management-sign-in-exp")["mfa_phone_password_only"]["body"]
PASSKEY, BACKUP = Factor.PASSKEY, Factor.BACKUP_CODES
NOTHING = Choices(password=False, forgot_password=False, factors=(Factor.NONE,), passkeys=False)


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        (Choices(password=True), {"signUp": True, "signIn": True}),
        (Choices(forgot_password=True), {"forgotPasswordMethods": ["PhoneVerificationCode"]}),
        (
            Choices(factors=(PASSKEY, BACKUP), policy=MfaPolicy.MANDATORY),
            {"mfa": {"factors": ["WebAuthn", "BackupCode"], "policy": "Mandatory"}},
        ),
        (
            Choices(passkeys=True),
            {"passkeySignIn": {"enabled": True, "showPasskeyButton": True, "allowAutofill": True}},
        ),
    ],
)
def test_what_is_chosen_is_set_once_and_can_be_taken_back(
    world: World, choices: Choices, expected: dict[str, Any]
):
    world.set_up()

    first = world.set_up(choices)

    found = world.client.sign_in_experience()
    phone = found["signIn"]["methods"][-1]
    passwords = {"signUp": found["signUp"]["password"], "signIn": phone["password"]}
    assert expected.items() <= (found | passwords).items()
    assert phone["verificationCode"] is True
    (change,) = first.plan.changes
    assert change.before != change.after
    assert world.set_up(choices).plan.changes == []
    assert world.set_up().plan.changes == []
    world.set_up(NOTHING)
    assert replace(present(world.client.sign_in_experience()), policy=None) == NOTHING


def test_passkeys_take_the_place_of_sms_as_second_factor_before_sign_in_by_sms_comes(world: World):
    world.set_up()
    world.client.update_sign_in_experience(BY_PASSWORD)

    world.set_up(Choices(factors=(PASSKEY,)))

    found = world.client.sign_in_experience()
    assert found["mfa"]["factors"] == ["WebAuthn"]
    assert found["signIn"]["methods"][0] == {
        "identifier": "phone",
        "password": True,
        "verificationCode": True,
        "isPasswordPrimary": False,
    }


@pytest.mark.parametrize(
    ("choices", "problem"),
    [
        (Choices(factors=(PASSKEY, Factor.SMS)), MFA_BY_SMS),
        (Choices(factors=(BACKUP,)), CHOICES_CONTRADICT),
        (Choices(factors=(PASSKEY, Factor.NONE)), CHOICES_CONTRADICT),
        (Choices(policy=MfaPolicy.MANDATORY), CHOICES_CONTRADICT),
    ],
)
def test_what_logto_would_refuse_is_told_before_anything_is_changed(
    world: World, choices: Choices, problem: Problem
):
    with pytest.raises(OperatorError) as refused:
        world.found(choices=choices)

    assert refused.value.problem is problem
    assert world.parameters == {}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ("\n\n\n", NOTHING_CHOSEN),
        (
            "y\n\ny\nsms\npasskey, backup-codes\ny\n",
            Choices(
                password=True,
                factors=(PASSKEY, BACKUP),
                policy=MfaPolicy.MANDATORY,
                passkeys=True,
            ),
        ),
    ],
)
def test_choices_are_asked_for_and_an_empty_answer_changes_nothing(answers: str, expected: Choices):
    held = replace(NOTHING, forgot_password=True, policy=MfaPolicy.OPTIONAL)
    with CliRunner().isolation(input=answers) as (_, said, _both):
        assert asked(held) == expected

        refused = b"Logto refuses SMS as second factor" in said.getvalue()
    assert refused == ("sms" in answers)


def test_another_lifetime_of_codes_is_noted(world: World):
    world.client.update_sign_in_experience({"verificationCodePolicy": {"expirationDuration": 300}})

    assert any("CODE_LIFETIME_SECONDS" in note for note in world.found().plan.notes)


def test_countries_that_twilio_does_not_allow_are_noted(moto_server: str, world: World):
    with running_twilio(countries=frozenset({"BR"})) as twilio:
        world.stage = Stage(
            "test",
            {
                **world.stage.environment,
                "TWILIO_API_URL": twilio.url,
                "ALLOWED_COUNTRIES": "BR PT",
                "AWS_ENDPOINT_URL": moto_server,
            },
        )
        notes = world.found().plan.notes

    (note,) = (each for each in notes if "geographic permissions" in each)
    assert "PT" in note
    assert "BR" not in note


def test_one_of_several_numbers_must_be_named(world: World):
    numbers = frozenset({"+15005550006", "+15005550007"})
    with running_twilio(numbers=numbers, messaging_service_sids=frozenset()) as twilio:
        environment = {**world.stage.environment, "TWILIO_API_URL": twilio.url}
        world.stage = Stage("test", environment)
        with pytest.raises(OperatorError, match="--twilio-number"):
            world.found()
        chosen = world.found(twilio_number="+15005550007")

    assert any(each.after == "+15005550007" for each in chosen.plan.changes)


@pytest.fixture
def sandbox(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """The same world, as `--stage local` finds it without a terminal."""
    be_the_sandbox({**world.stage.environment, "STAGE": "local"}, tmp_path, monkeypatch)
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    return world


def test_the_command_sets_up_and_then_finds_nothing_to_do(
    sandbox: World, capsys: pytest.CaptureFixture[str]
):
    command = ["setup", "--stage", "local", "--yes", "--backups", str(sandbox.backups)]

    assert main(command) == Status.FINE
    assert f"Sign in: {sandbox.logto.app.url}/" in capsys.readouterr().out
    assert main(command) == Status.FINE
    assert "nothing to change" in capsys.readouterr().out


def test_on_a_terminal_what_is_missing_is_asked_for_and_secrets_are_not_shown(
    sandbox: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv(CREDENTIAL_VARIABLE)
    answers = {"App ID": MACHINE, "App secret": SECRET, "Make these changes?": "y"}

    seen = on_a_terminal(["setup", "--stage", "local"], answers)

    assert "Sign in: " in seen
    assert not [secret for secret in sandbox.secrets() if secret in seen]
    assert sandbox.client.sms_connector() is not None


def on_a_terminal(command: list[str], answers: dict[str, str]) -> str:
    """Run a command in a pseudo-terminal and answer its questions; returns what was seen."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(  # noqa: S603 - our own arguments
        [sys.executable, "-m", "ops", *command],
        cwd=ROOT,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    seen, waiting = "", dict(answers)
    with suppress(OSError):  # Linux says so that the other end is closed
        while chunk := os.read(ours, 4096):
            seen += chunk.decode(errors="replace")
            for question in [each for each in waiting if each in seen and seen.endswith(": ")]:
                os.write(ours, f"{waiting.pop(question)}\n".encode())
    os.close(ours)
    assert process.wait() == 0, seen
    return seen


@pytest.mark.parametrize(
    ("given", "code", "status"),
    [
        ((CREDENTIAL_VARIABLE, '{"id": "machine", "secret": "no"}'), "P052", Status.FAILED),
        (("TWILIO_AUTH_TOKEN", "wrong"), "P053", Status.FAILED),
        (("TWILIO_AUTH_TOKEN", ""), "P050", Status.USAGE),
    ],
)
@pytest.mark.usefixtures("sandbox")
def test_what_is_refused_has_its_code(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    given: tuple[str, str],
    code: str,
    status: Status,
):
    monkeypatch.setenv(*given)

    assert main(["setup", "--stage", "local", "--yes"]) == status
    assert f"Error {code}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("https://foo.logto.app/", "https://foo.logto.app/api"),
        ("https://auth.example.com", "https://default.logto.app/api"),
    ],
)
def test_the_resource_follows_from_the_tenants_host(endpoint: str, expected: str):
    assert resource(endpoint) == expected


def test_a_test_message_is_followed_to_its_last_status(world: World):
    world.set_up()
    message = world.twilio.send(to="+12125550123", from_=NUMBER)

    statuses = list(delivery(world).follow("+12125550123", lambda: sent(world, message.sid)))

    assert statuses[0] == "accepted"
    assert statuses[-1] == "delivered"


def test_a_test_message_that_is_refused_is_an_error(world: World):
    world.set_up()

    with pytest.raises(OperatorError, match="refused") as failure:
        list(delivery(world).follow("+12125550123", lambda: sent(world, None)))

    assert failure.value.problem is TEST_NOT_DELIVERED


def delivery(world: World) -> Delivery:
    return Delivery(world.stage.portaria, world.account)


def sent(world: World, sid: str | None) -> None:
    """Record a code as the worker does."""
    portaria = world.stage.portaria
    outcome = Outcome.SENT if sid else Outcome.REFUSED
    entry = LedgerEntry(
        id=uuid4().hex,
        recipient_hash=portaria.ledger_keys().recipient("+12125550123"),
        usage_type="Generic",
        region="US",
        message_id=uuid4().hex,
        accepted_at=portaria.clock(),
    ).ended(portaria.clock(), LedgerResult(outcome, sid, None if sid else 21211))
    table = world.stage.environment["LEDGER_TABLE"]
    DynamoDBLedger(world.stage.client("dynamodb"), table, 3600).save(entry)
