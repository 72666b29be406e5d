"""`test-user` with Logto's stand-in, which makes one-time tokens as Logto's documentation says."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from ops.__main__ import main
from ops.errors import Status
from sandbox.identity.settings import MANAGEMENT_API
from tests.kit.application import Stage, be_the_sandbox, serving
from tests.kit.identity import MACHINE, SECRET, Logto, running_logto

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EMAIL = "reviewer+1@example.com"
COMMAND = ["test-user", EMAIL, "--stage", "local"]


@pytest.fixture(scope="module")
def logto() -> Iterator[Logto]:
    with running_logto() as logto:
        yield logto


@pytest.fixture
def stage(moto_server: str, logto: Logto, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Stage:
    """A stage that the command line takes for the sandbox."""
    stage = Stage(moto_server, LOGTO_ENDPOINT=logto.url, PUBLIC_URL=logto.app.url)
    credential = {"id": MACHINE, "secret": SECRET, "resource": MANAGEMENT_API}
    stage.put("logto/management", json.dumps(credential))
    be_the_sandbox(stage.environment, tmp_path, monkeypatch)
    return stage


def test_the_link_begins_a_sign_in_with_a_token_that_logto_made(
    stage: Stage, capsys: pytest.CaptureFixture[str]
):
    assert main(COMMAND) == Status.FINE

    out, err = capsys.readouterr()
    (line,) = out.splitlines()
    parts = urlsplit(line)
    query = parse_qs(parts.query)
    assert (
        f"{parts.scheme}://{parts.netloc}{parts.path}"
        == f"{stage.environment['PUBLIC_URL']}/sign-in"
    )
    assert query["login_hint"] == [EMAIL]
    assert re.fullmatch(r"[\w-]{32}", query["one_time_token"][0])
    assert f"is signed in as {EMAIL}" in " ".join(err.split())
    assert query["one_time_token"][0] not in err


def test_portaria_hands_the_token_on_to_logto(
    stage: Stage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    assert main([*COMMAND, "--json"]) == Status.FINE
    made = json.loads(capsys.readouterr().out)

    with serving(stage, monkeypatch) as site:
        sent_to = site.get(f"/sign-in?{urlsplit(made['link']).query}").headers["Location"]
    handed_on, query = parse_qs(urlsplit(sent_to).query), parse_qs(urlsplit(made["link"]).query)
    assert handed_on["one_time_token"] == query["one_time_token"]
    assert handed_on["login_hint"] == [EMAIL]


def test_a_dry_run_makes_nothing(stage: Stage, capsys: pytest.CaptureFixture[str]):
    assert main([*COMMAND, "--dry-run", "--json"]) == Status.FINE

    out, err = capsys.readouterr()
    start = f"{stage.environment['PUBLIC_URL']}/sign-in"
    assert json.loads(out) == {"planned": {"email": EMAIL, "hours": 48, "start": start}}
    assert "Nothing was made." in err


def test_what_logto_refuses_is_explained(stage: Stage, capsys: pytest.CaptureFixture[str]):
    assert main(["test-user", "nobody", "--stage", "local"]) == Status.FAILED
    assert "P194" in capsys.readouterr().err

    stage.ssm.delete_parameter(Name=f"{stage.prefix}/logto/management")
    assert main(COMMAND) == Status.FAILED
    assert "P195" in capsys.readouterr().err
