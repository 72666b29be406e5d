"""The documents as a site: every page is in its navigation, and its check finds faults."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from website.check import POLICY, findings

ROOT = Path(__file__).parents[2]
HEAD = f"""<meta http-equiv="Content-Security-Policy" content="{POLICY}">"""


def found(site: Path, body: str, head: str = HEAD) -> list[str]:
    (site / "index.html").write_text(head + body, encoding="utf-8")
    return list(findings(site))


def test_every_page_is_in_the_navigation():
    docs = ROOT / "docs"
    pages = {str(each.relative_to(docs)) for each in docs.rglob("*.md")}
    text = (ROOT / "website" / "mkdocs.yml").read_text(encoding="utf-8")
    listed = set(re.findall(r"- ([\w/-]+\.md)$", text, re.MULTILINE))

    assert {each for each in pages if not each.startswith("pt-BR/")} <= listed


def test_a_site_without_faults_has_no_findings(tmp_path: Path):
    (tmp_path / "guide").mkdir()
    (tmp_path / "guide" / "index.html").write_text(f"{HEAD}<h2 id='preço'>", encoding="utf-8")
    (tmp_path / "a.css").write_text("a { background: url(a.css) }", encoding="utf-8")
    body = """
    <link rel="stylesheet" href="a.css"><link rel="next" href="guide/">
    <a href="guide/#pre%C3%A7o">here</a> <a href="#top" id="top">up</a>
    <a href="https://example.com/">elsewhere</a> <img src="data:image/png;base64,AA==">
    """

    assert found(tmp_path, body) == []


@pytest.mark.parametrize(
    "body",
    [
        '<script src="https://cdn.example/a.js"></script>',
        '<script src="//cdn.example/a.js"></script>',
        '<link rel="preconnect" href="https://fonts.example">',
        '<img srcset="/index.html, https://cdn.example/a.png 2x">',
        '<p style="background: url(https://cdn.example/a.png)">',
        "<style>@import 'https://cdn.example/a.css'</style>",
    ],
)
def test_what_comes_from_another_host_is_found(tmp_path: Path, body: str):
    (finding,) = found(tmp_path, body)

    assert re.match(r"index.html: loads (https:)?//\w+.example", finding)


def test_a_style_sheet_that_loads_from_another_host_is_found(tmp_path: Path):
    (tmp_path / "a.css").write_text("@font-face { src: url('https://fonts.example/a.woff') }")

    assert found(tmp_path, "") == ["a.css: loads https://fonts.example/a.woff"]


def test_a_page_whose_scripts_could_ask_another_host_is_found(tmp_path: Path):
    assert found(tmp_path, "", head="") == ["index.html: no policy forbids requests to other hosts"]


@pytest.mark.parametrize(
    ("address", "finding"),
    [
        ("guide/", "guide/ does not exist"),
        ("#none", "#none has no such heading"),
        ("/index.html#none", "/index.html#none has no such heading"),
    ],
)
def test_a_link_that_leads_nowhere_is_found(tmp_path: Path, address: str, finding: str):
    assert found(tmp_path, f'<a href="{address}">') == [f"index.html: {finding}"]


def test_an_image_that_is_missing_is_found(tmp_path: Path):
    assert found(tmp_path, '<img src="a.png">') == ["index.html: a.png does not exist"]


def test_a_site_without_pages_is_a_finding(tmp_path: Path):
    assert list(findings(tmp_path)) == [f"{tmp_path} has no page"]
