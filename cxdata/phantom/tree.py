"""A synthetic download as names and bytes, before it is written: packing and tables.

The same tree gives the same bytes: archives and gzip carry no time of their own and no owner.
"""

from __future__ import annotations

import csv
import gzip
import io
import tarfile
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

Tree = dict[str, bytes]
"""Paths relative to a root, with `/`, and what each file holds."""


def save(tree: Tree, root: Path) -> None:
    """Write the tree below a root. OSError as `open`."""
    for name, body in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)


def comma_separated(rows: Iterable[Sequence[object]]) -> bytes:
    """A CSV file with LF for line ends; cells are quoted where they need it."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def gzipped(body: bytes, level: int = 9) -> bytes:
    """The body as .gz."""
    return gzip.compress(body, level, mtime=0)


def zipped(members: Tree) -> bytes:
    """A zip whose members carry one fixed date."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            member = zipfile.ZipInfo(name, date_time=(2019, 9, 1, 0, 0, 0))
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            archive.writestr(member, body)
    return stream.getvalue()


def tarred(members: Tree) -> bytes:
    """A gzipped tar whose members carry no time and no owner."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, body in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return gzipped(stream.getvalue(), 1)
