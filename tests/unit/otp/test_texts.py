from __future__ import annotations

from typing import Any

import pytest

from chalicelib.otp.errors import TemplatesUnavailable
from chalicelib.otp.texts import (
    Template,
    TemplateProblem,
    Templates,
    asked_locales,
    bound_to_origin,
    problems,
    render,
    values,
)
from ops.parameters import default_templates

MISSING, UNKNOWN = TemplateProblem.CODE_MISSING, TemplateProblem.UNKNOWN_PLACEHOLDER
SEGMENTS, TOO_LONG = TemplateProblem.SEGMENTS, TemplateProblem.TOO_LONG
PAYLOAD = {
    "code": "123456",
    "application": {"name": "Shop", "logo": None, "tags": ["a", "b"]},
    "count": 2,
    "ratio": 1.5,
    "whole": 2.0,
    "yes": True,
    "nothing": None,
}


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("Your code is {{code}}", "Your code is 123456"),
        ("{{ code }}{{code}}{{\tcode\n}}", "123456123456123456"),
        ("{{application.name}}", "Shop"),
        ("{{application.missing}}", ""),
        ("{{application.name.deeper}}", ""),
        ("{{application.logo}}", ""),
        ("{{nothing}}", ""),
        ("{{unknown}}", "{{unknown}}"),
        ("{{unknown.name}}", "{{unknown.name}}"),
        ("{{ unknown }}", "{{ unknown }}"),
        ("{{count}} {{ratio}} {{whole}} {{yes}}", "2 1.5 2 true"),
        ("{{application}}", "[object Object]"),
        ("{{application.tags}}", "a,b"),
        ("{{application.tags.1}}", "b"),
        ("{{application.tags.7}}", ""),
        ("{{.code}}", "{{.code}}"),
        ("{{código}}", "{{código}}"),
        ("{code} {{code} {{}} {{ }}", "{code} {{code} {{}} {{ }}"),
        ("{{{code}}}", "{123456}"),
        ("no placeholder", "no placeholder"),
    ],
)
def test_placeholders_mean_what_they_mean_to_logto(text: str, rendered: str):
    assert render(text, PAYLOAD) == rendered


@pytest.mark.parametrize(
    ("lifetime", "said"),
    [(30, "1"), (60, "1"), (90, "1"), (119, "1"), (120, "2"), (600, "10"), (3600, "60")],
)
def test_a_text_says_for_how_many_whole_minutes_its_code_lives(lifetime: int, said: str):
    assert render("{{code}}, {{ minutes }} min", values(PAYLOAD, lifetime)) == f"123456, {said} min"


def test_minutes_are_ours_whatever_the_payload_says_and_everything_else_is_logtos():
    payload = {"code": "123456", "minutes": "soon", "hours": 3}

    shown = render("{{code}} {{minutes}} {{minutes.a}} {{hours}} {{seconds}}", values(payload, 600))
    assert shown == "123456 10  3 {{seconds}}"
    assert payload["minutes"] == "soon"


def test_what_is_filled_in_is_not_filled_in_again():
    assert render("{{name}}", {"name": "{{code}}", "code": "123456"}) == "{{code}}"


@pytest.mark.parametrize(
    ("payload", "asked"),
    [
        ({}, []),
        ({"locale": "en"}, ["en"]),
        ({"locale": "pt-BR"}, ["pt-BR"]),
        ({"locale": "en", "uiLocales": "fr-CA en"}, ["fr-CA", "en", "en"]),
        ({"uiLocales": "fr, pt-BR"}, ["fr", "pt-BR"]),
        ({"uiLocales": '["fr","en"]'}, ["fr", "en"]),
        ({"uiLocales": ["fr", 7, "en"]}, ["fr", "en"]),
        ({"locale": None, "uiLocales": 7}, []),
    ],
)
def test_the_visitors_languages_are_asked_for_in_order(payload: dict[str, Any], asked: list[str]):
    assert asked_locales(payload) == asked


TEMPLATES = Templates(
    {
        ("SignIn", None): "sign in",
        ("SignIn", "pt-br"): "entrar",
        ("SignIn", "fr"): "connexion",
        ("Generic", None): "generic",
        ("Generic", "de"): "allgemein",
    }
)


@pytest.mark.parametrize(
    ("usage_type", "payload", "text"),
    [
        ("SignIn", {}, "sign in"),
        ("SignIn", {"locale": "pt-BR"}, "entrar"),
        ("SignIn", {"locale": "PT-br"}, "entrar"),
        ("SignIn", {"locale": "fr-CA"}, "connexion"),
        ("SignIn", {"locale": "pt-PT"}, "entrar"),
        ("SignIn", {"locale": "pt"}, "entrar"),
        ("SignIn", {"locale": "en", "uiLocales": "pt-AO fr"}, "entrar"),
        ("SignIn", {"locale": "ptx"}, "sign in"),
        ("SignIn", {"locale": "pt-BR", "uiLocales": "fr"}, "connexion"),
        ("SignIn", {"locale": "de"}, "sign in"),
        ("BindMfa", {"locale": "de"}, "allgemein"),
        ("BindMfa", {"locale": "pt-BR"}, "generic"),
    ],
)
def test_the_type_decides_first_and_then_the_language(
    usage_type: str, payload: dict[str, Any], text: str
):
    assert TEMPLATES.pick(usage_type, payload).text == text


def test_without_a_generic_template_an_unknown_type_has_no_words():
    with pytest.raises(TemplatesUnavailable):
        Templates({("SignIn", None): "sign in"}).pick("BindMfa", {})


def test_a_text_is_picked_with_the_version_that_ssm_gave_it():
    templates = Templates({("SignIn", None): "a", ("SignIn", "fr"): "b"}, {("SignIn", "fr"): 7})

    assert templates.pick("SignIn", {"locale": "fr-CA"}) == Template("b", "SignIn", "fr", 7)
    assert templates.pick("SignIn", {"locale": "fr-CA"}).label == "SignIn/fr:7"
    assert templates.pick("SignIn", {}).label == "SignIn"


@pytest.mark.parametrize(
    ("templates", "metric"),
    [
        (Templates({("SignIn", None): "a"}), None),
        (Templates({("Generic", None): "a"}), "TemplateFallback"),
        (Templates({("SignIn", None): "a"}, {}, frozenset({("SignIn", None)})), "TemplateOld"),
        (Templates({("SignIn", None): "a"}, {}, frozenset({("SignIn", "fr")})), None),
    ],
)
def test_a_makeshift_is_counted(
    templates: Templates, metric: str | None, capsys: pytest.CaptureFixture[str]
):
    templates.pick("SignIn", {})
    told = capsys.readouterr().out

    assert told == "" if metric is None else f'"{metric}":[1.0]' in told
    assert metric is None or '"usage_type":"SignIn"' in told


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("Code: {{code}}", "Code: {{code}}\n\n@example.com #{{code}}"),
        ("Code: {{code}}\n", "Code: {{code}}\n\n@example.com #{{code}}"),
        ("@shop: {{code}}", "@shop: {{code}}\n\n@example.com #{{code}}"),
        ("{{code}}\n@other.com #{{code}}", "{{code}}\n@other.com #{{code}}"),
        ("{{code}}\n@other.com #{{code}} %x.com\n", "{{code}}\n@other.com #{{code}} %x.com\n"),
        (
            "@a.com #1\n{{code}}",
            "@a.com #1\n{{code}}\n\n@example.com #{{code}}",
        ),
    ],
)
def test_a_text_is_bound_to_an_origin_once(text: str, bound: str):
    assert bound_to_origin(text, "example.com") == bound
    assert bound_to_origin(bound, "example.com") == bound
    assert bound_to_origin(text, None) == text


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
