"""`cxdata demo`: a first run without credentials, through the same verbs that a download goes through."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from cxdata.cli.output import say
from cxdata.cli.settings import IncludeOption

NAME = "demo"
EXAMPLES = ("cxdata demo", "cxdata demo --out /tmp/try")
CONFIG_TEXT = '# Written by `cxdata demo`: the folder below which sources are looked for.\ndata_dir = "data"\n'
WIDTH = 100
STAGES: Final[tuple[Literal["closed", "open"], ...]] = ("closed", "open")


def run(
    out: Annotated[Path, typer.Option("--out", help="A folder for phantoms, builds and mixes.")] = Path("demo"),
    include_path: IncludeOption = None,
) -> None:
    """Write synthetic sources in the official layouts, build, mix and validate them, and show a sample of each task."""
    from cxdata.build.atomic import write_text
    from cxdata.cli import build, mix, phantom, validate
    from cxdata.sources.discovery import sources

    outside = [folder.absolute() for folder in include_path or ()]
    slugs = list(sources(outside))
    _keep_settings_of_others(out / "cxdata.toml")
    write_text(out / "cxdata.toml", CONFIG_TEXT)
    with _inside(out):
        phantom.run(slugs, Path("data"), include_path=outside)
        unseen = _with_unreadable_dicom(slugs)
        seen = [slug for slug in slugs if slug not in unseen]
        roots = [f"{slug}=data/{slug}" for slug in slugs]
        build.run(seen, root=roots, include_path=outside)
        if unseen:
            say(f"{', '.join(unseen)}: pictures are DICOM, which want pip install 'cxdata[dicom]': not looked at here")
            build.run(unseen, root=roots, images="none", include_path=outside)
        validate.run(Path("cx"), include_path=outside)
        for stage in STAGES:
            mix.run(stage, include_path=outside)
            validate.run(Path("mix", stage), include_path=outside)
        _show()
    say(f"\ngo on: cd {out} && {_command()} build --source {slugs[0]}   (finds everything built already)")


def _with_unreadable_dicom(slugs: list[str]) -> list[str]:
    """The sources whose synthetic pictures are DICOM, where the extra that reads them is not installed."""
    if find_spec("pydicom") is not None:
        return []
    from cxdata.images.kinds import is_dicom

    return [slug for slug in slugs if any(is_dicom(path) for path in Path("data", slug).rglob("*") if path.is_file())]


def _keep_settings_of_others(path: Path) -> None:
    """Raise RefusedError where a `cxdata.toml` stands that the demo did not write."""
    from cxdata.model.errors import RefusedError

    if path.exists() and not (path.is_file() and path.read_bytes() == CONFIG_TEXT.encode()):
        raise RefusedError(
            "the folder has a cxdata.toml of its own", where=str(path.absolute()), mend="choose another --out"
        )


def _show() -> None:
    """One sample of each task: the first by id that shows a picture where one does."""
    import polars as pl

    samples = pl.scan_parquet("cx/*/samples/*.parquet").sort("sample_id")
    for row in samples.unique("task", keep="first", maintain_order=True).collect().sort("stage", "task").to_dicts():
        typer.echo("")
        typer.secho(row["sample_id"], bold=True)
        for label, text in _lines(row):
            typer.echo(f"  {label:9} {text}")


def _lines(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "pictures", ", ".join(row["image_ids"]) or "none, text alone"
    if row["context"]:
        yield "context", _short(row["context"])
    yield "question", row["question"]
    if row["options"]:
        yield (
            "options",
            "   ".join(f"{letter}) {option}" for letter, option in zip("ABCDEFG", row["options"], strict=False)),
        )
    if row["scored_labels"]:
        yield "list", ", ".join(sorted([*row["scored_labels"], *row["ignored_labels"]]))
    letter = f"{row['answer_letter']}) " if row["answer_letter"] else ""
    yield "answer", letter + _short(row["answer"])
    yield (
        "why",
        ", ".join(
            f"{key} {row[key]}"
            for key in ("split", "label_policy", "reference", "origin_file", "origin_row")
            if row[key]
        ),
    )


def _short(text: str) -> str:
    return text if len(text) <= WIDTH else text[: WIDTH - 2].rsplit(" ", 1)[0] + " …"


def _command() -> str:
    """How this command line is called from a shell: by name where the name leads to it, else by its path."""
    called = Path(sys.argv[0])
    on_path = shutil.which(called.name)
    return called.name if on_path and Path(on_path).samefile(called) else str(called.absolute())


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
