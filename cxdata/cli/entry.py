"""Where the command `cxdata` begins: imports the rest only once an interrupt is caught."""

from __future__ import annotations

import os
import sys
from typing import Final

INTERRUPTED: Final = 130
ALLOCATOR: Final = "_RJEM_MALLOC_CONF"
"""Where polars' allocator (jemalloc) looks for its settings when it is loaded."""
SOON_GIVEN_BACK: Final = f"dirty_decay_ms:300,muzzy_decay_ms:0,narenas:{os.cpu_count() or 1}"
"""What was freed goes back to the system after 300 ms; left alone, a build at MIMIC's size holds a sixth more memory.

One pool a core, not four, so that what one thread frees another finds: a third fewer pages are asked for anew.
"""


def main() -> None:
    """Run the command line; Ctrl-C ends it with 130 and a line, at whatever moment."""
    os.environ.setdefault(ALLOCATOR, SOON_GIVEN_BACK)
    try:
        from cxdata.cli.app import main as run

        run()
    except KeyboardInterrupt:
        say_interrupted()
        sys.exit(INTERRUPTED)


def say_interrupted() -> None:
    """One line on stderr."""
    print("interrupted: run the same command to go on", file=sys.stderr)  # noqa: T201  typer may not be there yet
