"""What goes where: data on stdout, talk on stderr; a progress bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.progress import Progress as Bar


def say(text: str) -> None:
    """One line of talk."""
    typer.echo(text, err=True)


def print_json(value: Any) -> None:
    """Exactly one JSON value."""
    typer.echo(json.dumps(value, indent=1, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None = None) -> None:
    """A table on stdout; numbers to the right."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", show_edge=False, pad_edge=False)
    body = [["" if cell is None else cell for cell in row] for row in rows]
    for i, column in enumerate(columns):
        numeric = bool(body) and all(isinstance(row[i], int | float) for row in body)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in body:
        table.add_row(*(_cell(cell) for cell in row))
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def _cell(value: Any) -> str:
    from rich.markup import escape

    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else escape(str(value))


class Lines:
    """Progress as plain lines."""

    def __init__(self, label: str) -> None:
        self._label = label

    def expect(self, units: int) -> None:
        """Plain lines need no total."""

    def done(self, unit: str, detail: str) -> None:
        """A line a unit."""
        say(f"{self._label}: {unit}: {detail}")

    def note(self, text: str) -> None:
        """A line."""
        say(f"{self._label}: {text}")


class Bars:
    """Progress as a rich bar on stderr."""

    def __init__(self, label: str, bar: Bar) -> None:
        self._label = label
        self._bar = bar
        self._task = bar.add_task(label, total=0)
        self._total = 0

    def expect(self, units: int) -> None:
        """Lengthen the bar."""
        self._total += units
        self._bar.update(self._task, total=self._total)

    def done(self, unit: str, detail: str) -> None:
        """Move the bar and name the unit."""
        self._bar.update(self._task, advance=1, description=f"{self._label}: {unit} ({detail})")

    def note(self, text: str) -> None:
        """A line above the bar."""
        self._bar.console.print(f"{self._label}: {text}", markup=False)


@contextmanager
def progress(label: str) -> Iterator[Lines | Bars]:
    """A bar when stderr is a terminal, lines elsewhere."""
    if not sys.stderr.isatty():
        yield Lines(label)
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        yield Bars(label, bar)
