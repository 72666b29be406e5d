"""The parameters in SSM that a deployment starts with: made once, never overwritten.

A secret that exists is in use, and a text that exists may be a team's own, so everything here only
adds what is missing.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from chalicelib.languages import DEFAULT, Languages
from chalicelib.otp.texts import for_ssm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_ssm import SSMClient

SECRET_BYTES = 32


def put_missing(client: SSMClient, prefix: str, values: Mapping[str, str]) -> list[str]:
    """Put those of `values` that SSM lacks under `prefix`; returns their names.

    Templates are plain strings, whose placeholders SSM takes in square brackets only; everything
    else is encrypted. Raises botocore's ClientError
    where SSM refuses for another reason than that the parameter exists.
    """
    return [name for name, value in values.items() if _put(client, f"{prefix}/{name}", name, value)]


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
        "otp/authorization": f"Bearer {bearer}",
        "ledger-key": base64.b64encode(random_bytes(SECRET_BYTES)).decode(),
    }


def default_templates(languages: Languages | None = None) -> dict[str, str]:
    """Return the texts to start with, each one SMS segment: `templates/{usageType}[/{locale}]`."""
    spoken = languages or Languages()
    return {
        f"templates/{usage_type}" + ("" if tag == DEFAULT else f"/{tag}"): text
        for tag in spoken.tags
        for usage_type, text in spoken[tag].texts.items()
    }


def _put(client: SSMClient, path: str, name: str, value: str) -> bool:
    is_template = name.startswith("templates/")
    try:
        client.put_parameter(
            Name=path,
            Value=for_ssm(value) if is_template else value,
            Type="String" if is_template else "SecureString",
            Overwrite=False,
        )
    except client.exceptions.ParameterAlreadyExists:
        return False
    return True
