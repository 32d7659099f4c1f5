"""Where settings come from: flags, then `CXDATA_*`, then `cxdata.toml` in the working folder, then defaults.

`cxdata.toml` holds `data_dir`, a table `[roots]` of folders by slug, and a table of flags for each verb: `[build]` with
`images = "none"` is `cxdata build --images none`. Anything else in it is an error: a misspelt name would do nothing.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperOption

CONFIG = Path("cxdata.toml")

SourceOption = Annotated[list[str], typer.Option("--source", help="Slug of a source; may be given several times.")]
IncludeOption = Annotated[
    list[Path] | None,
    typer.Option("--include-path", envvar="CXDATA_INCLUDE_PATH", help="A folder of sources outside the package."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON value on stdout.")]


def settings() -> dict[str, Any]:
    """What `cxdata.toml` holds; empty when there is none. Raises UsageError when it cannot be read or is mistyped."""
    if not CONFIG.is_file():
        return {}
    try:
        read = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _wrong(f"cannot be read: {error}", "mend that line") from None
    roots = read.get("roots", {})
    if not isinstance(roots, dict):
        raise _wrong("has no table of roots", 'write them as [roots] and, below it, SLUG = "/path/to/data"')
    for slug, folder in roots.items():
        if not _is_folder_name(folder) and not (isinstance(folder, list) and all(map(_is_folder_name, folder))):
            raise _wrong(f"names no folder as the root of {slug}", f'below [roots]: {slug} = "/path/to/data"')
    if "data_dir" in read and not _is_folder_name(read["data_dir"]):
        raise _wrong("names no folder as data_dir", 'data_dir = "/path/to/all/data"')
    return read


def _is_folder_name(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _wrong(what: str, mend: str) -> Exception:
    from cxdata.model.errors import UsageError

    return UsageError(f"cxdata.toml {what}", where=str(CONFIG.absolute()), mend=mend)


def defaults(verbs: Mapping[str, TyperCommand]) -> dict[str, dict[str, Any]]:
    """Defaults of each verb's flags: the tables of `cxdata.toml` that bear a verb's name.

    Raises UsageError for a name that is no setting, no verb or no flag of the verb.
    """
    tables = {name: value for name, value in settings().items() if name not in ("roots", "data_dir")}
    for name, table in tables.items():
        if name not in verbs:
            raise _unknown(name, verbs)
        if not isinstance(table, dict):
            raise _wrong(f"has no table of flags in {name!r}", f"write them below [{name}], as FLAG = VALUE")
    return {verb: _flags(verb, table, verbs[verb]) for verb, table in tables.items()}


def _unknown(name: str, verbs: Mapping[str, TyperCommand]) -> Exception:
    having = [verb for verb, command in verbs.items() if name.replace("_", "-") in _parameters(command)]
    known = f"it knows data_dir, [roots] and a table of flags for each verb: {', '.join(f'[{verb}]' for verb in verbs)}"
    return _wrong(f"has no setting {name!r}", f"write it below [{having[0]}]" if having else known)


def check_slugs(known: Iterable[str], roots: Sequence[str]) -> None:
    """Raise UsageError for a `--root SLUG=DIR`, or a name below `[roots]`, whose slug is no known source."""
    slugs = sorted(known)
    named = [root.partition("=")[0] for root in roots if names_a_source(root)]
    if strange := [slug for slug in named if slug not in slugs]:
        from cxdata.model.errors import UsageError

        what = f"--root {strange[0]}=DIR: no source is called {strange[0]!r}"
        raise UsageError(what, mend=f"one of: {', '.join(slugs)}")
    if strange := [slug for slug in settings().get("roots", {}) if slug not in slugs]:
        raise _wrong(
            f"names a root of {strange[0]!r}, which is no source", f"below [roots], one of: {', '.join(slugs)}"
        )


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


def names_in(text: str, flag: str) -> list[str]:
    """The names in a list with commas, each once. Raises UsageError when there is none."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        from cxdata.model.errors import UsageError

        raise UsageError(f"{flag} names nothing", mend=f"names separated by commas, or no {flag}")
    return list(dict.fromkeys(names))


def _named(slug: str, roots: Sequence[str]) -> list[Path]:
    own = [Path(root.removeprefix(f"{slug}=")) for root in roots if root.startswith(f"{slug}=")]
    return own or [Path(root) for root in roots if not names_a_source(root)]


def names_a_source(root: str) -> bool:
    """True for SLUG=DIR; a folder whose own name holds a sign of equality is a folder."""
    return re.match(r"[a-z0-9-]+=", root) is not None and not Path(root).exists()


def _variable(slug: str) -> str:
    return "CXDATA_ROOT_" + slug.upper().replace("-", "_")


def _flags(verb: str, table: Mapping[str, Any], command: TyperCommand) -> dict[str, Any]:
    """The table with the names of the verb's parameters instead of those of its flags."""
    known = _parameters(command)
    flags = {}
    for name, value in table.items():
        parameter = known.get(name.replace("_", "-"))
        if parameter is None or parameter.name is None:
            raise _wrong(f"has no flag {name!r} below [{verb}]", f"its flags: {', '.join(sorted(known))}")
        # One value of a flag that may be given several times need not be a list.
        flags[parameter.name] = [value] if parameter.multiple and isinstance(value, str) else value
    return flags


def _parameters(command: TyperCommand) -> dict[str, TyperOption]:
    """The parameters of a verb by the names of their flags, without the dashes before them."""
    options = [parameter for parameter in command.params if isinstance(parameter, TyperOption)]
    names = [(name, option) for option in options for name in (*option.opts, *option.secondary_opts)]
    return {name.removeprefix("--"): option for name, option in names}


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
