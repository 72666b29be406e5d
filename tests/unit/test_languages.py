"""The languages: which there are, which one a visitor reads best, and how one is added."""

from __future__ import annotations

import dataclasses
import re
import shutil
import textwrap
from pathlib import Path
from typing import Any

import pytest

from chalicelib.languages import HERE, Languages, nearest
from chalicelib.otp.errors import Limit
from chalicelib.otp.segments import Segments
from chalicelib.otp.texts import Templates
from chalicelib.pages import FailureKind, Pages
from ops.parameters import default_templates

LANGUAGES = Languages()
GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "add-a-language.md"
PORTUGUESE = ("pt", "pt-PT", "pt-AO", "pt-BR", "PT-br")


def templates(languages: Languages) -> Templates:
    """Return the texts that a deployment starts with, as the worker reads them from SSM."""
    texts: dict[tuple[str, str | None], str] = {}
    for name, text in default_templates(languages).items():
        _, usage_type, *locale = name.lower().split("/")
        texts[usage_type, locale[0] if locale else None] = text
    return Templates(texts)


def names(tree: Any, path: str = "") -> set[str]:
    if not isinstance(tree, dict):
        return {path}
    return {found for key, value in tree.items() for found in names(value, f"{path}.{key}")}


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        (None, "en"),
        ("", "en"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("pt-BR", "pt-BR"),
        ("pt-BR,pt;q=0.9,en-US;q=0.8,en;q=0.7", "pt-BR"),
        ("PT-br", "pt-BR"),
        ("pt", "pt-BR"),
        ("pt-PT", "pt-BR"),
        ("fr", "en"),
        ("fr,pt;q=0.5", "pt-BR"),
        ("fr;q=0.9, pt ; q=0.5 , en;q=0.4", "pt-BR"),
        ("en;q=0.4,pt;q=0.8", "pt-BR"),
        ("pt;q=0,en", "en"),
        ("pt;q=0", "en"),
        ("*", "en"),
        ("*;q=0.1,pt;q=0.2", "pt-BR"),
        ("en,pt", "en"),
        ("pt;q=2,en", "en"),
        ("pt;q=x,en", "en"),
        ("ptolemy", "en"),
        (";;;,,,=", "en"),
        ("<script>", "en"),
        ("fr," * 10_000 + "pt", "en"),
    ],
)
def test_the_language_that_is_asked_for_most_is_spoken(header: str | None, tag: str):
    assert LANGUAGES.preferred(header).tag == tag


@pytest.mark.parametrize(
    ("wanted", "known", "found"),
    [
        ("pt-BR", ["en", "pt-BR"], "pt-BR"),
        ("pt-br", ["en", "pt-BR"], "pt-BR"),
        ("pt-PT", ["en", "pt-BR"], "pt-BR"),
        ("pt-AO", ["en", "pt-BR"], "pt-BR"),
        ("pt", ["en", "pt-BR"], "pt-BR"),
        ("pt-PT", ["pt", "pt-BR"], "pt"),
        ("pt-PT", ["pt-BR", "pt-PT", "pt"], "pt-PT"),
        ("pt-AO", ["pt-PT", "pt-BR"], "pt-BR"),
        ("pt-AO", ["pt-BR", "pt-PT"], "pt-BR"),
        ("zh-Hant-TW", ["zh", "zh-Hans", "zh-Hant"], "zh-Hant"),
        ("en-GB", ["pt-BR"], None),
        ("ptx", ["pt-BR"], None),
        ("", ["en"], None),
        ("-", ["en"], None),
        ("x-" * 10_000, ["en"], None),
        ("en", [], None),
    ],
)
def test_the_nearest_language_is_the_same_then_a_shorter_one_then_a_relative(
    wanted: str, known: list[str], found: str | None
):
    assert nearest(wanted, known) == found


@pytest.mark.parametrize("tag", PORTUGUESE)
def test_whoever_reads_portuguese_gets_portuguese_pages_sentences_and_texts(tag: str):
    page = Pages().home_signed_out(LANGUAGES.preferred(tag), base_url="https://app.test")

    assert "Entrar" in page.html
    assert LANGUAGES.nearest(tag).sentences[Limit.OVERALL].startswith("Muitos códigos")
    for asked in ({"locale": tag}, {"uiLocales": tag, "locale": "en"}):
        assert "para entrar" in templates(LANGUAGES).pick("signin", asked).text


@pytest.mark.parametrize("tag", ["es", "es-419", "es-MX", "es-AR", "ES-es"])
def test_whoever_reads_spanish_gets_spanish_pages_sentences_and_texts(tag: str):
    page = Pages().home_signed_out(LANGUAGES.preferred(tag), base_url="https://app.test")

    assert "Crear una cuenta" in page.html
    assert LANGUAGES.nearest(tag).sentences[Limit.OVERALL].startswith("Se están pidiendo")
    for asked in ({"locale": tag}, {"uiLocales": tag, "locale": "en"}):
        assert "es tu PIN" in templates(LANGUAGES).pick("signin", asked).text


@pytest.mark.parametrize("tag", [None, "", "de", "en-GB", "x" * 99])
def test_other_languages_get_english(tag: str | None):
    assert LANGUAGES.nearest(tag).sentences[Limit.OVERALL].startswith("Too many codes")


def test_every_language_says_the_same():
    first, *others = [names(dataclasses.asdict(LANGUAGES[tag])) for tag in LANGUAGES.tags]

    assert {"en", "es", "pt-BR"} <= set(LANGUAGES.tags)
    assert all(other - {".tag"} == first - {".tag"} for other in others)
    assert LANGUAGES["en"].texts.keys() == {"Register", "SignIn", "ForgotPassword", "Generic"}


@pytest.mark.parametrize("tag", LANGUAGES.tags)
@pytest.mark.parametrize("limit", Limit)
def test_every_limit_has_a_sentence_of_its_own_language_that_tells_no_number(
    limit: Limit, tag: str
):
    sentence = LANGUAGES[tag].sentences[limit]

    assert 20 < len(sentence) < 100
    assert sentence.endswith(".")
    assert not any(character.isdigit() for character in sentence)
    assert [LANGUAGES[each].sentences[limit] for each in LANGUAGES.tags].count(sentence) == 1


def test_one_file_more_is_one_language_more(tmp_path: Path):
    folder = tmp_path / "languages"
    shutil.copytree(HERE, folder)
    german = (folder / "en.toml").read_text(encoding="utf-8").partition("[texts]")[0]
    for english, word in (("Sign in", "Anmelden"), ("Too many", "Zu viele")):
        german = german.replace(english, word)
    (texts,) = re.findall(r" *```toml\n(.*?) *```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    german += textwrap.dedent(texts)
    (folder / "de.toml").write_text(german, encoding="utf-8")

    languages = Languages(folder)
    visitor = languages.preferred("de-AT, en;q=0.5")
    failure = Pages().failure(
        visitor, base_url="https://app.test", kind=FailureKind.PROVIDER_UNREACHABLE, reference="a"
    )

    assert languages.tags == ("en", *sorted({*LANGUAGES.tags[1:], "de"}))
    assert "Anmelden" in Pages().home_signed_out(visitor, base_url="https://app.test").html
    assert failure.headers["Content-Language"] == "de"
    assert languages.nearest("de-CH").sentences[Limit.OVERALL].startswith("Zu viele codes")
    assert "Code zum Anmelden" in templates(languages).pick("signin", {"locale": "de-AT"}).text
    assert names(languages["de"].texts) == names(languages["en"].texts)
    for text in languages["de"].texts.values():
        assert (
            Segments.of(text.replace("{{minutes}}", "10").replace("{{code}}", "123456")).count == 1
        )
    assert "is your code" in templates(languages).pick("signin", {"locale": "fr"}).text


@pytest.mark.parametrize("tag", LANGUAGES.tags)
def test_no_text_says_how_long_a_code_lives_but_by_the_setting(tag: str):
    for text in LANGUAGES[tag].texts.values():
        assert "{{minutes}} min." in text
        assert not any(character.isdigit() for character in text)
