from __future__ import annotations

import pytest

from chalicelib.otp.template_check import TemplateProblem, problems
from ops.parameters import default_templates

MISSING, UNKNOWN = TemplateProblem.CODE_MISSING, TemplateProblem.UNKNOWN_PLACEHOLDER
SEGMENTS, TOO_LONG = TemplateProblem.SEGMENTS, TemplateProblem.TOO_LONG


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{{code}}", []),
        ("{{ code }} {{application.name}} {{locale}}", []),
        ("{{code}} {{minutes}}", []),
        ("{{code}} {{minute}}", [UNKNOWN]),
        ("", [MISSING]),
        ("{code}", [MISSING]),
        ("{{Code}}", [MISSING, UNKNOWN]),
        ("{{code.value}}", [MISSING]),
        ("{{code}} {{name}}", [UNKNOWN]),
        ("{{code}} {{.code}}", [UNKNOWN]),
        ("{{code}}" + "a" * 154, []),
        ("{{code}}" + "a" * 155, [SEGMENTS]),
        ("{{code}}" + "ã" * 64, []),
        ("{{code}}" + "ã" * 65, [SEGMENTS]),
        ("{{application.name}}{{code}}" + "a" * 144, []),
        ("{{application.name}}{{code}}" + "a" * 145, [SEGMENTS]),
        ("{{code}}" + "a" * 1594, [SEGMENTS]),
        ("{{code}}" + "a" * 1595, [SEGMENTS, TOO_LONG]),
        ("{{name}}" + "a" * 1600, [MISSING, UNKNOWN, SEGMENTS, TOO_LONG]),
    ],
)
def test_what_is_wrong_with_a_text_is_found(text: str, found: list[TemplateProblem]):
    assert problems(text) == found


@pytest.mark.parametrize("text", default_templates().values(), ids=default_templates().keys())
def test_nothing_is_wrong_with_the_texts_that_a_deployment_starts_with(text: str):
    assert problems(text) == []


def test_only_what_nobody_could_sign_in_with_is_useless():
    assert {problem for problem in TemplateProblem if problem.makes_useless} == {MISSING, TOO_LONG}
