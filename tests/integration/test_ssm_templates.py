"""Templates, read from moto's SSM over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.otp.aws.templates import SsmTemplates
from chalicelib.otp.errors import TemplatesUnavailable
from tests.kit.engines import aws_client
from tests.kit.fakes import Clock
from tests.kit.metrics import metrics

TTL = 30


def unreachable() -> Any:
    """Return a client whose every call is refused, at an address where nobody listens."""
    return aws_client("ssm", "http://127.0.0.1:1")


def put(ssm: Any, name: str, value: str, kind: str = "String") -> None:
    ssm.put_parameter(Name=name, Value=value, Type=kind, Overwrite=True)


def told(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, ...]]:
    """Return the metrics that were written since the last time: the name, then the dimensions."""
    return [(metric.name, *metric.by.values()) for metric in metrics(capsys.readouterr().out)]


def templates(client: Any, prefix: str, clock: Clock, origin: str | None = None) -> SsmTemplates:
    return SsmTemplates(client, prefix, ttl_seconds=TTL, clock=clock, origin=origin)


def test_templates_are_read_by_type_and_language_however_many(ssm: Any, prefix: str, clock: Clock):
    put(ssm, f"{prefix}/templates/SignIn", "sign in {{code}}")
    put(ssm, f"{prefix}/templates/SignIn/pt-BR", "entrar {{code}}")
    for n in range(25):
        put(ssm, f"{prefix}/templates/Type{n}", f"text {n} {{{{code}}}}")
    found = templates(ssm, prefix, clock).get()

    assert found.pick("SignIn", {}).text == "sign in {{code}}"
    assert found.pick("SignIn", {"locale": "pt-BR"}).text == "entrar {{code}}"
    assert found.pick("Type24", {}).text == "text 24 {{code}}"


def test_placeholders_in_square_brackets_are_logtos(ssm: Any, prefix: str, clock: Clock):
    put(
        ssm,
        f"{prefix}/templates/SignIn",
        "[[code]] for [[ application.name ]], [1] [[é]] {{minutes}}",
    )

    found = templates(ssm, prefix, clock).get().pick("SignIn", {})
    assert found.text == "{{code}} for {{application.name}}, [1] [[é]] {{minutes}}"


def test_a_template_that_was_put_as_a_secret_is_read_in_clear(ssm: Any, prefix: str, clock: Clock):
    put(ssm, f"{prefix}/templates/SignIn", "sign in {{code}}", "SecureString")

    assert templates(ssm, prefix, clock).get().pick("SignIn", {}).text == "sign in {{code}}"


def test_a_changed_template_is_live_after_the_ttl(ssm: Any, prefix: str, clock: Clock):
    put(ssm, f"{prefix}/templates/SignIn", "old {{code}}")
    source = templates(ssm, prefix, clock)
    source.get()
    put(ssm, f"{prefix}/templates/SignIn", "new {{code}}")
    clock.advance(TTL)

    assert source.get().pick("SignIn", {}).text == "new {{code}}"


def test_templates_outlive_an_outage_of_ssm(ssm: Any, prefix: str, clock: Clock):
    put(ssm, f"{prefix}/templates/SignIn", "kept {{code}}")
    source = templates(ssm, prefix, clock)
    source.get()
    source._client = unreachable()
    clock.advance(TTL)

    assert source.get().pick("SignIn", {}).text == "kept {{code}}"


def test_templates_that_were_deleted_all_at_once_are_kept(ssm: Any, prefix: str, clock: Clock):
    put(ssm, f"{prefix}/templates/SignIn", "kept {{code}}")
    source = templates(ssm, prefix, clock)
    source.get()
    ssm.delete_parameter(Name=f"{prefix}/templates/SignIn")
    clock.advance(TTL)

    assert source.get().pick("SignIn", {}).text == "kept {{code}}"


def test_without_templates_there_is_nothing_to_send(ssm: Any, prefix: str, clock: Clock):
    with pytest.raises(TemplatesUnavailable):
        templates(ssm, prefix, clock).get()
    with pytest.raises(TemplatesUnavailable):
        templates(unreachable(), prefix, clock).get()


def test_a_text_without_the_code_does_not_replace_one_that_has_it(
    ssm: Any, prefix: str, clock: Clock, capsys: pytest.CaptureFixture[str]
):
    put(ssm, f"{prefix}/templates/SignIn", "good {{ code }}")
    source = templates(ssm, prefix, clock)
    source.get()
    put(ssm, f"{prefix}/templates/SignIn", "bad {{kode}}")
    for _ in range(3):
        clock.advance(TTL)
        found = source.get()

    assert found.pick("SignIn", {}).label == "SignIn:1"
    assert found.pick("SignIn", {}).text == "good {{ code }}"
    assert told(capsys) == [
        ("TemplateProblem", "code_missing", "SignIn"),
        ("TemplateProblem", "unknown_placeholder", "SignIn"),
        ("TemplateOld", "SignIn"),
        ("TemplateOld", "SignIn"),
    ]
    put(ssm, f"{prefix}/templates/SignIn", "better {{code}}")
    clock.advance(TTL)
    assert source.get().pick("SignIn", {}).text == "better {{code}}"
    assert source.get().pick("SignIn", {}).version == 3
    assert told(capsys) == []


def test_a_text_that_never_had_the_code_is_as_good_as_none(
    ssm: Any, prefix: str, clock: Clock, capsys: pytest.CaptureFixture[str]
):
    put(ssm, f"{prefix}/templates/SignIn", "no code")
    put(ssm, f"{prefix}/templates/Generic", "generic {{code}}")

    assert templates(ssm, prefix, clock).get().pick("SignIn", {}).text == "generic {{code}}"
    assert told(capsys) == [
        ("TemplateProblem", "code_missing", "SignIn"),
        ("TemplateFallback", "SignIn"),
    ]


def test_what_is_only_dear_or_odd_is_used_and_told_once(
    ssm: Any, prefix: str, clock: Clock, capsys: pytest.CaptureFixture[str]
):
    put(ssm, f"{prefix}/templates/SignIn", "{{code}} {{unknown}} " + "ã" * 70)
    source = templates(ssm, prefix, clock)
    source.get()
    clock.advance(TTL)

    assert source.get().pick("SignIn", {}).text.startswith("{{code}} {{unknown}}")
    assert told(capsys) == [
        ("TemplateProblem", "segments", "SignIn"),
        ("TemplateProblem", "unknown_placeholder", "SignIn"),
    ]


def test_an_outage_of_ssm_is_counted(
    ssm: Any, prefix: str, clock: Clock, capsys: pytest.CaptureFixture[str]
):
    put(ssm, f"{prefix}/templates/SignIn", "{{code}}")
    source = templates(ssm, prefix, clock)
    source.get()
    source._client = unreachable()
    clock.advance(TTL)
    source.get()

    assert told(capsys) == [("TemplatesKept",)]


def test_with_an_origin_the_last_line_binds_the_code_to_it_and_counts_for_the_length(
    ssm: Any, prefix: str, clock: Clock, capsys: pytest.CaptureFixture[str]
):
    put(ssm, f"{prefix}/templates/SignIn", "{{code}} " + "a" * 140)
    put(ssm, f"{prefix}/templates/Register", "no code")
    source = templates(ssm, prefix, clock, origin="auth.example.com")

    text = source.get().pick("SignIn", {}).text
    assert text.endswith("a\n\n@auth.example.com #{{code}}")
    assert sorted(told(capsys)) == [
        ("TemplateProblem", "code_missing", "Register"),
        ("TemplateProblem", "segments", "SignIn"),
    ]
