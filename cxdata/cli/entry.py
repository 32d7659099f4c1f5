"""Where the command `cxdata` begins: imports the rest only once an interrupt is caught."""

from __future__ import annotations

import sys
from typing import Final

INTERRUPTED: Final = 130


def main() -> None:
    """Run the command line; Ctrl-C ends it with 130 and a line, at whatever moment."""
    try:
        from cxdata.cli.app import main as run

        run()
    except KeyboardInterrupt:
        say_interrupted()
        sys.exit(INTERRUPTED)


def say_interrupted() -> None:
    """One line on stderr."""
    print("interrupted: run the same command to go on", file=sys.stderr)  # noqa: T201  typer may not be there yet
