"""The command `cxdata`: registers the verbs, reads `cxdata.toml` for defaults, and turns errors into exit codes."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from typer.core import TyperCommand, TyperGroup

from cxdata.cli import (
    build,
    demo,
    doctor,
    explain,
    mix,
    new_source,
    phantom,
    reason,
    reconcile,
    render,
    sources,
    split_check,
    stats,
    validate,
)
from cxdata.cli.entry import INTERRUPTED, say_interrupted
from cxdata.cli.settings import defaults

app = typer.Typer(
    name="cxdata",
    help="Chest X-ray sources, as officially downloaded, into validated Parquet shards of questions and answers.",
    epilog="Examples:  cxdata demo   ·   cxdata build --source mimic",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for verb in (
    sources,
    new_source,
    phantom,
    doctor,
    build,
    validate,
    stats,
    explain,
    reason,
    mix,
    split_check,
    reconcile,
    render,
    demo,
):
    app.command(verb.NAME, epilog="Examples:  " + "   ·   ".join(verb.EXAMPLES))(verb.run)


def _say_version(asked: bool) -> None:
    if asked:
        from cxdata import __version__

        typer.echo(__version__)
        raise typer.Exit()


def _verbs(group: object) -> dict[str, TyperCommand]:
    commands = group.commands if isinstance(group, TyperGroup) else {}
    return {name: command for name, command in commands.items() if isinstance(command, TyperCommand)}


@app.callback()
def configure(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_say_version, help="Print the version and leave.")
    ] = False,
) -> None:
    """Take defaults from `cxdata.toml` in this folder; flags and CXDATA_* come before them."""
    context.default_map = defaults(_verbs(context.command))


def main() -> None:
    """Run the command line; an expected error is told in a few lines, without a traceback."""
    from cxdata.model.errors import CxdataError

    try:
        app()
    except CxdataError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except SystemExit as leaving:
        if leaving.code == INTERRUPTED:
            say_interrupted()
        raise
    except OSError as error:
        known = CxdataError(
            str(error.strerror or error), where=error.filename, mend="look at that file, its disk and its permissions"
        )
        typer.echo(f"error: {known}", err=True)
        sys.exit(1)
