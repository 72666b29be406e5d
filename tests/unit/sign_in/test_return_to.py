from __future__ import annotations

import pytest

from chalicelib.sign_in.options import local_path


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("/", "/"),
        ("/account", "/account"),
        ("/orders?page=2&q=a%20b", "/orders?page=2&q=a%20b"),
        ("/olá", "/ol%C3%A1"),
        ("/a//b", "/a//b"),
        ("/orders#bottom", "/orders"),
        ("/next?url=https://example.com", "/next?url=https://example.com"),
    ],
)
def test_a_local_path_is_where_the_visitor_returns_to(asked: str, given: str):
    assert local_path(asked) == given


@pytest.mark.parametrize(
    "asked",
    [
        None,
        "",
        " ",
        "account",
        "//evil.example",
        "///evil.example",
        "https:evil.example",
        "https://evil.example",
        "HTTPS://evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "\\\\evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/\r\nSet-Cookie: a=b",
        "\t//evil.example",
        " //evil.example",
        "/ /evil.example",
        "/\x00/evil.example",
        "/\x7f",
        "/\xa0/evil.example",
        "/%5cevil.example",
        "/%09/evil.example",
        "/%0d%0aSet-Cookie:a=b",
        "/../evil",
        "/a/../../evil",
        "/%2e%2e/evil",
        "/./evil",
        "/..//evil.example",
        "?x=1",
        "#x",
        "/" + "a" * 2048,
        "/" + "ã" * 1000,
    ],
)
def test_anything_else_leads_home(asked: str | None):
    assert local_path(asked) == "/"
