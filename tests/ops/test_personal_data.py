"""`export` and `forget` after codes and a sign-in of one person, beside another one's."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pytest

import app
from chalicelib.otp.aws.queue import SqsOtpQueue
from chalicelib.otp.ledger_keys import LedgerKeys
from ops.__main__ import main
from ops.errors import OperatorError, Status
from ops.errors.setting_up import LOGTO_REFUSED
from ops.forgetting import Done, Forgetting
from ops.holdings import Holdings, holdings
from ops.personal_data import ELSEWHERE
from ops.stage import Stage
from sandbox.identity.settings import MANAGEMENT_API
from tests.kit.application import AUTHORIZATION, LEDGER_KEY, be_the_sandbox, listening
from tests.kit.browser import Browser
from tests.kit.engines import LOOPBACK, ROOT
from tests.kit.fakes.clock import Clock
from tests.kit.identity import MACHINE, SECRET, Logto, running_logto, sign_in_at
from tests.kit.pipeline import Pipeline, running_pipeline
from tests.kit.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NUMBER, OTHER_SPELLING, STRANGER = "+5511987654321", "+551187654321", "+12125550123"
CREDENTIAL = {"id": MACHINE, "secret": SECRET, "resource": MANAGEMENT_API}
CODE, DEAD_CODE = "864209", "975310"
NOTHING = dict.fromkeys(Done.__dataclass_fields__, 0)
LATER_SECONDS = 5 * 86_400  # than moto's queues and the limits keep anything


@dataclass
class World:
    pipeline: Pipeline
    site: Browser

    def stage(self, later: float = 0.0) -> Stage:
        stage = Stage("test", self.pipeline.stage.environment)
        stage.portaria.clock = lambda: time.time() + later
        return stage

    def forgetting(self, number: str = NUMBER, later: float = 0.0) -> Forgetting:
        stage = self.stage(later)
        return Forgetting(stage, number, holdings(stage, number))

    def ask(self, number: str, code: str) -> None:
        body = {"to": number.removeprefix("+"), "type": "SignIn", "payload": {"code": code}}
        answer = self.site.post("/otp", json=body, headers={"Authorization": AUTHORIZATION})
        assert answer.status_code == 200
        self.pipeline.work_until_done()

    def put_dead_letter(self, number: str) -> None:
        stage = self.pipeline.stage
        body = {"to": number.removeprefix("+"), "type": "SignIn", "payload": {"code": DEAD_CODE}}
        queue = SqsOtpQueue(stage.sqs, stage.queue_url, stage.dead_letter_queue_url)
        queue.put_dead_letter(json.dumps(body), "reason", "message-1", time.time())

    def is_signed_in(self) -> bool:
        return self.site.get("/account").status_code == 200

    def dead_letters(self) -> list[str]:
        stage = self.pipeline.stage
        found = stage.sqs.receive_message(
            QueueUrl=stage.dead_letter_queue_url, MaxNumberOfMessages=10
        )
        return [each["Body"] for each in found["Messages"]]

    def items(self) -> list[Any]:
        stage = self.pipeline.stage
        found: list[Any] = stage.dynamodb.scan(TableName=stage.ledger_table)["Items"]
        return found


@pytest.fixture(scope="module")
def logto() -> Iterator[Logto]:
    with running_logto(clock=Clock(time.time())) as logto:
        yield logto


@pytest.fixture
def world(moto_server: str, logto: Logto, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with ExitStack() as stack:
        urls = {"LOGTO_ENDPOINT": logto.url, "PUBLIC_URL": logto.app.url}
        pipeline = stack.enter_context(running_pipeline(moto_server, monkeypatch, **urls))
        pipeline.stage.put("logto/management", json.dumps(CREDENTIAL))
        port = stack.enter_context(listening(app.app))
        site = stack.enter_context(Browser(f"http://{LOOPBACK}:{port}"))
        world = World(pipeline, site)
        sign_in_at(site, logto, NUMBER.removeprefix("+"))
        world.ask(NUMBER, CODE)
        world.ask(OTHER_SPELLING, CODE)
        world.ask(STRANGER, CODE)
        world.put_dead_letter(NUMBER)
        world.put_dead_letter(STRANGER)
        wait_until(lambda: len(pipeline.texts()) == 3)
        yield world


def test_everything_about_a_number_is_exported_to_its_owner_alone_and_no_code(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    be_the_sandbox(world.pipeline.stage.environment, tmp_path, monkeypatch)
    file = tmp_path / "person.json"
    assert main(["export", NUMBER, "--stage", "local", "--out", str(file)]) == Status.FINE

    assert file.stat().st_mode & 0o777 == 0o600
    written = file.read_text()
    for secret in (CODE, DEAD_CODE, STRANGER.removeprefix("+")):
        assert secret not in written
    document = json.loads(written)
    assert document["number"] == NUMBER
    assert [each["outcome"] for each in document["codes"]] == ["sent", "sent"]
    assert document["codes"][0]["accepted_at"].startswith("20")
    assert [len(document[name]) for name in ("newest_codes", "limits", "dead_letters")] == [1, 2, 1]
    assert [len(each["sessions"]) for each in document["accounts"]] == [1]


def test_a_logto_that_refuses_the_credential_ends_it_before_anything_is_deleted(world: World):
    world.pipeline.stage.put("logto/management", json.dumps(CREDENTIAL | {"secret": "wrong"}))

    with pytest.raises(OperatorError, match="invalid_client") as failure:
        world.forgetting()
    assert failure.value.problem is LOGTO_REFUSED


def test_what_protects_somebody_stays_and_all_else_is_deleted(world: World):
    before = world.items()
    forgetting = world.forgetting()
    done, failures = forgetting.carry_out()

    assert len(forgetting.staying["messages_at_twilio"]) == 2
    assert (failures, asdict(done)) == ([], NOTHING | {"sessions": 1, "dead_letters": 1})
    assert world.items() == before
    assert not world.is_signed_in()
    (left,) = world.dead_letters()
    assert STRANGER.removeprefix("+") in left


def test_what_is_of_no_use_any_more_is_deleted_at_twilio_too(world: World):
    done, failures = world.forgetting(later=LATER_SECONDS).carry_out()

    assert failures == []
    assert (done.codes, done.newest_codes, done.limits, done.messages_at_twilio) == (2, 1, 2, 2)
    assert world.pipeline.texts(NUMBER) == world.pipeline.texts(OTHER_SPELLING) == []
    assert len(world.pipeline.texts(STRANGER)) == 1
    hashes = {each["recipient_hash"]["S"] for each in world.items() if "recipient_hash" in each}
    assert hashes == {LedgerKeys.from_base64(LEDGER_KEY).recipient(STRANGER)}
    kept = [each["id"]["S"].partition("#")[0] for each in world.items() if "n0" in each]
    assert kept == ["limit"]


def test_what_has_just_changed_stays_and_entries_whose_message_twilio_keeps(world: World):
    late = world.forgetting(later=LATER_SECONDS)
    world.ask(NUMBER, "135791")
    world.pipeline.stage.put("twilio", "{}")
    done, failures = late.carry_out()

    assert (done.codes, done.newest_codes, done.limits) == (0, 0, 1)
    assert [each.partition(" SM")[0] for each in failures] == [
        "message",
        "message",
        "an item of newest_codes, which has just changed",
        "an item of limits, which has just changed",
    ]


def table(section: str) -> list[list[str]]:
    """Return the cells of the first table in a section of the page on personal data."""
    page = (ROOT / "docs" / "explanation" / "personal-data.md").read_text(encoding="utf-8")
    lines = page.partition(f"## {section}\n")[2].partition("\n## ")[0].splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("|")]
    return rows[2:]


def test_the_page_on_personal_data_has_what_the_commands_reach_and_what_they_do_not():
    reached = {cells[0].strip("`"): cells[1] for cells in table("What the commands reach")}
    kept = {cells[1].partition(",")[0] for cells in table("What is kept")}

    assert list(reached) == list(Holdings((), (), (), (), ()).as_json())
    assert kept == {*reached.values(), *(each.where for each in ELSEWHERE)}
