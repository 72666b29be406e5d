"""Secrets from SSM: one call for all that a Lambda needs, read seldom, kept in an outage.

SSM allows 40 calls a second for the whole account, so each process reads its names
together. When a re-read fails, what was read before stays in use: an outage of SSM must
stop neither codes nor sign-ins. They are read again beside a request that needs them, which waits
only for values that would soon be a minute old.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import log
from chalicelib.cache import Lifetime, LoadedBeside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mypy_boto3_ssm import SSMClient

ABSENT = "not in SSM"
MAX_NAMES_PER_CALL = 10  # GetParameters takes no more
JUST_NOW_SECONDS = 1.0
FORMER_VERSIONS = 3
"""How many versions before the current one are read: a mistyped value is soon put again."""
FORMER_RETRY_SECONDS = 5.0
OLDEST_SECONDS = 55.0
"""How old a value may become without an outage: a change is live within a minute."""


def lifetime(fresh_seconds: float) -> Lifetime:
    """Return how long values are used that are read again after so many seconds."""
    return Lifetime(fresh_seconds, min(2 * fresh_seconds, OLDEST_SECONDS))


class ParameterError(Exception):
    """`names` can't be read: SSM is out of reach, or has no such parameters."""

    def __init__(self, names: Sequence[str], reason: str) -> None:
        self.names = tuple(names)
        self.reason = reason
        super().__init__(f"{', '.join(self.names)}: {reason}")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a parameter; `since` is when it was put, in seconds since the epoch."""

    number: int
    value: str = field(repr=False)
    since: float


class Parameters:
    """The values of `names` under `prefix`, decrypted; `client` is asked for when one is read."""

    def __init__(
        self,
        client: Callable[[], SSMClient],
        prefix: str,
        names: Sequence[str],
        *,
        lifetime: Lifetime,
        clock: Callable[[], float],
    ) -> None:
        if len(names) > MAX_NAMES_PER_CALL:
            raise ValueError(f"GetParameters takes at most {MAX_NAMES_PER_CALL} names")
        self._client = client
        self._prefix = prefix
        self._names = tuple(names)
        self._clock = clock
        self._current: LoadedBeside[Mapping[str, Version]] = LoadedBeside(
            self._read, lifetime=lifetime, clock=clock, on_failure=_report
        )
        self._lock = threading.Lock()
        self._former: dict[tuple[str, Version], Version | None] = {}
        self._failed_at = float("-inf")

    def __getitem__(self, name: str) -> str:
        """Return the value of `name`.

        Raises ParameterError where it is not in SSM, or never was within reach.
        """
        return self._version(name).value

    def find(self, name: str) -> str | None:
        """Return the value of `name`, or None where SSM has no such parameter.

        Raises ParameterError where it never was within reach.
        """
        try:
            return self._version(name).value
        except ParameterError as error:
            if error.reason == ABSENT:
                return None
            raise

    def valid_since(self, name: str, moment: float) -> list[str]:
        """Return the values of `name` that were current at `moment` or later, the newest first.

        `moment` is in seconds since the epoch. A value that was replaced since then is read from
        SSM's history, once for each process; one that can't be read is left out. Raises
        ParameterError as for the current value.
        """
        version: Version | None = self._version(name)
        values: list[str] = []
        while version is not None:
            values.append(version.value)
            if version.since < moment or len(values) > FORMER_VERSIONS:
                break
            version = self._before(name, version)
        return values

    def renew(self, older_than_seconds: float = JUST_NOW_SECONDS) -> None:
        """Read again what was read longer ago than that; keeps what it has where that fails."""
        self._current.renew(older_than_seconds=older_than_seconds)

    def _version(self, name: str) -> Version:
        if name not in self._names:
            raise ValueError(f"{name} is not among the names that are read")
        try:
            return self._current.get()[name]
        except KeyError:
            raise ParameterError([f"{self._prefix}/{name}"], ABSENT) from None

    def _before(self, name: str, version: Version) -> Version | None:
        number = version.number - 1
        with self._lock:
            if (name, version) in self._former:
                return self._former[name, version]
            if number < 1 or self._clock() < self._failed_at + FORMER_RETRY_SECONDS:
                return None
            path = f"{self._prefix}/{name}"
            try:
                found = self._get([f"{path}:{number}"]).get(path)
            except ParameterError as error:
                log.failure("former_value_unread", error)
                self._failed_at = self._clock()
                return None
            self._former[name, version] = found
            return found

    def _read(self) -> Mapping[str, Version]:
        paths = {f"{self._prefix}/{name}": name for name in self._names}
        return {paths[path]: version for path, version in self._get(list(paths)).items()}

    def _get(self, paths: Sequence[str]) -> Mapping[str, Version]:
        try:
            answer = self._client().get_parameters(Names=paths, WithDecryption=True)
        except (BotoCoreError, ClientError) as error:
            raise ParameterError(paths, "SSM can't be read") from error
        return {
            found["Name"]: Version(
                found["Version"], found["Value"], found["LastModifiedDate"].timestamp()
            )
            for found in answer["Parameters"]
        }


@dataclass(frozen=True, slots=True)
class Secret:
    """One parameter, read at each use. Where it can't be read, `unavailable` makes the error.

    So each domain raises its own error for a missing secret.
    """

    parameters: Parameters
    name: str
    unavailable: Callable[[str], Exception]

    def __call__(self) -> str:
        """Return the value."""
        with self._errors():
            return self.parameters[self.name]

    def find(self) -> str | None:
        """Return the value, or None where SSM has no such parameter."""
        with self._errors():
            return self.parameters.find(self.name)

    def valid_since(self, moment: float) -> list[str]:
        """Return the values that were current at `moment` (seconds since the epoch) or later."""
        with self._errors():
            return self.parameters.valid_since(self.name, moment)

    def renew(self, older_than_seconds: float = JUST_NOW_SECONDS) -> None:
        """Read again what was read longer ago than that; keeps what it has where that fails."""
        self.parameters.renew(older_than_seconds)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except ParameterError as error:
            raise self.unavailable(str(error)) from error


def _report(error: Exception) -> None:
    log.failure("parameters_kept", error)
