"""Where settings come from: flags, then `CXDATA_*`, then `cxdata.toml` in the working folder, then defaults."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

CONFIG = Path("cxdata.toml")

SourceOption = Annotated[list[str], typer.Option("--source", help="Slug of a source; may be given several times.")]
IncludeOption = Annotated[
    list[Path] | None,
    typer.Option("--include-path", envvar="CXDATA_INCLUDE_PATH", help="A folder of sources outside the package."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON value on stdout.")]


def settings() -> dict[str, Any]:
    """What `cxdata.toml` holds; empty when there is none. Raises UsageError when it cannot be read."""
    if not CONFIG.is_file():
        return {}
    try:
        read = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _wrong(f"cannot be read: {error}", "mend that line") from None
    if not isinstance(read.get("roots", {}), dict):
        raise _wrong("has no table of roots", 'write them as [roots] and, below it, SLUG = "/path/to/data"')
    return read


def _wrong(what: str, mend: str) -> Exception:
    from cxdata.model.errors import UsageError

    return UsageError(f"cxdata.toml {what}", where=str(CONFIG.absolute()), mend=mend)


def defaults() -> dict[str, dict[str, Any]]:
    """Defaults of each verb's flags: the tables of `cxdata.toml` that bear a verb's name."""
    return {verb: _flags(table) for verb, table in settings().items() if isinstance(table, dict) and verb != "roots"}


def places(slug: str, roots: Sequence[str]) -> list[Path]:
    """The folders in which to look for a source. Raises UsageError that shows the four ways when there is none.

    `roots` are the values of `--root`: `DIR`, or `SLUG=DIR` for one source.
    """
    config = settings()
    ways = [
        _named(slug, roots),
        [Path(value)] if (value := os.environ.get(_variable(slug))) else [],
        [Path(entry) for entry in _as_list(config.get("roots", {}).get(slug))],
        [Path(value)] if (value := os.environ.get("CXDATA_DATA") or config.get("data_dir")) else [],
    ]
    chosen = next((way for way in ways if way), None)
    if chosen is None:
        raise _no_root(slug, "no folder was named for it")
    missing = [folder for folder in chosen if not folder.is_dir()]
    if missing:
        raise _no_root(slug, f"the folder {missing[0]} is not there")
    return chosen


def _no_root(slug: str, why: str) -> Exception:
    from cxdata.model.errors import UsageError

    return UsageError(f"{slug}: {why}", mend=four_ways(slug))


def four_ways(slug: str) -> str:
    """How a user says where a source lies."""
    return (
        "say where the download lies, in one of four ways:\n"
        f"cxdata build --source {slug} --root /path/to/data\n"
        f"export {_variable(slug)}=/path/to/data\n"
        f'cxdata.toml:  [roots]  {slug} = "/path/to/data"\n'
        'cxdata.toml:  data_dir = "/path/to/all/data"  (or export CXDATA_DATA)'
    )


def _named(slug: str, roots: Sequence[str]) -> list[Path]:
    own = [Path(root.removeprefix(f"{slug}=")) for root in roots if root.startswith(f"{slug}=")]
    return own or [Path(root) for root in roots if not _names_a_source(root)]


def _names_a_source(root: str) -> bool:
    """True for SLUG=DIR; a folder whose own name holds a sign of equality is a folder."""
    return re.match(r"[a-z0-9-]+=", root) is not None and not Path(root).exists()


def _variable(slug: str) -> str:
    return "CXDATA_ROOT_" + slug.upper().replace("-", "_")


def _flags(table: dict[str, Any]) -> dict[str, Any]:
    return {flag.replace("-", "_"): value for flag, value in table.items()}


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
