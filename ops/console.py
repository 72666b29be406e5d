"""What a person still has to do after a deployment: in Logto's Console, and in SSM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.parameters import names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_ssm import SSMClient

_USAGE_TYPES = ("Register", "SignIn", "ForgotPassword", "Generic")
_AUTHORIZATION = "otp/authorization"
_WANTED = {
    "logto/app-secret": "the application's secret, from Logto's Console",
    "twilio": '{"accountSID": "AC…", "authToken": "…", "fromMessagingServiceSid": "MG…"}',
    _AUTHORIZATION: "what Logto's connector sends; the next deployment makes one",
    "ledger-key": "32 random bytes in base64; the next deployment makes them",
    **{f"templates/{usage}": "the text, with {{code}}" for usage in _USAGE_TYPES},
}


def instructions(outputs: Mapping[str, str], ssm: SSMClient, *, reveal: bool) -> str:
    """Give the text to print; the connector's secret is in it only with `reveal`.

    Raises botocore's ClientError.
    """
    prefix = outputs["ParameterPrefix"]
    there = names(ssm, prefix)
    secret = f"what the SSM parameter {prefix}/{_AUTHORIZATION} holds"
    if reveal and _AUTHORIZATION in there:
        found = ssm.get_parameter(Name=f"{prefix}/{_AUTHORIZATION}", WithDecryption=True)
        secret = found["Parameter"]["Value"]
    lines = [*_pasted(outputs["PublicUrl"].rstrip("/"), secret), *_missing(prefix, there)]
    if "DomainTarget" in outputs:
        lines.append(f"\nThe domain's DNS record points to {outputs['DomainTarget']}")
    return "\n".join([*lines, f"\nDashboard: {outputs['DashboardUrl']}"])


def _pasted(url: str, secret: str) -> Iterator[str]:
    yield f"\nPortaria answers at {url}/\n"
    yield "To paste into Logto's Console:"
    yield "  the application, of the type Traditional web"
    yield f"    Redirect URI                {url}/callback"
    yield f"    Post sign-out redirect URI  {url}/"
    yield f'    Back-channel logout URI     {url}/backchannel-logout, "session required"'
    yield "  the connector HTTP SMS"
    yield f"    Endpoint                    {url}/otp"
    yield f"    Authorization header        {secret}"


def _missing(prefix: str, there: set[str]) -> Iterator[str]:
    missing = [name for name in _WANTED if name not in there]
    if not missing:
        yield "\nNothing is missing in SSM."
        return
    yield "\nStill missing in SSM; nobody can sign in without:"
    for name in missing:
        kind = "String" if name.startswith("templates/") else "SecureString"
        yield f"  {prefix}/{name} ({kind}): {_WANTED[name]}"
