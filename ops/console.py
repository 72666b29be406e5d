"""What is left to do by hand: in Logto's Console, and after a deployment in SSM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.addresses import Addresses
from ops.connector import REQUIRED
from ops.parameters import APP_SECRET, AUTHORIZATION, LEDGER_KEY, MANAGEMENT, TWILIO, names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_ssm import SSMClient

_WANTED = {
    APP_SECRET: "the application's secret, from Logto's Console",
    TWILIO: '{"accountSID": "AC…", "authToken": "…", "fromMessagingServiceSid": "MG…"}',
    AUTHORIZATION: "what Logto's connector sends; the next deployment makes one",
    LEDGER_KEY: "32 random bytes in base64; the next deployment makes them",
    **{f"templates/{usage}": "the text, with {{code}}" for usage in REQUIRED},
}
_OPTIONAL = {
    MANAGEMENT: 'lets "Sign out on all devices" reach Logto; it opens the whole tenant, '
    "see docs/guides/deployment.md",
}


def instructions(stage: str, outputs: Mapping[str, str], ssm: SSMClient, *, reveal: bool) -> str:
    """Return the text to print; the connector's secret is in it only with `reveal`.

    Raises botocore's ClientError.
    """
    prefix = outputs["ParameterPrefix"]
    there = names(ssm, prefix)
    secret = f"what the SSM parameter {prefix}/{AUTHORIZATION} holds"
    if reveal and AUTHORIZATION in there:
        found = ssm.get_parameter(Name=f"{prefix}/{AUTHORIZATION}", WithDecryption=True)
        secret = found["Parameter"]["Value"]
    url = outputs["PublicUrl"].rstrip("/")
    lines = [
        f"\nPortaria answers at {url}/",
        f"\nportaria setup --stage {stage} sets up Logto and Twilio. By hand, in Logto's Console:",
        *(f"  {line}" for line in in_logtos_console(url, secret)),
        *_missing(prefix, there),
    ]
    if "DomainTarget" in outputs:
        lines.append(f"\nThe domain's DNS record points to {outputs['DomainTarget']}")
    if "DefaultEndpoint" in outputs:
        lines += _closing(stage, outputs["DefaultEndpoint"])
    return "\n".join([*lines, f"\nDashboard: {outputs['DashboardUrl']}"])


def in_logtos_console(
    url: str, authorization: str, called_url: str | None = None, app_id: str | None = None
) -> list[str]:
    """Return what to set in Logto's Console, line by line under the Console's own names.

    Browsers come to `url`. Logto itself calls `called_url`, where that is another address.
    """
    ours, called = Addresses(url), Addresses(called_url or url)
    return [
        f'Applications: {app_id or "one"}, of the type "Traditional web"',
        f"  Redirect URI                  {ours.redirect}",
        f"  Post sign-out redirect URI    {ours.signed_out}",
        f"  Backchannel logout URI        {called.back_channel}",
        "  Is session required?          yes",
        "Connectors, SMS: HTTP SMS",
        "  It replaces the SMS connector that is there, with its credentials: copy them first.",
        f"  Endpoint                      {called.codes}",
        f"  Authorization Header          {authorization}",
        "Sign-in & account, Sign-up and sign-in",
        "  Sign-up identifier            Phone number, verified",
        "  Sign-in method                Phone number with verification code",
        f"  Unknown session redirect URL  {ours.sign_in}",
        "Connector, sign-up and sign-in serve every application of the tenant:",
        "  use a tenant for development, apart from the one of your users.",
    ]


def _closing(stage: str, default_endpoint: str) -> Iterator[str]:
    yield f"\n{default_endpoint}/ still answers, too."
    yield "Close it when the addresses above are in Logto's Console, so that neither connector"
    yield "nor back-channel logout calls it, and a day has brought Twilio's last receipts:"
    yield f"  make deploy STAGE={stage} DISABLE_DEFAULT_ENDPOINT=true"


def _missing(prefix: str, there: set[str]) -> Iterator[str]:
    missing = [name for name in _WANTED if name not in there]
    if not missing:
        yield "\nNothing is missing in SSM."
    else:
        yield "\nStill missing in SSM; without these no one can sign in:"
    for name in missing:
        kind = "String" if name.startswith("templates/") else "SecureString"
        yield f"  {prefix}/{name} ({kind}): {_WANTED[name]}"
    for name in _OPTIONAL.keys() - there:
        yield f"\nOptional in SSM: {prefix}/{name} (SecureString): {_OPTIONAL[name]}"
