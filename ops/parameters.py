"""A stage's parameters in SSM: read, written, and those that a deployment starts with.

A secret that exists is in use, and a text that exists may be a team's own, so `put_missing` only
adds what is missing.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.languages import DEFAULT, Languages
from chalicelib.otp.texts import for_ssm, from_ssm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_ssm.literals import ParameterTypeType

AUTHORIZATION, LEDGER_KEY = "otp/authorization", "ledger-key"
APP_SECRET, TWILIO, MANAGEMENT = "logto/app-secret", "twilio", "logto/management"
SECRETS = (APP_SECRET, AUTHORIZATION, LEDGER_KEY, TWILIO)
"""Without which nobody can sign in; MANAGEMENT is optional."""
SECRET_BYTES = 32
TEMPLATES = "templates/"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter, decrypted. The value of a template has Logto's placeholders."""

    value: str = field(repr=False)
    kind: ParameterTypeType
    version: int


def read(client: SSMClient, prefix: str) -> dict[str, Parameter]:
    """Return everything under `prefix`, by its name below it. Raises botocore's errors."""
    pages = client.get_paginator("get_parameters_by_path").paginate(
        Path=prefix, Recursive=True, WithDecryption=True
    )
    found = {
        each["Name"].removeprefix(f"{prefix}/"): each
        for page in pages
        for each in page["Parameters"]
    }
    return {
        name: Parameter(
            from_ssm(each["Value"]) if _is_template(each["Name"]) else each["Value"],
            each["Type"],
            each["Version"],
        )
        for name, each in found.items()
    }


def put(
    client: SSMClient,
    path: str,
    value: str,
    *,
    overwrite: bool,
    kind: ParameterTypeType | None = None,
) -> None:
    """Put a parameter of `kind`; by default templates are plain strings, all others encrypted.

    SSM takes the placeholders of templates in square brackets only. Raises botocore's errors, such
    as ParameterAlreadyExists.
    """
    client.put_parameter(
        Name=path,
        Value=for_ssm(value) if _is_template(path) else value,
        Type=kind or ("String" if _is_template(path) else "SecureString"),
        Overwrite=overwrite,
    )


def put_missing(client: SSMClient, prefix: str, values: Mapping[str, str]) -> list[str]:
    """Put those of `values` that SSM lacks under `prefix`; returns their names.

    Templates are plain strings, whose placeholders SSM takes in square brackets only; everything
    else is encrypted. Raises botocore's ClientError
    where SSM refuses for another reason than that the parameter exists.
    """
    return [name for name, value in values.items() if _put_new(client, prefix, name, value)]


def names(client: SSMClient, prefix: str) -> set[str]:
    """Return the parameters' names under `prefix`, without it. Raises botocore's ClientError."""
    pages = client.get_paginator("get_parameters_by_path").paginate(Path=prefix, Recursive=True)
    return {
        each["Name"].removeprefix(f"{prefix}/") for page in pages for each in page["Parameters"]
    }


def generated_secrets(random_bytes: Callable[[int], bytes]) -> dict[str, str]:
    """Return new random secrets, from a source such as `token_bytes`."""
    bearer = base64.urlsafe_b64encode(random_bytes(SECRET_BYTES)).decode().rstrip("=")
    return {
        AUTHORIZATION: f"Bearer {bearer}",
        LEDGER_KEY: base64.b64encode(random_bytes(SECRET_BYTES)).decode(),
    }


def default_templates(languages: Languages | None = None) -> dict[str, str]:
    """Return the texts to start with, each one SMS segment: `templates/{usageType}[/{locale}]`."""
    spoken = languages or Languages()
    return {
        f"{TEMPLATES}{usage_type}" + ("" if tag == DEFAULT else f"/{tag}"): text
        for tag in spoken.tags
        for usage_type, text in spoken[tag].texts.items()
    }


def _put_new(client: SSMClient, prefix: str, name: str, value: str) -> bool:
    try:
        put(client, f"{prefix}/{name}", value, overwrite=False)
    except client.exceptions.ParameterAlreadyExists:
        return False
    return True


def _is_template(path: str) -> bool:
    return f"/{TEMPLATES}" in path
