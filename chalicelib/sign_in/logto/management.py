"""The adapter to Logto's Management API, for ending a user's sessions and grants there.

It needs a machine-to-machine application of the tenant's, which may do everything: the API has
one scope only. So its token is fetched for each use and stored nowhere.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chalicelib.sign_in.errors import ProviderMisconfigured, ProviderUnreachable, SignInError
from chalicelib.sign_in.logto.http import Http

if TYPE_CHECKING:
    from chalicelib.settings import Settings
    from chalicelib.sign_in.logto.http import Answer

SCOPE = "all"
TOTAL_SECONDS = 12.0  # of API Gateway's 29: our own sessions ended before, a redirect comes after
AT_ONCE = 8
_ENDED = frozenset({200, 204, 404})  # 404: it ended before us
_SERVER_ERROR = 500


class ManagementCredential(BaseModel):
    """A machine-to-machine application, and the Management API's resource indicator."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(min_length=1)
    secret: str = Field(min_length=1, repr=False)
    resource: str = Field(min_length=1)

    @classmethod
    def read(cls, text: str) -> ManagementCredential:
        """Read the JSON of all three; raises ProviderMisconfigured."""
        try:
            return cls.model_validate_json(text)
        except ValidationError:
            raise ProviderMisconfigured("management credential: unreadable") from None


@dataclass(frozen=True, slots=True)
class LogtoManagement:
    """Ends what users have at Logto. `app_id` is the application that signs them in."""

    endpoint: str
    app_id: str
    credential: ManagementCredential
    http: Http
    total_seconds: float = TOTAL_SECONDS

    @classmethod
    def from_settings(cls, settings: Settings, credential: str) -> LogtoManagement:
        """Return the API of a deployment's tenant; raises ProviderMisconfigured."""
        return cls(
            settings.logto_endpoint,
            settings.logto_app_id,
            ManagementCredential.read(credential),
            Http(settings.logto_timeout_seconds),
        )

    def end_all(self, subject: str) -> None:
        """End a user's sessions, with all that was granted in them, and this application's grants.

        Sessions come first: one that lives could grant anew. Grants outlive their sessions where
        `offline_access` was granted, so this application's are looked for by themselves. Logto
        tells no application by back-channel logout. Raises ProviderMisconfigured where the
        credential does not open the API, and ProviderUnreachable; whatever could be ended has
        ended then.
        """
        ends_at = time.monotonic() + self.total_seconds
        token = self._token(ends_at)
        user = f"{self.endpoint}/api/users/{quote(subject, safe='')}"
        sessions = self._listed(ends_at, token, f"{user}/sessions", "sessions")
        uids = [_text(each, "payload", "uid") for each in sessions]
        failures = self._delete(
            ends_at,
            token,
            [f"{user}/sessions/{_quoted(uid)}?revokeGrantsTarget=all" for uid in uids],
        )
        grants = self._listed(ends_at, token, f"{user}/grants", "grants")
        ours = [each for each in grants if _text(each, "payload", "clientId") == self.app_id]
        failures += self._delete(
            ends_at, token, [f"{user}/grants/{_quoted(_text(each, 'id'))}" for each in ours]
        )
        for failure in failures:
            raise failure

    def _call(self, ends_at: float, method: str, url: str, **options: Any) -> Answer:
        remaining = ends_at - time.monotonic()
        try:
            if remaining > 0:
                return self.http.call(method, url, within_seconds=remaining, **options)
        except ProviderUnreachable:
            if time.monotonic() < ends_at:
                raise
        raise ProviderUnreachable("management: not in time") from None

    def _token(self, ends_at: float) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.credential.id,
            "client_secret": self.credential.secret,
            "resource": self.credential.resource,
            "scope": SCOPE,
        }
        answer = self._call(ends_at, "POST", f"{self.endpoint}/oidc/token", form=form).json()
        # Without its role an application gets a token as well, which opens nothing.
        if SCOPE not in str(answer.get("scope")).split():
            raise ProviderMisconfigured("management: the application lacks its role")
        return _text(answer, "access_token")

    def _listed(self, ends_at: float, token: str, url: str, name: str) -> list[Any]:
        answer = self._call(ends_at, "GET", url, bearer_token=token)
        if not answer.is_ok:
            raise _refusal(answer)
        found = answer.json().get(name)
        if not isinstance(found, list):
            raise ProviderUnreachable("management: unreadable")
        return found

    def _delete(self, ends_at: float, token: str, urls: list[str]) -> list[SignInError]:
        """Delete them all; returns what failed."""

        def delete(url: str) -> SignInError | None:
            try:
                answer = self._call(ends_at, "DELETE", url, bearer_token=token)
            except SignInError as error:
                return error
            return None if answer.status in _ENDED else _refusal(answer)

        with ThreadPoolExecutor(AT_ONCE) as threads:
            return [each for each in threads.map(delete, urls) if each is not None]


def _refusal(answer: Answer) -> SignInError:
    # 404 for a list: a Logto that is too old to have it.
    kind = ProviderMisconfigured if answer.status < _SERVER_ERROR else ProviderUnreachable
    return kind(f"management: HTTP {answer.status}")


def _text(content: Any, *path: str) -> str:
    for name in path:
        content = content.get(name) if isinstance(content, dict) else None
    if not isinstance(content, str) or not content:
        raise ProviderUnreachable("management: unreadable")
    return content


def _quoted(part: str) -> str:
    return quote(part, safe="")
