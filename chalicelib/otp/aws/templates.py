"""Templates in SSM, read together by their path and kept when SSM fails.

A text changed in SSM is live within the TTL, without a deployment. A new text that nobody
could sign in with is not: the one before it stays in use as long as the process lives. A
process that never saw another one goes without, as if it were not in SSM at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import log
from chalicelib.cache import StaleIfError
from chalicelib.otp.errors import TemplatesUnavailable
from chalicelib.otp.texts import Templates, bound_to_origin, from_ssm, problems

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_ssm import SSMClient

    from chalicelib.otp.texts import Key
    from chalicelib.settings import Settings


class SsmTemplates:
    """The templates under `{prefix}/templates/{usageType}[/{locale}]`.

    With an `origin`, a domain, each text ends in the line that binds its code to it.
    """

    def __init__(
        self,
        client: SSMClient,
        prefix: str,
        *,
        ttl_seconds: float,
        clock: Callable[[], float],
        origin: str | None = None,
    ) -> None:
        self._client = client
        self._origin = origin
        self._last = Templates({})
        self._checked: dict[Key, str] = {}
        # Without a slash at its end, with which the policy would have to end, too.
        self._path = f"{prefix}/templates"
        self._templates: StaleIfError[Templates] = StaleIfError(
            self._read,
            ttl_seconds=ttl_seconds,
            clock=clock,
            on_failure=_report,
        )

    @classmethod
    def from_settings(
        cls, settings: Settings, client: SSMClient, clock: Callable[[], float]
    ) -> SsmTemplates:
        """Return a deployment's templates; `clock` is monotonic, in seconds."""
        return cls(
            client,
            settings.parameter_prefix,
            ttl_seconds=settings.parameters_ttl_seconds,
            clock=clock,
            origin=settings.sms_origin,
        )

    def get(self) -> Templates:
        """Return the templates; raises TemplatesUnavailable where they were never read."""
        return self._templates.get()

    def _read(self) -> Templates:
        stored = self._stored()
        texts: dict[Key, str] = {}
        versions: dict[Key, int] = {}
        old: set[Key] = set()
        for key, (text, version) in stored.items():
            if self._is_useful(key, text):
                texts[key], versions[key] = bound_to_origin(text, self._origin), version
            elif key in self._last.texts:
                texts[key], versions[key] = self._last.texts[key], self._last.versions[key]
                old.add(key)
        if not texts:
            raise TemplatesUnavailable("SSM has no templates")
        self._last = Templates(texts, versions, frozenset(old))
        return self._last

    def _stored(self) -> dict[Key, tuple[str, int]]:
        # Decrypted: a template put as a SecureString by mistake must not be sent as ciphertext.
        pages = self._client.get_paginator("get_parameters_by_path").paginate(
            Path=self._path, Recursive=True, WithDecryption=True
        )
        try:
            return {
                _key(parameter["Name"].removeprefix(f"{self._path}/")): (
                    from_ssm(parameter["Value"]),
                    parameter["Version"],
                )
                for page in pages
                for parameter in page["Parameters"]
            }
        except (BotoCoreError, ClientError) as error:
            raise TemplatesUnavailable("SSM can't be read") from error

    def _is_useful(self, key: Key, text: str) -> bool:
        # The line with the origin has a code of its own, but a visitor would not find it there.
        found = {*problems(text), *problems(bound_to_origin(text, self._origin))}
        if self._checked.get(key) != text:  # logged once, and not every half minute
            self._checked[key] = text
            for problem in sorted(found):
                log.warning(
                    "template_problem", problem=problem.value, usage_type=key[0], locale=key[1]
                )
                log.count("TemplateProblem", problem=problem.value, usage_type=key[0])
        return not any(problem.makes_useless for problem in found)


def _report(error: Exception) -> None:
    log.failure("templates_kept", error)
    log.count("TemplatesKept")


def _key(name: str) -> Key:
    usage_type, _, locale = name.partition("/")
    return usage_type, locale.lower() or None
