"""Secrets from SSM: one call for all that a Lambda needs, read seldom, kept in an outage.

SSM allows 40 calls a second for the whole account, so each process reads its names
together. When a re-read fails, what was read before stays in use: an outage of SSM must
stop neither codes nor sign-ins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import log
from chalicelib.last_good import LastGood

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_ssm import SSMClient

MAX_NAMES_PER_CALL = 10  # GetParameters takes no more
JUST_NOW_SECONDS = 1.0


class ParameterError(Exception):
    """`names` can't be read: SSM is out of reach, or has no such parameters."""

    def __init__(self, names: Sequence[str], reason: str) -> None:
        self.names = tuple(names)
        self.reason = reason
        super().__init__(f"{', '.join(self.names)}: {reason}")


class Parameters:
    """The values of `names` under `prefix`, decrypted."""

    def __init__(
        self,
        client: SSMClient,
        prefix: str,
        names: Sequence[str],
        *,
        ttl_seconds: float,
        clock: Callable[[], float],
    ) -> None:
        if len(names) > MAX_NAMES_PER_CALL:
            raise ValueError(f"GetParameters takes at most {MAX_NAMES_PER_CALL} names")
        self._client = client
        self._prefix = prefix
        self._names = tuple(names)
        self._values: LastGood[Mapping[str, str]] = LastGood(
            self._read, ttl_seconds=ttl_seconds, clock=clock, on_failure=_report
        )

    def __getitem__(self, name: str) -> str:
        """Give the value of `name`.

        Raises ParameterError where it is not in SSM, or never was within reach.
        """
        if name not in self._names:
            raise ValueError(f"{name} is not among the names that are read")
        try:
            return self._values.get()[name]
        except KeyError:
            raise ParameterError([f"{self._prefix}/{name}"], "not in SSM") from None

    def renew(self) -> None:
        """Read again what was not read just now; keeps what it has where that fails."""
        self._values.renew(older_than_seconds=JUST_NOW_SECONDS)

    def _read(self) -> Mapping[str, str]:
        paths = {f"{self._prefix}/{name}": name for name in self._names}
        try:
            answer = self._client.get_parameters(Names=list(paths), WithDecryption=True)
        except (BotoCoreError, ClientError) as error:
            raise ParameterError(list(paths), "SSM can't be read") from error
        return {paths[found["Name"]]: found["Value"] for found in answer["Parameters"]}


def _report(error: Exception) -> None:
    log.failure("parameters_kept", error)
