from __future__ import annotations

import io
import os
import pty
from typing import TYPE_CHECKING

import pytest

from sandbox.terminal import Terminal, readable

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = ["aws", "identity"]


def shown_on_a_terminal(environ: Mapping[str, str]) -> str:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stream:
        Terminal(stream, NAMES, environ).line("aws", "hello")
        shown = os.read(ours, 1000).decode()
    os.close(ours)
    return shown


def test_each_line_has_its_parts_name_under_one_another():
    stream = io.StringIO()
    terminal = Terminal(stream, NAMES, {})

    terminal.line("aws", "one")
    terminal.line("identity", "two")

    assert stream.getvalue() == "aws      │ one\nidentity │ two\n"


def test_colours_are_for_terminals_whose_owner_does_not_mind_them():
    assert "\x1b[" in shown_on_a_terminal({})
    assert "\x1b[" not in shown_on_a_terminal({"NO_COLOR": "1"})


def test_a_log_line_is_put_as_a_person_reads_it():
    line = (
        '{"level":"INFO","message":"code_accepted","timestamp":"2026-01-01T00:00:00Z",'
        '"service":"portaria","stage":"local","usage_type":"SignIn","age_seconds":0.3}'
    )

    assert readable(line) == "code_accepted usage_type=SignIn age_seconds=0.3"


def test_what_is_not_routine_says_so():
    assert readable('{"level":"ERROR","message":"delivery_failed","at":["a:1 f"]}') == (
        'ERROR delivery_failed at=["a:1 f"]'
    )


@pytest.mark.parametrize("line", ["", "plain", "[1]", "12", '{"to":"you"}', "{broken"])
def test_any_other_line_stays_as_it_is(line: str):
    assert readable(line) == line


def test_metrics_are_left_out():
    stream = io.StringIO()

    Terminal(stream, NAMES, {}).line("aws", '{"_aws":{"Timestamp":1},"Sent":[1.0]}')

    assert stream.getvalue() == ""


def test_a_muted_terminal_shows_no_part_but_still_what_is_said():
    stream = io.StringIO()
    terminal = Terminal(stream, NAMES, {})

    terminal.mute()
    terminal.line("aws", "one")
    terminal.say("two")

    assert stream.getvalue() == "two\n"


def test_a_closed_window_is_noticed_once_and_then_no_longer_fails():
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        terminal = Terminal(stream, NAMES, {})

        assert terminal.line("aws", "one") is False
        assert terminal.line("aws", "two") is True
