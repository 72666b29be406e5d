"""The stand-in's settings, as Logto's Console has them: applications, resources, SMS connector."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


OIDC_SCOPES = (
    "openid",
    "offline_access",
    "profile",
    "email",
    "phone",
    "address",
    "custom_data",
    "identities",
    "roles",
    "urn:logto:scope:organizations",
    "urn:logto:scope:organization_roles",
    "urn:logto:scope:sessions",
    "urn:logto:scope:trusted_devices",
)

MANAGEMENT_API = "https://default.logto.app/api"
"""The Management API's resource indicator at Logto OSS; one of Logto Cloud's names the tenant."""


MANAGEMENT_APP_ID = "portaria-local-management"
"""The sandbox's machine-to-machine application; its secret is that of the other one."""


@dataclass(frozen=True, slots=True)
class Application:
    """One application of the console: a confidential client.

    A `third_party` application needs the user's consent, on a page; a first-party one does not.
    One that is `machine_to_machine` signs no user in; with the role "Logto Management API access"
    (`manages_logto`) its tokens open the Management API.
    """

    app_id: str
    app_secret: str = field(repr=False)
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str | None = None
    backchannel_logout_session_required: bool = False
    always_issue_refresh_token: bool = False
    third_party: bool = False
    machine_to_machine: bool = False
    manages_logto: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class ApiResource:
    """An API that access tokens are made for: its resource indicator (RFC 8707) and its scopes."""

    indicator: str
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Membership:
    """What a user's roles in one organization grant.

    `permissions` are the organization's own; `scopes` are scopes of API resources.
    """

    permissions: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Connector:
    """The HTTP SMS connector: where codes are posted, and the Authorization value sent along."""

    endpoint: str
    authorization: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long things live, in seconds; the defaults are Logto's."""

    code_seconds: int = 60
    access_token_seconds: int = 3600
    id_token_seconds: int = 3600
    refresh_token_seconds: int = 14 * 86_400
    session_seconds: int = 14 * 86_400
    interaction_seconds: int = 3600


def _say_nothing(_: str) -> None:
    """Report nothing, as in tests."""


@dataclass(frozen=True, slots=True)
class IdentitySettings:
    """Everything the stand-in knows when it starts.

    Applications, connector and unknown session redirect URL can be changed by the Management API
    later. With `connector` None it starts as a new tenant, whose users have a name and a password.
    Logto chooses the ids of new applications; here the first one gets `first_application_id`, if
    that is given, because an application that runs already is told this id.
    `endpoint` is its own base URL without a slash at the end; `report` gets one plain sentence
    for each event, without codes, whole phone numbers or tokens. `organization_permissions` are
    those of the organization template; what is for new users is what Logto's default role and
    its provisioning of organizations give them. With `confirm_accounts` a page asks before a
    sign-in creates an account, and before a registration signs in to one that exists.
    `unknown_session_redirect_url` is where the address of a page leads that no sign-in has led to:
    Logto's setting of that name.
    """

    endpoint: str
    applications: tuple[Application, ...]
    connector: Connector | None
    api_resources: tuple[ApiResource, ...] = ()
    organization_permissions: tuple[str, ...] = ()
    new_user_scopes: frozenset[str] = frozenset()
    new_user_organizations: Mapping[str, Membership] = field(default_factory=dict)
    clock: Callable[[], float] = time.time
    lifetimes: Lifetimes = field(default_factory=Lifetimes)
    confirm_accounts: bool = True
    unknown_session_redirect_url: str | None = None
    first_application_id: str | None = None
    report: Callable[[str], None] = _say_nothing

    @property
    def issuer(self) -> str:
        """The `iss` of every token and callback."""
        return f"{self.endpoint}/oidc"

    def resource(self, indicator: str) -> ApiResource | None:
        """Return the API resource of that indicator, if there is one."""
        return next((each for each in self.api_resources if each.indicator == indicator), None)
