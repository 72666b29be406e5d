from __future__ import annotations

import json
import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from sandbox import deployment
from sandbox.settings import Settings
from tests.kit.engines import ROOT
from tests.kit.processes import answers, free_ports, ports_environment, started

if TYPE_CHECKING:
    from collections.abc import Mapping


def project_of(folder: Path, environment: Mapping[str, str]) -> Path:
    """Make the project anew in `folder`, with another environment of the stage `local`."""
    for name in ("app.py", "chalicelib"):
        (folder / name).symlink_to(ROOT / name)
    config = json.loads((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))
    config["stages"]["local"]["environment_variables"] = dict(environment)
    (folder / ".chalice").mkdir()
    (folder / ".chalice" / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def test_a_plain_chalice_local_beside_the_sandbox_has_its_providers_and_settings(tmp_path: Path):
    environment = ports_environment()
    environment |= {
        "LOGTO_ENDPOINT": f"http://localhost:{environment['IDENTITY_PORT']}",
        "LOGTO_APP_ID": "the-real-one",
        "LOGTO_APP_SECRET": "secret",
        "PUBLIC_URL": "https://tunnel.example",
    }
    settings = Settings.from_env(environment)
    # AWS has another port here, lest the test disturb a sandbox; the rest is as it is configured.
    configured = deployment.local_stage().environment_variables
    aws = {
        name: value.replace(configured["AWS_ENDPOINT_URL"], settings.aws_url)
        for name, value in configured.items()
    }
    project = project_of(tmp_path, aws)
    (port,) = free_ports(1)
    with ExitStack() as stack:
        ports = {"sandbox.aws": settings.aws_port, "sandbox.identity.app": settings.identity_port}
        for module, its_port in ports.items():
            process = stack.enter_context(started("-m", module, environment=environment))
            answers(process, its_port)
        stack.enter_context(
            deployment.published(settings.stage_environment(), project / aws["SETTINGS_FILE"])
        )
        second = stack.enter_context(
            started(
                *("-c", "from chalice.cli import main; main()", "local", "--stage", "local"),
                *("--no-autoreload", "--port", str(port)),
                environment={**os.environ, "PYTHONUNBUFFERED": "1"},
                cwd=project,
            )
        )
        answers(second, port)

        sent = requests.get(
            f"http://localhost:{port}/sign-in", allow_redirects=False, timeout=60
        ).headers["Location"]

    assert sent.startswith(f"{settings.logto.endpoint}/oidc/auth?")  # type: ignore[union-attr]
    assert "client_id=the-real-one" in sent
    assert "redirect_uri=https%3A%2F%2Ftunnel.example%2Fcallback" in sent


def test_the_sandbox_on_the_default_port_of_aws_has_the_file_that_chalice_reads():
    file = ROOT / deployment.local_stage().environment_variables["SETTINGS_FILE"]

    other_app = Settings.from_env({"APP_PORT": "9000"})
    other_aws = Settings.from_env({"AWS_PORT": "9000"})
    assert deployment.published_file(other_app.stage_environment()) == file
    assert deployment.published_file(other_aws.stage_environment()) == file.with_name(
        "sandbox-9000.json"
    )


def test_what_was_published_goes_with_the_sandbox(tmp_path: Path):
    file = tmp_path / "new" / "sandbox.json"
    environment = Settings.from_env({"REVALIDATE_SECONDS": "60"}).stage_environment()

    with deployment.published(environment, file):
        assert json.loads(file.read_text(encoding="utf-8")) == environment
    assert not file.exists()
