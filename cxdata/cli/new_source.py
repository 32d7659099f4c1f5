"""`cxdata new-source`: a folder that builds at once, to be turned into a source of one's own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final

import typer

from cxdata.cli.output import say
from cxdata.cli.settings import IncludeOption

NAME = "new-source"
EXAMPLES = ("cxdata new-source my-hospital --out my-sources", "cxdata new-source my-hospital --out cxdata/sources")
STARTER: Final = Path(__file__).with_name("starter") / "one_table"
SLUG: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def run(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The slug: small letters, digits, single dashes.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder that holds source folders.")],
    include_path: IncludeOption = None,
) -> None:
    """Lay out a source: manifest, labels, reader, phantom, notes and a test, of one table with a row a picture.

    The folder is OUT/NAME, dashes being underscores. It builds as it stands; docs/add-a-source.md tells what to change.
    """
    package = name.replace("-", "_")
    _check_name(name, package, [*(include_path or ()), *([out] if out.is_dir() else [])])
    target = out / package
    files = {path.name.replace("one_table", package): path for path in sorted(STARTER.iterdir()) if path.is_file()}
    _write(target, {file: _named(path.read_text(encoding="utf-8"), name, package) for file, path in files.items()})
    for file in files:
        typer.echo(str(target / file))
    say("\n".join(("next:", *_next(name, out, target, f"test_{package}.py"))))


def _check_name(name: str, package: str, include: list[Path]) -> None:
    """Raise UsageError for a name that is no slug, that a source has, or that Python would take for another module."""
    from importlib.util import find_spec

    from cxdata.model.errors import UsageError
    from cxdata.sources.discovery import sources

    if not SLUG.fullmatch(name):
        mend = "small letters, digits and single dashes, a letter first: my-hospital"
        raise UsageError(f"{name!r} cannot be the name of a source", mend=mend)
    if name in sources(include):
        raise UsageError(f"a source is called {name!r} already", mend=f"choose another name; cxdata sources {name}")
    if find_spec(package) is not None:
        raise UsageError(f"Python has a module called {package!r}", mend=f"choose another name: {name}-cxr")


def _named(text: str, name: str, package: str) -> str:
    return text.replace("one-table", name).replace("one_table", package)


def _write(target: Path, files: dict[str, str]) -> None:
    """Write all files or none. Raises RefusedError where the folder is there already."""
    from tempfile import TemporaryDirectory

    from cxdata.model.errors import RefusedError

    if target.exists():
        raise RefusedError("the folder is there already", where=str(target), mend="choose another NAME or --out")
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder:
        laid = Path(folder) / target.name
        laid.mkdir()
        for file, text in files.items():
            (laid / file).write_text(text, encoding="utf-8")
        laid.rename(target)


def _next(name: str, out: Path, target: Path, test: str) -> list[str]:
    """Commands that try the folder as it stands; the package's own sources need no path."""
    from cxdata.sources import discovery

    is_inside = out.resolve() == Path(discovery.__file__).resolve().parent
    known = [] if is_inside else [f"export CXDATA_INCLUDE_PATH={out.absolute()}"]
    tried = [f"cxdata phantom --source {name} --out data", f"cxdata build --source {name} --root data/{name}"]
    return [*known, *tried, f"python -m pytest {target / test}"]
