"""The command `setup`: shows its plan, applies it after a yes, and sends a test message."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from secrets import token_bytes
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from ops import output
from ops.delivery import Delivery
from ops.errors import OperatorError, Status
from ops.errors.setting_up import LOGTO_REFUSED, PROVIDER_UNREACHABLE, TWILIO_REFUSED
from ops.errors.stage import SETTINGS_INCOMPLETE
from ops.http_api import ApiError
from ops.logto.client import Logto
from ops.options import DryRun, Json, StageName, Yes
from ops.setup.answers import Answers
from ops.setup.logto import LogtoSetup
from ops.setup.plan import Plan
from ops.setup.store import MANAGEMENT, Store, plan_parameters
from ops.setup.twilio import TwilioSetup
from ops.stage import Stage
from ops.trace import in_e164

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import RenderableType


def command(  # noqa: PLR0913 - an option each
    stage: StageName,
    *,
    logto_credential: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The Management API's credential: a JSON object with id and secret. Or "
            "LOGTO_MANAGEMENT in the environment. It is not stored.",
        ),
    ] = None,
    twilio_number: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="Which of the account's numbers sends.")
    ] = None,
    test_phone: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="Send a test message to this number.")
    ] = None,
    replace_connector: Annotated[
        bool,
        typer.Option(
            "--replace-connector",
            help="Agree that Logto's present SMS connector is replaced; --yes does not.",
        ),
    ] = False,
    backups: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Where a replaced connector's configuration is saved. "
            "Without it: ~/.local/state/portaria.",
        ),
    ] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> int:
    """Set up a stage's secrets and texts, Logto and Twilio. Nothing is deleted.

    Shows the plan first. Run again, it completes what is missing, and changes nothing where
    nothing is.
    """
    number = None if test_phone is None else in_e164(test_phone)
    answers = Answers(
        credential_file=logto_credential,
        twilio_number=twilio_number,
        is_interactive=sys.stdin.isatty(),
    )
    with _explained(stage):
        found = Setup(Stage.find(stage), answers, backups or _state_folder())
        with _progress(answers, "Reading AWS, Logto and Twilio …"):
            found.find()
        return found.run(
            number,
            agreed=yes,
            may_replace=replace_connector,
            dry_run=dry_run,
            as_json=as_json,
        )


class Setup:
    """One run of `setup` for a stage."""

    def __init__(
        self,
        stage: Stage,
        answers: Answers,
        backups: Path,
        random_bytes: Callable[[int], bytes] = token_bytes,
    ) -> None:
        self._stage, self._answers, self._backups = stage, answers, backups
        self._random_bytes = random_bytes
        self.plan = Plan()
        self._logto: Logto
        self._logto_setup: LogtoSetup
        self._twilio_setup: TwilioSetup
        if stage.settings.public_url is None:
            raise OperatorError(SETTINGS_INCOMPLETE, "PUBLIC_URL: must be set.", command="setup")
        self.url = stage.settings.public_url.rstrip("/")

    def find(self) -> None:
        """Make the plan; changes nothing. Raises OperatorError, ApiError and botocore's errors."""
        settings, plan = self._stage.settings, self.plan
        store = Store(self._stage.client("ssm"), settings.parameter_prefix)
        credential = self._answers.credential(settings.logto_endpoint, store.values.get(MANAGEMENT))
        self._logto = Logto(settings.logto_endpoint, credential)
        self._logto.check()
        self._logto_setup = LogtoSetup(
            plan, store, settings, self._logto, url=self.url, backups=self._backups
        )
        plan_parameters(plan, store, self._random_bytes, self._logto_setup.texts())
        self._twilio_setup = TwilioSetup(
            plan, store, settings, self._answers, self._logto_setup.twilio_config
        )
        self._twilio_setup.find()
        self._logto_setup.find_application()
        self._logto_setup.find_connector()
        self._logto_setup.find_experience()

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
        saved = self._logto_setup.backup
        if saved is not None:
            show(_line("", f"The former connector's configuration is in {saved}"))

    def _agree(self, *, agreed: bool, may_replace: bool) -> bool:
        if self.plan.changes and not self._answers.agree(
            "Make these changes?", "--yes", is_given=agreed
        ):
            return False
        return not self._logto_setup.replaces_connector or self._answers.agree(
            "Replace Logto's present SMS connector?", "--replace-connector", is_given=may_replace
        )

    def _send_test(self, number: str, show: Callable[..., None]) -> list[str]:
        def send() -> None:
            self._logto.send_test(number, self._logto_setup.connector_config)

        statuses = []
        delivery = Delivery(self._stage.portaria, self._twilio_setup.twilio)
        show("", f"Test message to the number that ends in {number[-2:]}:")
        for each in delivery.follow(number, send):
            statuses.append(each)
            show(_line("✓", each, "green"))
        return statuses

    def _closing(self) -> Iterator[RenderableType]:
        yield ""
        for each in self.plan.remaining:
            yield Text.assemble("Then run: ", (each, "bold cyan"))
        when = ", once that has run" if self.plan.remaining else ""
        yield Text.assemble(f"Sign in{when}: ", (f"{self.url}/", "bold cyan"))

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
            "next": self.plan.remaining,
            "test": statuses,
            "sign_in": f"{self.url}/",
        }


def _plan_shown(plan: Plan, stage: str, url: str) -> Iterator[RenderableType]:
    yield Text.assemble(("Stage ", "bold"), (stage, "bold"), f", {url}/")
    if not plan.changes:
        yield _line("✓", "Everything is set up: nothing to change.", "green")
    for place, change in enumerate(plan.changes, 1):
        grid = Table.grid(padding=(0, 1))
        grid.add_column(justify="right", no_wrap=True, width=3)
        grid.add_column(overflow="fold")
        grid.add_row(f"{place}.", Text.assemble((change.service, "bold"), f"  {change.what}"))
        grid.add_row("", Text(f"  {change.before}", "dim"))
        grid.add_row("", Text(f"→ {change.after}", "green"))
        yield grid
    for note in plan.notes:
        yield _line("!", note, "yellow")


def _line(mark: str, text: str, style: str = "") -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", no_wrap=True, width=3)
    grid.add_column(overflow="fold")
    grid.add_row(Text(mark, style), text)
    return grid


@contextmanager
def _explained(stage: str) -> Iterator[None]:
    """Turn what Logto and Twilio refused into errors for the operator."""
    try:
        yield
    except ApiError as error:
        problem = LOGTO_REFUSED if error.service == "Logto" else TWILIO_REFUSED
        if error.status is None:
            problem = PROVIDER_UNREACHABLE
        raise OperatorError(problem, f"{error}.", stage=stage) from None
    except OperatorError as error:
        error.names.setdefault("stage", stage)
        raise


@contextmanager
def _progress(answers: Answers, what: str) -> Iterator[None]:
    """Show progress, but not where a question may be asked meanwhile."""
    if answers.is_interactive:
        yield
        return
    with output.progress(what):
        yield


def _state_folder() -> Path:
    given = os.environ.get("XDG_STATE_HOME")
    return (Path(given) if given else Path.home() / ".local" / "state") / "portaria"
