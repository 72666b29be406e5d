"""One run of `setup`: the plan, its changes, and the test message."""

from __future__ import annotations

from secrets import token_bytes
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from ops import output
from ops.account import Account
from ops.addresses import Addresses
from ops.delivery import Delivery
from ops.errors import OperatorError, Status
from ops.errors.stage import SETTINGS_INCOMPLETE
from ops.logto.client import Logto
from ops.parameters import MANAGEMENT
from ops.setup.application import ApplicationSetup
from ops.setup.connector import ConnectorSetup
from ops.setup.experience import SIGN_IN, ExperienceSetup
from ops.setup.plan import Plan
from ops.setup.store import Store, plan_parameters
from ops.setup.tenant import Tenant
from ops.setup.twilio import TwilioSetup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rich.console import RenderableType

    from ops.setup.answers import Answers
    from ops.stage import Stage


class Setup:
    """One run of `setup` for a stage.

    `adopt` tells the stage its application's id; by default its stack is changed, and the sandbox,
    which chose the id itself, is not told.
    """

    def __init__(
        self,
        stage: Stage,
        answers: Answers,
        backups: Path,
        random_bytes: Callable[[int], bytes] = token_bytes,
        adopt: Callable[[str], None] | None = None,
    ) -> None:
        self._stage, self._answers, self._backups = stage, answers, backups
        self._random_bytes = random_bytes
        self._adopt = adopt or (None if stage.is_local else self._tell_stack)
        self.plan = Plan()
        self._logto: Logto
        self._connector: ConnectorSetup
        self._twilio: TwilioSetup
        if stage.settings.public_url is None:
            raise OperatorError(SETTINGS_INCOMPLETE, "PUBLIC_URL: must be set.", stage=stage.name)
        self.url = stage.settings.public_url.rstrip("/")

    def find(self) -> None:
        """Make the plan; changes nothing. Raises OperatorError, ApiError and botocore's errors."""
        settings, plan = self._stage.settings, self.plan
        store = Store(self._stage.client("ssm"), settings.parameter_prefix)
        credential = self._answers.credential(settings.logto_endpoint, store.values.get(MANAGEMENT))
        self._logto = Logto(settings.logto_endpoint, credential)
        self._logto.check()
        tenant = Tenant(settings.stage, self._logto, Addresses(self.url), plan, store)
        self._connector = ConnectorSetup(tenant, self._backups)
        plan_parameters(plan, store, self._random_bytes, self._connector.texts)
        self._twilio = TwilioSetup(
            plan, store, settings, self._answers, self._connector.twilio_config
        )
        self._twilio.find()
        application = ApplicationSetup(tenant, settings.logto_app_id, self._adopt)
        application.find()
        self._connector.find()
        ExperienceSetup(tenant, self._answers.choices, settings.code_lifetime_seconds).find()
        application.find_id()

    def run(
        self,
        number: str | None = None,
        *,
        agreed: bool,
        may_replace: bool,
        dry_run: bool = False,
        as_json: bool = False,
    ) -> int:
        """Show the plan, apply it and send the test message; returns the exit status."""
        show = output.say if as_json else output.show
        show(*_plan_shown(self.plan, self._stage.name, self.url))
        statuses: list[str] = []
        status: int = Status.FINE
        if not dry_run:
            if not self._agree(agreed=agreed, may_replace=may_replace):
                output.say("Nothing was changed.")
                status = Status.FAILED
            else:
                self.apply(show)
                if number is not None:
                    statuses = self._send_test(number, show)
        if as_json:
            output.show_json(self._as_json(statuses))
        elif not dry_run and status == Status.FINE:
            show(*self._closing())
        return status

    def apply(self, show: Callable[..., None] = output.say) -> None:
        """Make the changes in order. Raises what a change raises; a next run completes it."""
        for place, change in enumerate(self.plan.changes, 1):
            with output.progress(f"{change.service}: {change.what} …"):
                change.apply()
            change.is_done = True
            show(_line("✓", f"{place}. {change.service}: {change.what}", "green"))
        saved = self._connector.backup
        if saved is not None:
            show(_line("", f"The former connector's configuration is in {saved}"))

    def _agree(self, *, agreed: bool, may_replace: bool) -> bool:
        if self.plan.changes and not self._answers.agree(
            "Make these changes?", "--yes", is_given=agreed
        ):
            return False
        return not self._connector.is_replaced or self._answers.agree(
            "Replace Logto's present SMS connector?", "--replace-connector", is_given=may_replace
        )

    def _send_test(self, number: str, show: Callable[..., None]) -> list[str]:
        def send() -> None:
            self._logto.send_test(number, self._connector.config)

        statuses = []
        delivery = Delivery(self._stage.portaria, self._twilio.twilio)
        show("", f"Test message to the number that ends in {number[-2:]}:")
        for each in delivery.follow(number, send):
            statuses.append(each)
            show(_line("✓", each, "green"))
        return statuses

    def _tell_stack(self, app_id: str) -> None:
        Account.current().stack(self._stage.name).change({"LogtoAppId": app_id})

    def _closing(self) -> Iterator[RenderableType]:
        yield ""
        yield Text.assemble("Sign in: ", (f"{self.url}/", "bold cyan"))
        if any(each.what == SIGN_IN for each in self.plan.changes):
            more = f"portaria setup --stage {self._stage.name} --choose"
            yield Text.assemble("Passwords, second factors, passkeys: ", (more, "bold cyan"))

    def _as_json(self, statuses: list[str]) -> dict[str, Any]:
        return {
            "stage": self._stage.name,
            "changes": [
                {
                    "service": each.service,
                    "what": each.what,
                    "before": each.before,
                    "after": each.after,
                    "done": each.is_done,
                }
                for each in self.plan.changes
            ],
            "notes": self.plan.notes,
            "test": statuses,
            "sign_in": f"{self.url}/",
        }


def _plan_shown(plan: Plan, stage: str, url: str) -> Iterator[RenderableType]:
    yield Text.assemble(("Stage ", "bold"), (stage, "bold"), f", {url}/")
    if not plan.changes:
        yield _line("✓", "Everything is set up: nothing to change.", "green")
    for place, change in enumerate(plan.changes, 1):
        grid = _grid()
        values = Table.grid(padding=(0, 1))
        values.add_row("", Text(change.before, "dim"))
        values.add_row(Text("→", "green"), Text(change.after, "green"))
        grid.add_row(f"{place}.", Text.assemble((change.service, "bold"), f"  {change.what}"))
        grid.add_row("", values)
        yield grid
    for note in plan.notes:
        yield _line("!", note, "yellow")


def _line(mark: str, text: str, style: str = "") -> Table:
    grid = _grid()
    grid.add_row(Text(mark, style), text)
    return grid


def _grid() -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", no_wrap=True, width=3)
    grid.add_column(overflow="fold")
    return grid
