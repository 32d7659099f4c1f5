"""Registers the verbs and turns errors into exit codes."""

from __future__ import annotations

import sys
from typing import Annotated, Final

import typer

from cxmind_train.cli import check, compare, evaluate, score, train

INTERRUPTED: Final = 130

app = typer.Typer(
    name="cxmind-train",
    help="Rewards, training and evaluation on the stage folders of cxdata.",
    epilog="Examples:  cxmind-train check --data mix/closed   ·   cxmind-train score --stage closed lines.jsonl",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for verb in (check.VERB, *train.VERBS, evaluate.VERB, compare.VERB, score.VERB):
    app.command(verb.name, epilog="Examples:  " + "   ·   ".join(verb.examples))(verb.run)


def _say_version(asked: bool) -> None:
    if asked:
        from cxmind_train import __version__

        typer.echo(__version__)
        raise typer.Exit()


@app.callback()
def configure(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_say_version, help="Print the version and leave.")
    ] = False,
) -> None:
    """Options before the verb."""


def main() -> None:
    """Run the command line; an expected error is told in a few lines, without a traceback."""
    from cxdata.model.errors import CxdataError

    try:
        app()
    except CxdataError as error:
        _fail(str(error), error.exit_code)
    except OSError as error:
        known = CxdataError(str(error.strerror or error), where=error.filename, mend="look at that file and its disk")
        _fail(str(known), 1)
    except ModuleNotFoundError as error:
        missing = CxdataError(f"{error.name} is not installed", mend="pip install 'cxdata[score]'")
        _fail(str(missing), 1)
    except KeyboardInterrupt:
        _say_interrupted()
        sys.exit(INTERRUPTED)
    except SystemExit as leaving:
        if leaving.code == INTERRUPTED:
            _say_interrupted()
        raise


def _say_interrupted() -> None:
    typer.echo("interrupted: run the same command to go on (a training with --resume)", err=True)


def _fail(words: str, code: int) -> None:
    typer.echo(f"error: {words}", err=True)
    sys.exit(code)
