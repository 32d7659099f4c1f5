"""The XML files of the reports: in NLMCXR_reports.tgz, read in place, or in the folder that it unpacks to."""

from __future__ import annotations

import re
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from cxdata.model.errors import CxdataError, Where
from cxdata.sources.access import is_file
from cxdata.sources.openi.ids import SLUG

GET: Final = "get it again: https://openi.nlm.nih.gov/faq (NLMCXR_reports.tgz)"
MOST_BYTES: Final = 1 << 20  # of one report; the largest has 13 kB, and more is no report
_XML: Final = re.compile(r"(?:^|/)(?!\._)[^/]*\.xml\Z")
_NUMBER: Final = re.compile(r"(?:^|/)(\d+)\.xml\Z")


class Member(NamedTuple):
    """One file: its name in the archive or folder, the report number in it (None: another name), its bytes or None."""

    name: str
    number: str | None
    data: bytes | None


def members(path: Path) -> Iterator[Member]:
    """Every XML file of the archive or folder, by name.

    Raises CxdataError when the archive is damaged or cut short, and when it holds no XML file.
    """
    found = sorted(_in_tar(path) if is_file(path) else _in_folder(path))
    if not found:
        raise CxdataError(f"no report (1.xml …) in {path.name}", where=Where(SLUG, str(path)), mend=GET)
    for name, data in found:
        match = _NUMBER.search(name)
        yield Member(name, match[1] if match else None, data)


def _in_tar(path: Path) -> Iterator[tuple[str, bytes | None]]:
    try:
        with tarfile.open(path) as archive:
            for info in archive:
                if info.isfile() and _XML.search(info.name):
                    stream = archive.extractfile(info) if info.size <= MOST_BYTES else None
                    yield info.name, None if stream is None else stream.read()
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        what = f"{path.name} is cut short or damaged"
        raise CxdataError(what, where=Where(SLUG, str(path)), mend=GET) from error


def _in_folder(path: Path) -> Iterator[tuple[str, bytes | None]]:
    for file in path.glob("*.xml"):
        if _XML.search(file.name):
            yield file.name, _bytes(file)


def _bytes(file: Path) -> bytes | None:
    try:
        return file.read_bytes() if file.stat().st_size <= MOST_BYTES else None
    except OSError:
        return None
