"""The same stack under a domain of its own, with a second stage beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from rehearsal.deployment import Deployment
from rehearsal.test_1_first_deployment import called

if TYPE_CHECKING:
    from rehearsal.conftest import Rehearsal

DOMAIN = "sign-in.example.com"


def test_an_update_leaves_tables_queues_and_secrets_as_they_were(sandbox: Rehearsal):
    deployment = sandbox.deployment
    before, kept = deployment.outputs, deployment.parameters()
    refused = deployment.ops("deploy", "DISABLE_DEFAULT_ENDPOINT=true", status=1)
    assert "The application would answer nowhere" in refused
    certificate = deployment.client("acm").request_certificate(DomainName=DOMAIN)["CertificateArn"]

    said = deployment.deploy(DOMAIN_NAME=DOMAIN, CERTIFICATE_ARN=certificate, PUBLIC_URL="")

    after = deployment.outputs
    assert after["PublicUrl"] == f"https://{DOMAIN}"
    assert f"https://{DOMAIN}/callback" in said
    assert after["DomainTarget"] in said
    assert f"{after['DefaultEndpoint']}/ still answers, too." in said
    new = {"PublicUrl", "DomainTarget", "DefaultEndpoint"}
    # AWS changes an API in place; the emulator makes another one.
    changed = {"PublicUrl", "EndpointURL", "RestAPIId"}
    assert after.keys() == before.keys() | new
    assert {n: v for n, v in after.items() if n not in new | changed} == {
        n: v for n, v in before.items() if n not in changed
    }
    assert deployment.parameters() == kept


def test_under_the_domain_the_stage_path_does_not_show(sandbox: Rehearsal):
    answer = called(sandbox.deployment, "/sign-in", DOMAIN)
    query = parse_qs(urlsplit(answer.headers["Location"]).query)

    assert answer.status_code == 302
    assert query["redirect_uri"] == [f"https://{DOMAIN}/callback"]
    assert answer.headers["Set-Cookie"].startswith("__Host-portaria_attempt")


def test_a_second_stage_shares_nothing_and_leaves_nothing(
    sandbox: Rehearsal, ports: dict[str, int]
):
    prod, dev = sandbox.deployment, Deployment(sandbox.deployment.aws_url, "dev")
    dev.deploy(
        LOGTO_ENDPOINT=f"http://localhost:{ports['identity']}",
        LOGTO_APP_ID="portaria-dev",
    )
    shared = {"AWS::Region"}  # no value of one stage is among the other's
    assert set(dev.outputs.values()).isdisjoint(set(prod.outputs.values()) - shared)
    assert dev.parameters()["otp/authorization"] != prod.parameters()["otp/authorization"]
    url, page = dev.outputs["PublicUrl"], called(dev, "/api/")
    assert url.endswith(".execute-api.us-east-1.amazonaws.com/api")  # where it has no other
    assert f'href="{url}/sign-in"' in page.text
    tables = [dev.outputs["SessionsTable"], dev.outputs["LedgerTable"]]

    said = dev.ops("destroy", answer="yes\n", status=1)
    assert "Its tables, with all sessions, go with it" in said
    assert "Nothing was deleted." in said
    assert dev.outputs
    dev.ops("destroy", answer="dev\n")

    left = dev.client("dynamodb").list_tables()["TableNames"]
    assert set(left).isdisjoint(tables)
    assert prod.outputs["SessionsTable"] in left
