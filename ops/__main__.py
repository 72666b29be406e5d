"""The operator's command line: `portaria`, which is also `python -m ops`."""

from __future__ import annotations

import os
import sys
from typing import Any

import typer
from typer.exceptions import TyperException

from ops import (
    costs,
    deploy,
    explain,
    listen,
    logs,
    output,
    package,
    personal_data,
    redrive,
    send,
    sessions,
    settings,
    test_code,
    test_user,
    trace,
    trigger,
)
from ops.again import again
from ops.aws_errors import explained
from ops.doctor import checks
from ops.doctor import command as doctor
from ops.errors import OperatorError, Status
from ops.errors.command_line import USAGE_WRONG
from ops.options import GIVEN, Commands
from ops.setup.command import command as setup
from ops.status import command as status
from ops.support.command import command as support_bundle
from ops.texts.command import commands as texts

NAME = "portaria"
CODES = "One-time codes"
PEOPLE = "People"
DEPLOYMENT = "Deployment"
PROJECT = "The project itself"
HELP = """Operate Portaria: phone sign-in on AWS.

Data is printed on stdout, everything else on stderr. Exit status: 0 fine; 1 something is wrong, \
or failed; 2 the command line is wrong; 3 AWS, Logto, Twilio or the sandbox can't be asked.
"""


class _Commands(Commands):
    """Ends each command with its documented exit status, and tells what went wrong."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            status = super().invoke(ctx)
            sys.stdout.flush()
        except OperatorError as error:
            status = _told(error, ctx)
        except BrokenPipeError:
            # What is still buffered would fail again when the interpreter ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            status = Status.PIPE_CLOSED
        except Exception as error:
            found = explained(error)
            if found is None:
                raise
            status = _told(found, ctx)
        raise typer.Exit(int(status or Status.FINE))


def _told(error: OperatorError, context: Any) -> Status:
    given = again(context.meta[GIVEN], error.command, error.names)
    error.names.setdefault("command", given)
    output.show_error(error)
    return error.problem.status


app = typer.Typer(
    name=NAME,
    help=HELP,
    cls=_Commands,
    pretty_exceptions_enable=False,  # main() lets none through that an operator can mend
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("doctor", rich_help_panel=DEPLOYMENT)(doctor.command)
app.command("send", rich_help_panel=CODES)(send.command)
app.command("trace", rich_help_panel=CODES)(trace.command)
app.command("trigger", rich_help_panel=CODES)(trigger.command)
app.command("listen", rich_help_panel=CODES)(listen.command)
app.command("test-code", rich_help_panel=CODES)(test_code.command)
app.command("redrive", rich_help_panel=CODES)(redrive.command)
app.command("logs", rich_help_panel=CODES)(logs.command)
app.command("status", rich_help_panel=DEPLOYMENT)(status.command)
app.command("setup", rich_help_panel=DEPLOYMENT)(setup)
app.add_typer(texts, rich_help_panel=CODES)
app.add_typer(sessions.commands, rich_help_panel=PEOPLE)
app.command("test-user", rich_help_panel=PEOPLE)(test_user.command)
app.command("export", rich_help_panel=PEOPLE)(personal_data.export)
app.command("forget", rich_help_panel=PEOPLE)(personal_data.forget)
app.command("deploy", rich_help_panel=DEPLOYMENT)(deploy.deploy)
app.command("destroy", rich_help_panel=DEPLOYMENT)(deploy.destroy)
app.command("package", rich_help_panel=DEPLOYMENT)(package.package)
app.command("template", rich_help_panel=DEPLOYMENT)(package.template)
app.command("support-bundle", rich_help_panel=DEPLOYMENT)(support_bundle)
app.command("explain", rich_help_panel=PROJECT)(explain.command)
for page in (costs.PAGE, settings.PAGE, explain.PAGE, checks.PAGE):
    page.add_to(app, rich_help_panel=PROJECT)


def main(arguments: list[str] | None = None) -> int:
    """Run one command, by default the one of this process's arguments; return its exit status."""
    try:
        return int(
            typer.main.get_command(app).main(arguments, prog_name=NAME, standalone_mode=False) or 0
        )
    except SystemExit as ended:  # of a shell's completion
        return int(ended.code or 0)
    except typer.Abort:  # Ctrl-C, or no more input, where something was asked
        output.say("Stopped.")
        return Status.INTERRUPTED
    except TyperException as error:
        context = getattr(error, "ctx", None)
        command = context.command_path.removeprefix(NAME) if context else ""
        output.show_error(OperatorError(USAGE_WRONG, error.format_message(), command=command))
        return Status.USAGE


if __name__ == "__main__":
    sys.exit(main())
