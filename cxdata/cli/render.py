"""`cxdata render`: one DICOM, JPEG or PNG file to PNG or JPEG, as a build would store it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cxdata.cli.output import say
from cxdata.cli.settings import IncludeOption

NAME = "render"
EXAMPLES = (
    "cxdata render film.dcm --out film.png",
    "cxdata render film.dcm --render mimic-jpg --max-side 1024 --out film.jpg",
)
FORMS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}


def run(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A DICOM, JPEG or PNG file.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="What to write: .png (lossless) or .jpg.")],
    render: Annotated[
        str,
        typer.Option("--render", metavar="P", help="For DICOM: voi, mimic-jpg, chexpert, minmax or none."),
    ] = "voi",
    max_side: Annotated[
        int | None, typer.Option("--max-side", min=1, metavar="N", help="Longest side in pixels; never made larger.")
    ] = None,
    include_path: IncludeOption = None,
) -> None:
    """Render one picture and say by which steps."""
    del include_path  # every verb takes it; a single file is of no source
    from cxdata.build.atomic import write_atomically
    from cxdata.images.codes import MESSAGES
    from cxdata.images.store import Ask, encoded
    from cxdata.model.errors import CxdataError

    form = _form(file, out)
    stored = encoded(file, Ask(render, max_side, lossless=form == "PNG"), form)
    if stored.data is None:
        raise CxdataError(f"{MESSAGES[stored.status]} ({stored.status})", where=str(file))
    data = stored.data
    write_atomically(out, lambda temporary: _write(temporary, data))
    size = f"{stored.width} x {stored.height}"
    if stored.stored_width != stored.width:
        size += f" to {stored.stored_width} x {stored.stored_height}"
    say(f"{out}: {size} pixels; {stored.render_profile}")


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _form(file: Path, out: Path) -> str:
    from cxdata.model.errors import UsageError

    form = FORMS.get(out.suffix.lower())
    if form is None:
        raise UsageError(f"a picture is written as {', '.join(FORMS)}, not as {out.suffix!r}", where=str(out))
    if out.exists() and file.exists() and out.samefile(file):
        raise UsageError("the picture would be written over itself", where=str(out), mend="give another --out")
    return form
