"""The SMS connector's part of the plan; what was there is saved first."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chalicelib.otp.texts import problems
from ops.connector import texts
from ops.errors import OperatorError
from ops.errors.setting_up import BACKUP_FAILED
from ops.files import write_privately
from ops.logto.resources import HTTP_SMS, TWILIO_SMS
from ops.parameters import AUTHORIZATION, TEMPLATES
from ops.setup.plan import HIDDEN, MISSING
from ops.setup.shown import masked

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ops.logto.resources import Connector
    from ops.setup.tenant import Tenant

_USAGE_TYPE = re.compile(r"[A-Za-z]{1,64}", re.ASCII)


class ConnectorSetup:
    """What is planned for the tenant's one SMS connector.

    The configuration of a connector that is changed is first written to a new file in `backups`.
    """

    def __init__(self, tenant: Tenant, backups: Path) -> None:
        self._tenant, self._plan, self._backups = tenant, tenant.plan, backups
        self._endpoint = tenant.addresses.codes
        self._connector: Connector | None = tenant.logto.sms_connector()
        self.backup: Path | None = None

    @property
    def twilio_config(self) -> Mapping[str, Any] | None:
        """The configuration of Logto's own Twilio connector, if that is the tenant's."""
        found = self._connector
        return found.config if found is not None and found.kind == TWILIO_SMS else None

    @property
    def texts(self) -> dict[str, str]:
        """The texts of Logto's own Twilio connector that are of use, as parameters."""
        return {
            f"{TEMPLATES}{name}": each.text
            for name, each in texts(self.twilio_config or {}).items()
            if _USAGE_TYPE.fullmatch(name)
            and not any(problem.makes_useless for problem in problems(each.text))
        }

    @property
    def is_replaced(self) -> bool:
        """Whether a connector that serves something else is going to be given up."""
        found = self._connector
        return found is not None and (
            found.kind != HTTP_SMS or found.config.get("endpoint") != self._endpoint
        )

    @property
    def config(self) -> dict[str, Any]:
        """The connector's configuration as it is to be; other keys stay."""
        found = self._connector
        kept = found.config if found is not None and found.kind == HTTP_SMS else {}
        authorization = self._tenant.store.values.get(AUTHORIZATION)
        return {**kept, "endpoint": self._endpoint, "authorization": authorization}

    def find(self) -> None:
        """Add to the plan what is missing."""
        found = self._connector
        after = f"{HTTP_SMS}: endpoint={self._endpoint}, authorization={HIDDEN}"
        if found is None:
            self._plan.add("Logto", "SMS connector", MISSING, after, self._create)
            return
        if found.kind == HTTP_SMS and dict(found.config) == self.config:
            return
        before = f"{found.kind}: {masked(found.config)}"
        if self.is_replaced:
            self._plan.notes.append(
                "A tenant has one SMS connector: whatever gets its codes by the present one won't "
                "any longer. Two stages need two tenants."
            )
        self._plan.add(
            "Logto",
            "SMS connector's configuration",
            "in Logto only",
            f"saved in {self._backups}, readable by you alone",
            lambda: self._save(found),
        )

        def change() -> None:
            self._tenant.logto.update_connector(found.id, self.config)

        apply = change if found.kind == HTTP_SMS else self._create
        self._plan.add("Logto", "SMS connector", before, after, apply)

    def _create(self) -> None:
        self._connector = self._tenant.logto.create_connector(HTTP_SMS, self.config)

    def _save(self, connector: Connector) -> None:
        """Write a connector to a new file that only its owner can read."""
        moment = f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
        path = self._backups / f"{self._tenant.stage}-{connector.kind}-{moment}.json"
        saved = {"connectorId": connector.kind, "config": connector.config}
        try:
            self._backups.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_privately(path, f"{json.dumps(saved, indent=2)}\n")
        except OSError as error:
            raise OperatorError(
                BACKUP_FAILED, f"{path} can't be written ({type(error).__name__})."
            ) from None
        self.backup = path
