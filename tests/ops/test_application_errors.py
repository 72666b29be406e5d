"""Every code that the application shows is in the catalogue, with its status and its anchor."""

from __future__ import annotations

import re
from itertools import chain

import pytest

from chalicelib.languages import Languages
from chalicelib.otp.ledger import Outcome
from chalicelib.otp.texts import TemplateProblem
from chalicelib.otp.twilio.error_codes import CODES
from chalicelib.pages import FailureKind
from chalicelib.web.failures import FAILURES, UNEXPECTED
from ops.__main__ import main
from ops.errors import Answer, Status
from ops.errors.application import ANSWERS
from ops.errors.application.twilio import TWILIO
from ops.errors.catalogue import catalogue
from ops.explain import PAGE
from tests.kit.engines import ROOT

CHALICE = {
    "InternalServerError": "unexpected",
    "NotFoundError": "not_found",
    "MethodNotAllowedError": "not_accepted",
    "UnsupportedMediaType": "not_accepted",
}
"""What Chalice calls its own answers, and the page that a browser gets of them."""
UNDELIVERED = {"30003", "30007", "30008", "30036", "30410", "30500"}
"""What carriers answer: of use to an operator, while the application treats them all alike."""


def entry_of(code: str) -> Answer:
    (found,) = [each for each in ANSWERS if code in each.codes]
    return found


def literals() -> set[str]:
    """Return the codes that stand in JSON answers as they are."""
    files = (ROOT / "chalicelib" / "web").glob("*.py")
    text = "".join(each.read_text(encoding="utf-8") for each in files)
    return set(re.findall(r'"error": "(\w+)"', text))


def test_the_catalogue_has_each_code_once_and_no_other():
    listed = list(chain.from_iterable(each.codes for each in ANSWERS))
    shown = {
        *FailureKind,
        *(code for _, code in FAILURES.values()),
        *(kind.__name__ for kind in FAILURES),
        *literals(),
        *CHALICE,
        *Languages().nearest("en").sentences,
        *(each for each in Outcome if each is not Outcome.SENT),
        *TemplateProblem,
        *map(str, CODES),
        *UNDELIVERED,
    }

    assert len(listed) == len(set(listed))
    assert set(listed) == shown
    assert not shown & catalogue().keys()


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: error.__name__)
def test_an_exception_in_the_log_leads_to_what_the_caller_saw(error: type[Exception]):
    status, code = FAILURES[error]
    entry = entry_of(error.__name__)

    assert code in entry.codes
    assert str(status) in entry.shown or "held_back" in entry.codes


def test_what_chalice_answers_is_explained_by_the_page_that_a_browser_gets():
    assert all(page in entry_of(code).codes for code, page in CHALICE.items())
    assert str(UNEXPECTED[0]) in entry_of(UNEXPECTED[1]).shown


def test_twilios_codes_stand_together_where_they_mean_the_same():
    for entry in TWILIO:
        meanings = {CODES[int(code)][0] for code in entry.codes if int(code) in CODES}
        assert len(meanings) == (0 if set(entry.codes) == UNDELIVERED else 1)


def test_each_code_has_an_anchor_on_the_page():
    page = PAGE.path.read_text(encoding="utf-8")

    for code in chain.from_iterable(each.codes for each in ANSWERS):
        assert page.count(f'<a id="{code.lower()}"></a>') == 1


@pytest.mark.parametrize("code", ["cross_site_request", "AttemptUnknown", "30034"])
def test_a_code_of_the_application_is_explained(code: str, capsys: pytest.CaptureFixture[str]):
    assert main(["explain", code.lower()]) == Status.FINE

    said = capsys.readouterr()
    assert code in said.out
    assert entry_of(code).title in said.out
    assert said.err == ""
