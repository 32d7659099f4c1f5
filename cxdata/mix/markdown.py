"""Tables and folds of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """Lines of a table; a column of whole numbers stands to the right. Empty rows give no table."""
    body = [list(row) for row in rows]
    if not body:
        return []
    numbers = [all(isinstance(row[column], int) for row in body) for column in range(len(head))]
    rule = ["---:" if is_number else "---" for is_number in numbers]
    return [_line(head), "|" + "|".join(rule) + "|", *(_line([_cell(value) for value in row]) for row in body)]


def folded(title: str, lines: Sequence[str]) -> list[str]:
    """The lines behind a title that opens them; nothing where there are none."""
    return ["", "<details>", f"<summary>{title}</summary>", "", *lines, "", "</details>"] if lines else []


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(value: Any) -> str:
    text = f"{value:,}" if isinstance(value, int) else str(value)
    return " ".join(text.replace("|", "\\|").split())
