"""Every page of the product, as parameters of tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chalicelib.languages import Languages
from chalicelib.pages import FailureKind, Pages
from chalicelib.sign_in.browser_request import Reach

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _pytest.mark import ParameterSet

BASE_URL = "https://abc.execute-api.us-east-1.amazonaws.com/api"
LOGTO = "https://logto.test"
HOSTILE = "<script>alert(1)</script>\"'&"
PAGES = Pages()
LANGUAGES = Languages()
CALLED_WRONGLY = [FailureKind.NOT_FOUND, FailureKind.NOT_ACCEPTED]


def every_page() -> Iterator[ParameterSet]:
    for tag in LANGUAGES.tags:
        language = LANGUAGES[tag]
        out = PAGES.home_signed_out(language, base_url=BASE_URL)
        inside = PAGES.home_signed_in(
            language, base_url=BASE_URL, display_name=HOSTILE, phone_hint="••• 1001", leads_to=LOGTO
        )
        for everywhere in (False, True):
            asked = PAGES.confirm_sign_out(
                language, base_url=BASE_URL, leads_to=LOGTO, everywhere=everywhere
            )
            yield pytest.param(asked, id=f"confirm sign-out, {tag}, {everywhere}")
        yield pytest.param(out, id=f"signed out, {tag}")
        for reach in Reach:
            left = PAGES.home_signed_out(language, base_url=BASE_URL, farewell=reach)
            yield pytest.param(left, id=f"signed out {reach}, {tag}")
        yield pytest.param(inside, id=f"signed in, {tag}")
        for kind in FailureKind:
            failure = PAGES.failure(language, base_url=BASE_URL, kind=kind, reference=HOSTILE)
            yield pytest.param(failure, id=f"{kind}, {tag}")
    anywhere = PAGES.not_found((LANGUAGES[tag] for tag in LANGUAGES.tags), base_url=BASE_URL)
    yield pytest.param(anywhere, id="not found, all languages")


each_page = pytest.mark.parametrize("page", list(every_page()))
