"""The application's part of the plan: its URIs at Logto, its secret, and its id at the stage."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ops.errors import OperatorError
from ops.errors.setting_up import APPLICATION_WRONG
from ops.http_api import ApiError
from ops.parameters import APP_SECRET
from ops.setup.plan import HIDDEN, MISSING
from ops.setup.shown import metadata_shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ops.logto.resources import Application, AppSecret
    from ops.setup.tenant import Tenant

_NOT_FOUND = 404


class ApplicationSetup:
    """What is planned for the application that people sign in to.

    `app_id` is the stage's LOGTO_APP_ID, which `adopt` replaces where the application is another
    one; without `adopt`, that is left to the operator.
    """

    def __init__(
        self, tenant: Tenant, app_id: str, adopt: Callable[[str], None] | None = None
    ) -> None:
        self._tenant, self._plan, self._logto = tenant, tenant.plan, tenant.logto
        self._held_id, self._adopt = app_id, adopt
        self._name = f"portaria-{tenant.stage}"
        self._app_id: str | None = None

    def find(self) -> None:
        """Add to the plan what is missing. Raises OperatorError and ApiError."""
        found = self._found()
        wanted = {
            "backchannelLogoutUri": self._tenant.addresses.back_channel,
            "backchannelLogoutSessionRequired": True,
        }
        lists = {
            "redirectUris": self._tenant.addresses.redirect,
            "postLogoutRedirectUris": self._tenant.addresses.signed_out,
        }
        if found is None:
            metadata = {name: [uri] for name, uri in lists.items()} | wanted
            self._plan.add(
                "Logto",
                f"application {self._name}",
                MISSING,
                "Traditional web application with "
                + ", ".join(map(metadata_shown, metadata.values())),
                lambda: self._create(metadata),
            )
        else:
            self._app_id = found.id
            held = dict(found.metadata)
            changed = {
                name: [*held.get(name, []), uri]
                for name, uri in lists.items()
                if uri not in held.get(name, [])
            } | {name: value for name, value in wanted.items() if held.get(name) != value}
            for name, value in changed.items():
                self._plan.add(
                    "Logto",
                    f"application {found.name}: {name}",
                    metadata_shown(held.get(name)),
                    metadata_shown(value),
                    self._changing(found.id, name, value),
                )
        self._find_secret()

    def find_id(self) -> None:
        """Plan that the stage gets the application's id, after everything else: it may take long.

        Only then does the stage sign people in.
        """
        if self._app_id == self._held_id:
            return
        if self._adopt is not None:
            what = f"LOGTO_APP_ID of the stage {self._tenant.stage}"
            shown = self._app_id or "that of the new application"
            self._plan.add("AWS", what, self._held_id, shown, self._adopt_id)
        elif self._app_id is not None:  # a new one gets the id that the sandbox has chosen
            self._plan.notes.append(
                f"LOGTO_APP_ID is {self._held_id}, but the application's id is {self._app_id}."
            )

    def _found(self) -> Application | None:
        try:
            found = self._logto.application(self._held_id)
        except ApiError as error:
            if error.status != _NOT_FOUND:
                raise
        else:
            if found.kind != "Traditional":
                raise OperatorError(
                    APPLICATION_WRONG,
                    f"The application {found.name} is of the type {found.kind}, not Traditional.",
                )
            return found
        named = self._logto.applications(self._name)
        callback = self._tenant.addresses.redirect
        # Names are not unique: one that leads here was made by an earlier run.
        ours = [each for each in named if callback in each.metadata.get("redirectUris", [])]
        return ours[0] if ours else None

    def _find_secret(self) -> None:
        held = self._tenant.store.values.get(APP_SECRET)
        if self._app_id is not None and held in [each.value for each in self._live(self._app_id)]:
            return
        before = MISSING if held is None else f"{HIDDEN}, which is not a secret of the application"
        after = f"{HIDDEN}, the application's secret"
        self._plan.add("AWS", self._tenant.store.path(APP_SECRET), before, after, self._put_secret)

    def _create(self, metadata: Mapping[str, Any]) -> None:
        self._app_id = self._logto.create_application(self._name, metadata).id

    def _adopt_id(self) -> None:
        assert self._app_id is not None  # noqa: S101 - created before
        assert self._adopt is not None  # noqa: S101 - planned only with it
        self._adopt(self._app_id)

    def _put_secret(self) -> None:
        assert self._app_id is not None  # noqa: S101 - created before
        live = self._live(self._app_id)
        if not live:
            name = f"portaria {datetime.now(UTC):%Y-%m-%d %H:%M}"
            live = [self._logto.create_secret(self._app_id, name)]
        self._tenant.store.put(APP_SECRET, live[-1].value)

    def _live(self, app_id: str) -> list[AppSecret]:
        milliseconds = datetime.now(UTC).timestamp() * 1000
        return [each for each in self._logto.secrets(app_id) if each.lives_at(milliseconds)]

    def _changing(self, app_id: str, name: str, value: Any) -> Callable[[], None]:
        def apply() -> None:
            # Logto replaces the whole: what somebody else changed in the meantime must stay.
            metadata = dict(self._logto.application(app_id).metadata)
            self._logto.update_application(app_id, metadata | {name: value})

        return apply
