from __future__ import annotations

import pytest

from chalicelib.sign_in.cookies import CookieJar, pairs

HTTPS = CookieJar(secure=True)
HTTP = CookieJar(secure=False)


def test_on_https_a_cookie_is_bound_to_the_host_and_kept_from_scripts():
    assert HTTPS.set("portaria_session", "abc", 60) == (
        "__Host-portaria_session=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
    )


def test_on_http_a_cookie_does_without_what_browsers_grant_to_https_only():
    assert HTTP.set("portaria_session", "abc", 60) == (
        "portaria_session=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"
    )


def test_logtos_raw_json_cookie_in_front_does_not_hide_ours():
    header = '_logto={"appId":"fr8idycns5okof6xkwnev"}; portaria_session=abc'

    assert HTTP.read(header, "portaria_session") == "abc"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "portaria_session",
        "xportaria_session=abc",
        "__Host-portaria_session=abc",
        ";;;",
        "=abc",
        "portaria_session =",
    ],
)
def test_what_is_not_our_cookie_is_not_read(header: str):
    assert HTTP.read(header, "portaria_session") in (None, "")


def test_a_cookie_without_the_host_prefix_is_not_believed_on_https():
    assert HTTPS.read("portaria_session=planted", "portaria_session") is None


def test_of_two_cookies_with_one_name_neither_is_believed():
    header = "portaria_session=mine; portaria_session=planted"

    assert HTTP.read(header, "portaria_session") is None


def test_an_oversized_header_is_not_taken_apart():
    assert pairs("a=b; " * 10_000) == []


def test_cookies_are_found_by_the_start_of_their_names():
    header = "portaria_attempt_1=a; portaria_attempt_2=b; portaria_session=c"

    assert HTTP.names_starting_with(header, "portaria_attempt_") == {"1": "a", "2": "b"}


def test_a_name_that_is_no_token_is_none_of_ours():
    header = 'portaria_attempt_(=a; portaria_attempt_"=b; portaria_attempt_\u2000=c'

    assert HTTP.names_starting_with(header, "portaria_attempt_") == {}
