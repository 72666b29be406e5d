"""Templates in SSM, read together by their path and kept when SSM fails.

A text changed in SSM is live within the TTL, without a deployment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import log
from chalicelib.last_good import LastGood
from chalicelib.otp.errors import TemplatesUnavailable
from chalicelib.otp.template import Templates

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_ssm import SSMClient


class SsmTemplates:
    """The templates under `{prefix}/templates/{usageType}[/{locale}]`."""

    def __init__(
        self,
        client: SSMClient,
        prefix: str,
        *,
        ttl_seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self._client = client
        self._path = f"{prefix}/templates/"
        self._templates: LastGood[Templates] = LastGood(
            self._read,
            ttl_seconds=ttl_seconds,
            clock=clock,
            on_failure=lambda error: log.failure("templates_kept", error),
        )

    def get(self) -> Templates:
        """Give the templates; raises TemplatesUnavailable where they were never read."""
        return self._templates.get()

    def _read(self) -> Templates:
        # Decrypted: a template put as a SecureString by mistake must not be sent as ciphertext.
        pages = self._client.get_paginator("get_parameters_by_path").paginate(
            Path=self._path, Recursive=True, WithDecryption=True
        )
        try:
            found = {
                parameter["Name"].removeprefix(self._path): parameter["Value"]
                for page in pages
                for parameter in page["Parameters"]
            }
        except (BotoCoreError, ClientError) as error:
            raise TemplatesUnavailable("SSM can't be read") from error
        if not found:
            raise TemplatesUnavailable("SSM has no templates")
        return Templates({_key(name): text for name, text in found.items()})


def _key(name: str) -> tuple[str, str | None]:
    usage_type, _, locale = name.partition("/")
    return usage_type, locale.lower() or None
