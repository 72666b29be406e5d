from __future__ import annotations

import ast
import dataclasses
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer.main

from chalicelib.settings import Settings
from ops.__main__ import app
from ops.deploy import stack_parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
ROOT_PAGES = [*sorted(ROOT.glob("README*.md")), ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
PAGES = [*ROOT_PAGES, *sorted((ROOT / "docs").rglob("*.md"))]
COMMANDS = typer.main.get_command(app)
EXAMPLE = "chalicelib/otp/courier/"  # the folder that another-channel.md makes up


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_test_that_a_page_names_exists(page: Path):
    for path, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page.read_text(encoding="utf-8")):
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert name in {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}, path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(page: Path):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_column_of_a_table_has_a_name(page: Path):
    text = page.read_text(encoding="utf-8")
    for names in re.findall(r"^ *\|(.+)\|\n *\|[-: |]+\|$", text, re.MULTILINE):
        assert all(each.strip() for each in names.split("|")), names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_command_of_a_page_exists(page: Path):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    names = {"STAGE", "NAME", *re.findall(r"\b[A-Z_]{4,}\b", makefile)}
    text = page.read_text(encoding="utf-8")
    commands = re.findall(
        r"(?:^ *|`)(?:[A-Z_]+=\S+ )*make ([a-z-]+)((?: [A-Z_]+=[^\s`]*)*)", text, re.MULTILINE
    )

    for target, values in commands:
        assert target in targets, target
        assert set(re.findall(r"([A-Z_]+)=", values)) <= names, values


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_portaria_on_a_page_exists_with_its_options(page: Path):
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^ *\.venv/bin/portaria ([a-z].*)$", text, re.MULTILINE)
    spans = re.findall(r"`(?:\.venv/bin/)?portaria ([a-z][^`]*)`", text)

    # A block is copied as it is, and .venv/bin is not on everybody's PATH.
    assert not re.findall(r"^ *portaria [a-z].*$", text, re.MULTILINE)
    for line in blocks + spans:
        command: Any = COMMANDS
        words = re.split(r"\s+", line.partition("#")[0].strip())
        while words and hasattr(command, "commands") and re.fullmatch("[a-z-]+", words[0]):
            assert words[0] in command.commands, line
            command = command.commands[words.pop(0)]
        options = {option for each in command.params for option in each.opts} | {"--help"}
        for word in words:
            assert not word.startswith("-") or word.partition("=")[0] in options, line
        if values := [word for word in words if "=" in word and command.name == "deploy"]:
            stack_parameters(values)


def test_the_page_of_the_command_line_has_a_row_for_every_command():
    text = (ROOT / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `portaria ([a-z-]+(?: [a-z][a-z-]*)*)", text, re.MULTILINE)

    assert len(set(listed)) == len(listed)
    assert sorted(set(listed) - {"texts"}) == sorted(names_of_commands(COMMANDS))


def names_of_commands(group: Any) -> Iterator[str]:
    """Return the names of the commands of the command line, in groups as `texts list`."""
    for name, command in group.commands.items():
        inner = names_of_commands(command) if hasattr(command, "commands") else None
        yield from (f"{name} {each}" for each in inner) if inner else [name]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_json_of_a_page_can_be_read_and_sets_what_there_is(page: Path):
    known = {each.name.upper() for each in dataclasses.fields(Settings)}
    for block in re.findall(
        r"^ *```json\n(.*?)^ *```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE
    ):
        document = json.loads(block)
        for stage in document.get("stages", {}).values():
            assert stage["environment_variables"].keys() <= known


def test_the_channel_of_the_guide_is_the_one_that_the_contract_tests_run():
    guide = (ROOT / "docs" / "guides" / "another-channel.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    source = (ROOT / "tests" / "kit" / "courier.py").read_text(encoding="utf-8")

    assert shown in re.sub(r"  # noqa: \w+", "", source)


def test_the_security_page_shows_tests():
    text = (ROOT / "docs" / "explanation" / "security.md").read_text(encoding="utf-8")

    assert len(re.findall(r"`tests/[\w/]+\.py::\w+`", text)) > 30


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_module_that_a_page_names_exists(page: Path):
    for path in re.findall(r"`([\w/]+\.py)(?:::[\w.]+)?`", page.read_text(encoding="utf-8")):
        assert path.startswith(EXAMPLE) or file_named(path), path


def test_the_index_of_decisions_has_each_with_its_title():
    folder = ROOT / "docs" / "explanation" / "decisions"
    index = folder.with_suffix(".md").read_text(encoding="utf-8")
    decisions = {
        f"decisions/{each.name}": each.read_text(encoding="utf-8")
        .partition("\n")[0]
        .removeprefix("# ")
        for each in sorted(folder.glob("0*.md"))
    }

    assert re.findall(r"\| \[(.*?)\]\((.*?)\)", index) == [
        (title, name) for name, title in decisions.items()
    ]


def test_every_function_in_the_tables_of_the_architecture_exists():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]+\.py)::([\w.]+)`", text)

    assert len(named) > 50
    for path, name in named:
        module = file_named(path)
        assert module, path
        assert name in names_in(ast.parse(module.read_text(encoding="utf-8"))), f"{path}::{name}"


def file_named(path: str) -> Path | None:
    """Return the file that a page means: its path begins at the root, or in chalicelib."""
    found = (root / path for root in (ROOT, ROOT / "chalicelib") if (root / path).is_file())
    return next(found, None)


def names_in(tree: ast.Module | ast.ClassDef) -> set[str]:
    """Return the names of the functions of a module, methods as `Class.method`."""
    names = {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}
    for each in tree.body:
        if isinstance(each, ast.ClassDef):
            names |= {f"{each.name}.{method}" for method in names_in(each)}
    return names
