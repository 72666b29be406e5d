"""`texts`: between SSM and files, their cost, and Logto's Twilio connector in and out."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest

from ops.__main__ import main
from ops.errors import Status
from ops.parameters import default_templates, put_missing
from tests.kit.application import Stage, be_the_sandbox

if TYPE_CHECKING:
    from pathlib import Path

SIGN_IN = "{{code}} is your code to sign in. It expires in {{minutes}} min. Don't share it."
TOKEN = "0123456789abcdef" * 2
# As Logto's Management API answers; the order of names and its other fields are its own.
CONNECTOR = {
    "id": "vi08exap4dwn",
    "syncProfile": False,
    "config": {
        "authToken": TOKEN,
        "templates": [
            {"content": f"Acme {usage}: {{{{code}}}} (10 min).", "usageType": usage}
            for usage in ("SignIn", "Register", "ForgotPassword", "Generic")
        ],
        "accountSID": "AC" + "0" * 32,
        "fromMessagingServiceSID": "MG" + "0" * 32,
    },
    "metadata": {},
    "connectorId": "twilio-short-message-service",
    "target": "twilio-sms",
    "type": "Sms",
}


@pytest.fixture
def stage(moto_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A sandbox's stage with the default texts, in a folder without files."""
    found = Stage(moto_server)
    be_the_sandbox(found.environment, tmp_path, monkeypatch)
    monkeypatch.chdir(tmp_path)
    put_missing(found.ssm, found.prefix, default_templates())
    return found


def value(stage: Stage, name: str) -> str:
    found = stage.ssm.get_parameter(Name=f"{stage.prefix}/{name}", WithDecryption=True)
    text: str = found["Parameter"]["Value"]
    return text


def texts(*arguments: str) -> int:
    return main(["texts", *arguments, "--stage", "local"])


def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("stage")
def test_texts_are_listed(capsys: pytest.CaptureFixture[str]):
    assert texts("list") == Status.FINE
    lines = capsys.readouterr().out.splitlines()

    assert lines[0].split() == ["text", "version", "SMS", "encoding", "problems", "words"]
    assert lines[1].split()[:5] == ["ForgotPassword", "1", "1", "GSM-7", "none"]
    assert len(lines) == 1 + len(default_templates())


@pytest.mark.usefixtures("stage")
def test_texts_are_listed_as_json_and_the_default_ones_have_no_problem(
    capsys: pytest.CaptureFixture[str],
):
    assert texts("list", "--json") == Status.FINE

    found = {each["name"]: each for each in printed(capsys)}
    assert found["SignIn"]["text"] == SIGN_IN
    assert found["SignIn/es"]["locale"] == "es"
    assert all(each["segments"] == 1 and not each["problems"] for each in found.values())
    assert texts("lint") == Status.FINE


@pytest.mark.usefixtures("stage")
def test_a_text_is_shown_as_logto_would_have_it(capsys: pytest.CaptureFixture[str]):
    assert texts("show", "SignIn") == Status.FINE
    assert capsys.readouterr().out == f"{SIGN_IN}\n"

    assert texts("show", "Nothing") == Status.FAILED
    assert "portaria texts list --stage local" in capsys.readouterr().err


def test_texts_are_pulled_changed_and_pushed(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert texts("pull", "--yes") == Status.FINE
    file = tmp_path / "texts" / "SignIn.pt-BR.txt"
    file.write_text("{{code}} para entrar\n", encoding="utf-8")
    capsys.readouterr()

    assert texts("push", "--yes") == Status.FINE

    said = capsys.readouterr()
    assert said.out == ""
    assert "SignIn/pt-BR\n- {{code}} é o seu PIN" in said.err
    assert "\n+ {{code}} para entrar\n" in said.err
    assert value(stage, "templates/SignIn/pt-BR") == "[[code]] para entrar"
    assert value(stage, "templates/SignIn") == SIGN_IN.replace("{{", "[[").replace("}}", "]]")

    assert texts("push") == Status.FINE
    assert "Nothing to change" in capsys.readouterr().err


@pytest.mark.usefixtures("stage")
def test_what_was_moved_is_told_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    texts("pull", "--yes")
    (tmp_path / "texts" / "SignIn.txt").write_text("{{code}}", encoding="utf-8")
    connector = tmp_path / "connector.json"
    connector.write_text(json.dumps(CONNECTOR), encoding="utf-8")
    capsys.readouterr()

    change = {"text": "SignIn", "before": SIGN_IN, "after": "{{code}}"}
    told = {"where": "the stage local", "changes": [change], "account": [], "done": False}
    assert texts("push", "--dry-run", "--json") == Status.FINE
    assert printed(capsys) == told
    assert texts("push", "--yes", "--json") == Status.FINE
    assert printed(capsys) == {**told, "done": True}
    assert texts("import", str(connector), "--yes", "--json") == Status.FINE
    told = printed(capsys)
    assert len(told["changes"]) == 4
    assert told["account"] == ["accountSID", "authToken", "fromMessagingServiceSID"]
    assert TOKEN not in json.dumps(told)
    assert texts("pull", "--yes", "--json") == Status.FINE
    assert len(printed(capsys)["changes"]) == 4


def test_a_dry_run_changes_nothing(stage: Stage, tmp_path: Path):
    assert texts("pull", "--dry-run") == Status.FINE
    assert not (tmp_path / "texts").exists()

    texts("pull", "--yes")
    (tmp_path / "texts" / "SignIn.txt").write_text("{{code}}", encoding="utf-8")
    assert texts("push", "--dry-run") == Status.FINE
    assert value(stage, "templates/SignIn").startswith("[[code]] is your code")


def test_without_anybody_to_ask_nothing_is_changed(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    texts("pull", "--yes")
    (tmp_path / "texts" / "SignIn.txt").write_text("{{code}}", encoding="utf-8")
    capsys.readouterr()

    assert texts("push") == Status.USAGE
    assert "portaria texts push --stage local --yes" in capsys.readouterr().err
    assert value(stage, "templates/SignIn").startswith("[[code]] is your code")


def test_a_text_without_its_code_is_not_pushed(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    texts("pull", "--yes")
    (tmp_path / "texts" / "SignIn.txt").write_text("{code} to sign in", encoding="utf-8")

    assert texts("push", "--yes") == Status.FAILED
    assert "Error P030: Of no use: SignIn (code_missing)." in capsys.readouterr().err
    assert value(stage, "templates/SignIn").startswith("[[code]] is your code")


def test_texts_that_only_the_stage_has_stay(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    texts("pull", "--yes")
    (tmp_path / "texts" / "SignIn.pt-BR.txt").unlink()

    assert texts("push", "--yes") == Status.FINE
    assert "left as they are: SignIn/pt-BR" in capsys.readouterr().err
    assert value(stage, "templates/SignIn/pt-BR")


def test_problems_are_found_in_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "SignIn.txt").write_text("{{code}} {{link}} {{nmae}}", encoding="utf-8")
    (tmp_path / "Generic.es.txt").write_text("{{code}} " + "é" * 160, encoding="utf-8")

    assert main(["texts", "lint", "--folder", str(tmp_path)]) == Status.FAILED
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "Generic/es takes more than one SMS (segments)",
        "SignIn has a placeholder that stays as it is (unknown_placeholder)",
    ]
    assert "Texts checked: 2. Problems: 2." in said.err


def test_a_folder_without_texts_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["texts", "lint", "--folder", str(tmp_path)]) == Status.FAILED
    assert "Error P032" in capsys.readouterr().err


@pytest.mark.usefixtures("stage")
def test_a_preview_tells_what_a_thousand_cost(capsys: pytest.CaptureFixture[str]):
    assert texts("preview", "SignIn/pt-PT", "--price", "0.05", "--json") == Status.FINE

    (found,) = printed(capsys)
    assert found["text"].startswith("123456 é o seu PIN para entrar. Vale por 10 min.")
    assert (found["encoding"], found["segments"]) == ("GSM-7", 1)
    assert found["dollars_per_thousand"] == 50


def test_a_preview_counts_every_segment(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "SignIn.txt").write_text("{{code}} código " + "x" * 60, encoding="utf-8")

    assert main(["texts", "preview", "--folder", str(tmp_path), "--price", "0.01"]) == Status.FINE
    assert capsys.readouterr().out.splitlines()[0] == (
        "SignIn  UCS-2, 74 characters, 2 SMS, $20.00 per thousand"
    )


@pytest.mark.parametrize("document", [CONNECTOR, [CONNECTOR], CONNECTOR["config"]])
def test_a_connector_goes_in_and_comes_out(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str], document: Any
):
    file, out = tmp_path / "connector.json", tmp_path / "out.json"
    file.write_text(json.dumps(document), encoding="utf-8")

    assert texts("import", str(file), "--yes") == Status.FINE
    assert json.loads(value(stage, "twilio"))["authToken"] == TOKEN
    assert value(stage, "templates/SignIn") == "Acme SignIn: [[code]] (10 min)."
    assert texts("export", "--with-secrets", "--out", str(out)) == Status.FINE

    said = capsys.readouterr()
    assert TOKEN not in said.out + said.err
    exported = json.loads(out.read_text(encoding="utf-8"))
    expected = json.loads(json.dumps(CONNECTOR["config"]))
    for each in (exported["config"], expected):
        each["templates"].sort(key=lambda template: template["usageType"])
    assert exported == {"connectorId": CONNECTOR["connectorId"], "config": expected}
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


@pytest.mark.parametrize("is_link", [False, True])
def test_what_others_could_read_is_replaced_and_no_link_is_followed(
    stage: Stage, tmp_path: Path, *, is_link: bool
):
    stage.put("twilio", json.dumps(CONNECTOR["config"]))
    others, out = tmp_path / "others.json", tmp_path / "out.json"
    others.touch(0o644)
    out.symlink_to(others) if is_link else others.rename(out)

    assert texts("export", "--with-secrets", "--out", str(out)) == Status.FINE
    assert stat.S_IMODE(out.lstat().st_mode) == 0o600
    assert not is_link or others.read_text(encoding="utf-8") == ""


@pytest.mark.usefixtures("stage")
@pytest.mark.parametrize(
    ("command", "option"),
    [
        (["export", "--out", "in-the-way/out.json"], "--out /tmp/portaria.json"),
        (["pull", "--yes", "--folder", "in-the-way"], "--folder /tmp/texts"),
    ],
)
def test_a_file_that_cant_be_written_is_an_error(
    command: list[str], option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "in-the-way").touch()

    assert texts(*command) == Status.FAILED
    told = capsys.readouterr().err
    assert "Error P082: in-the-way" in told
    assert f" --stage local {option}\n" in told
    assert "in-the-way --" not in told


def test_secrets_are_exported_only_when_asked_for_and_never_printed(
    stage: Stage, capsys: pytest.CaptureFixture[str]
):
    stage.put("twilio", json.dumps(CONNECTOR["config"]))

    assert texts("export") == Status.FINE
    said = capsys.readouterr()
    assert TOKEN not in said.out + said.err
    exported = json.loads(said.out)["config"]
    assert "authToken" not in exported
    # Logto's connector knows no {{minutes}} and would send it as it stands.
    assert SIGN_IN.replace("{{minutes}}", "10") in [t["content"] for t in exported["templates"]]
    assert "SignIn/pt-BR" in said.err

    assert texts("export", "--with-secrets") == Status.USAGE
    assert TOKEN not in capsys.readouterr().err


def test_an_import_shows_what_changes_without_the_secret(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    stage.put("twilio", json.dumps(CONNECTOR["config"] | {"authToken": "the-old-one"}))  # type: ignore[operator]
    file = tmp_path / "connector.json"
    file.write_text(json.dumps(CONNECTOR), encoding="utf-8")

    assert texts("import", str(file), "--dry-run") == Status.FINE

    said = capsys.readouterr().err
    assert "twilio: authToken\n- (a secret)\n+ (a secret)\n" in said
    assert TOKEN not in said
    assert "the-old-one" not in said
    assert json.loads(value(stage, "twilio"))["authToken"] == "the-old-one"


@pytest.mark.parametrize(
    "document",
    ["[]", "{}", "nothing", '{"config": {"accountSID": "AC1"}}', '[{"connectorId": "http-sms"}]'],
)
@pytest.mark.usefixtures("stage")
def test_what_is_no_connector_is_not_imported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], document: str
):
    file = tmp_path / "connector.json"
    file.write_text(document, encoding="utf-8")

    assert texts("import", str(file), "--yes") == Status.FAILED
    assert "Error P033" in capsys.readouterr().err
