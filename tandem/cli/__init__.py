"""The ``tandem`` command. Each module here is one noun or verb; what they print is worked out elsewhere.

Commands that only look start in well under a second: nothing heavy is imported until it is needed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

import typer

from tandem.cli import (
    actions,
    backlog,
    budget,
    check,
    custom_objects,
    errors,
    fields,
    notifications,
    person,
    program,
    quarantine,
    runs,
    status,
)
from tandem.errors import TandemError

app = typer.Typer(
    name="tandem",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"tandem {version('tandem')}")
        raise typer.Exit


@app.callback()
def tandem(
    _: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_print_version, help="Say which Tandem this is."),
    ] = False,
) -> None:
    """Keeps a Salesforce org and a marketing database in step, two ways."""


app.command(rich_help_panel="Set up")(check.check)
app.command(rich_help_panel="Set up")(custom_objects.custom_objects)
app.command(rich_help_panel="Set up")(runs.sandbox)
app.command(rich_help_panel="Run")(runs.backfill)
app.command(rich_help_panel="Run")(runs.sync)
app.command(rich_help_panel="Run")(runs.plan)
app.command(rich_help_panel="Run")(runs.quality)
app.command(rich_help_panel="Run")(runs.up)
app.command(rich_help_panel="Look")(status.status)
app.command(rich_help_panel="Look")(backlog.backlog)
app.command(rich_help_panel="Look")(budget.budget)
app.command(rich_help_panel="Look")(notifications.notifications)
app.command(rich_help_panel="Look")(runs.serve)
actions.add_to(person.app)
app.add_typer(errors.app, name="errors", rich_help_panel="Look")
app.add_typer(fields.app, name="fields", rich_help_panel="Set up")
app.add_typer(person.app, name="person", rich_help_panel="Look")
app.add_typer(quarantine.app, name="quarantine", rich_help_panel="Look")
app.add_typer(program.app, name="program", rich_help_panel="Set up")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line. What a user can put right is said in one line on stderr, with exit code 1.

    :param arguments: none: those of this process, which does nothing else then.
    """
    if arguments is None:
        # With the first value that is bound to a statement DuckDB imports pandas, in order to know its NaT. That
        # takes longer than all the rest of `tandem status`, and no command has a frame.
        sys.modules["pandas"] = None  # type: ignore[assignment]
    try:
        app(None if arguments is None else list(arguments))
    except TandemError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
