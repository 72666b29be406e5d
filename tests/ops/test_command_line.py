"""What every command has in common: exit statuses, errors, pipes, colours, completion."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ops.__main__ import main
from ops.again import again
from ops.errors import Status
from ops.errors.catalogue import catalogue
from ops.explain import PAGE
from tests.kit.engines import ROOT

FILES = set((ROOT / "ops").rglob("*.py"))
THEMES = set((ROOT / "ops" / "errors").rglob("*.py"))


def _text(files: set[Path]) -> str:
    return "\n".join(file.read_text(encoding="utf-8") for file in sorted(files))


SOURCES = _text(FILES - THEMES)
PROBLEMS = re.findall(r'^([A-Z_]+) = Problem\(\n    "(P\d{3})",$', _text(THEMES), re.MULTILINE)
ANSI = "\x1b["


def ops(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-m", "ops", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", [name for name, _code in PROBLEMS])
def test_each_error_is_raised_somewhere(name: str):
    assert re.search(rf"\b{name}\b", SOURCES)


def test_each_name_and_each_code_is_one_errors():
    assert len({name for name, _code in PROBLEMS}) == len(PROBLEMS)
    assert list(catalogue()) == sorted(code for _name, code in PROBLEMS)


@pytest.mark.parametrize("code", catalogue())
def test_each_error_has_an_anchor_on_the_page(code: str):
    page = PAGE.path.read_text(encoding="utf-8")

    assert f'<a id="{code.lower()}"></a>' in page
    assert catalogue()[code].cause in page


def test_the_page_of_errors_is_up_to_date(capsys: pytest.CaptureFixture[str]):
    assert main(["errors", "--check"]) == Status.FINE, capsys.readouterr().err


def test_a_code_is_explained(capsys: pytest.CaptureFixture[str]):
    assert main(["explain", "p014"]) == Status.FINE

    said = capsys.readouterr()
    assert said.out.startswith("P014 No sandbox is running")
    assert "Next: make up\n" in said.out
    assert said.err == ""


def test_every_code_is_listed_as_json(capsys: pytest.CaptureFixture[str]):
    assert main(["explain", "--json"]) == Status.FINE

    found = json.loads(capsys.readouterr().out)
    assert [each["code"] for each in found][: len(catalogue())] == list(catalogue())


def test_an_unknown_code_is_a_wrong_command_line(capsys: pytest.CaptureFixture[str]):
    assert main(["explain", "P999"]) == Status.USAGE

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("Error P091: There is no error 'P999'.\n")


@pytest.mark.parametrize(
    ("given", "command"),
    [
        (["nonsense"], "portaria --help"),
        (["trace"], "portaria trace --help"),
        (["trace", "--codes", "none", "+1"], "portaria trace --help"),
        (["texts", "show"], "portaria texts show --help"),
    ],
)
def test_a_wrong_command_line_is_an_error_like_others(
    given: list[str], command: str, capsys: pytest.CaptureFixture[str]
):
    assert main(given) == Status.USAGE

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("Error P083: ")
    assert f"  Next:  {command}\n" in said.err


@pytest.mark.parametrize("given", [[], ["texts"]])
def test_where_a_command_is_missing_all_are_listed(
    given: list[str], capsys: pytest.CaptureFixture[str]
):
    assert main(given) == Status.USAGE

    assert "list" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "command"),
    [
        ("send 123 --stage local", "send +12125550100 --stage local"),
        ("setup --test-phone=123 --stage dev", "setup --test-phone=+12125550100 --stage dev"),
        ("logs x --stage dev --days 3", "logs a1b2c3d4e5 --stage dev --days 3"),
        ("trace +12125550100 --stage=lcal", "trace NUMBER --stage=local"),
        ("destroy --stage other --yes", "destroy --stage STAGE --yes"),
        ("texts export --with-secrets --stage dev", None),
    ],
)
def test_what_to_run_next_has_the_arguments_that_were_given(
    given: str, command: str | None, capsys: pytest.CaptureFixture[str]
):
    main(given.split())

    expected = command or f"{given} --out connector.json"
    assert f"  Next:  portaria {expected}\n" in capsys.readouterr().err


def test_an_option_that_is_to_have_another_value_is_named_once():
    given = ["logs", "a1b2c3d4e5", "--days", "3", "--stage=dev"]

    assert again(given, "portaria {command} --days 90", {}) == "logs a1b2c3d4e5 --stage=dev"


@pytest.mark.parametrize(
    ("given", "command"),
    [
        (["doctor"], "portaria doctor --stage dev"),
        (["trace", "+12125550100"], "portaria trace NUMBER --stage dev"),
    ],
)
def test_without_a_stage_and_settings_one_error_says_what_to_name(
    given: list[str],
    command: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.delenv("STAGE", raising=False)

    assert main(given) == Status.FAILED
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("Error P015: No --stage is given")
    assert f"  Next:  {command}\n" in said.err


def test_without_a_command_the_commands_are_listed():
    done = ops("--help")

    assert done.returncode == Status.FINE
    assert "trace" in done.stdout
    assert done.stderr == ""


def test_a_pipe_that_is_closed_ends_it_quietly():
    command = f'"{sys.executable}" -m ops explain --json | true; echo "${{PIPESTATUS[0]}}"'
    done = subprocess.run(  # noqa: S603 - our own arguments
        ["/bin/bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.stdout in {f"{int(Status.PIPE_CLOSED)}\n", "0\n"}  # `true` may end late
    assert done.stderr == ""


def test_a_pipe_that_was_closed_before_ends_it_quietly():
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "ops", "explain"],
            cwd=ROOT,
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert done.returncode == Status.PIPE_CLOSED
    assert done.stderr == ""


def test_a_pipe_gets_no_colours_and_whole_lines():
    done = ops("explain", "P017", COLUMNS="40")

    assert ANSI not in done.stdout
    assert catalogue()["P017"].cause in done.stdout.splitlines()


def test_colours_are_left_out_where_they_are_not_wanted():
    coloured = ops("explain", "P017", FORCE_COLOR="1")
    plain = ops("explain", "P017", FORCE_COLOR="1", NO_COLOR="1")

    assert f"{ANSI}1;36m" in coloured.stdout
    assert not re.search(r"\x1b\[[\d;]*3\dm", plain.stdout)


def test_the_launcher_works_in_any_folder(tmp_path: Path):
    done = subprocess.run(  # noqa: S603 - our own program
        [Path(sys.prefix) / "bin" / "portaria", "explain", "P014"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (Status.FINE, "")
    assert done.stdout.startswith("P014")


def test_a_shell_completes_commands_and_stages():
    given = {"_PORTARIA_COMPLETE": "complete_bash", "COMP_CWORD": "1"}

    assert "trace" in ops(COMP_WORDS="portaria tr", **given).stdout.split()
    stages = ops(COMP_WORDS="portaria trace --stage ", **given | {"COMP_CWORD": "3"})
    assert {"dev", "prod", "local"} <= set(stages.stdout.split())


def test_starting_a_command_asks_the_terminal_nothing():
    # `inquirer`, which Chalice's command line loads, waits ten seconds for a terminal's answers.
    code = "import ops.__main__, sys; sys.exit('inquirer' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)  # noqa: S603
    assert done.returncode == 0
