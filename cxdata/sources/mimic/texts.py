"""The report texts of MIMIC-CXR: where they lie, and reading them into sections.

They come as `mimic-cxr-reports.zip`, read in place, or as a tree unpacked from it, also merged into the pictures' tree.
A member is a text at `p10/p10000032/s50414267.txt` below some folder, with or without the letters before the numbers;
other files are ignored, an unknown `.txt` among them is a reject. Worker processes need no polars.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final, NamedTuple

from cxdata.model.errors import CxdataError, Where
from cxdata.model.yaml_text import parsed
from cxdata.reports.sections import Conclusion, Report, section
from cxdata.sources.mimic.texts_zip import GET, member_bytes, zip_index

VERSION: Final = 1
ZIP_NAME: Final = "mimic-cxr-reports.zip"
TREES: Final = ("", "files", "mimic-cxr-reports/files", "reports/files", "mimic-cxr-reports", "reports")
"""Folders below a root where an unpacked tree (p10 … p19) may begin, in the order they are tried."""

_GROUP: Final = re.compile(r"p?1\d")
_MEMBER: Final = re.compile(r"(?:^|/)p?1\d/(?:[^/.][^/]*/)?[^/.][^/]*\.txt\Z")
_STUDY: Final = re.compile(r"/p?1\d{7}/s?(5\d{7})\.txt\Z")


class Reject(NamedTuple):
    """A member that gave no row: its name, a code, and a message without report text."""

    key: str
    code: str
    message: str


class TextBatch(NamedTuple):
    """Rows of the `reports` facet, a list for each of its columns, and the members that gave none."""

    study_id: list[str]
    language: list[str]
    indication: list[str | None]
    comparison: list[str | None]
    findings: list[str | None]
    impression: list[str | None]
    findings_start: list[int | None]
    findings_end: list[int | None]
    impression_start: list[int | None]
    impression_end: list[int | None]
    origin_file: list[str]
    origin_row: list[int | None]
    rejects: list[Reject]


MESSAGES: Final = {
    "report_empty": "the text holds nothing but titles, marks and unfilled fields",
    "report_no_text": "one of the eight studies whose file holds no usable text",
    "report_without_sections": "neither findings nor an impression could be found",
    "report_preliminary_only": "only a preliminary read, which a final report may contradict",
    "report_addendum_only": "only an addendum, without the report it belongs to",
    "report_not_utf8": "the bytes are not UTF-8",
    "report_unreadable": "the file cannot be read",
    "unknown_name": "a text whose name is not pSUBJECT/sSTUDY.txt",
    "duplicate_study": "another text of the same study was read",
}
"""What each reject code means."""


def find_texts(root: Path) -> Path | None:
    """The zip in a root (also one folder down), else the root itself where it holds an unpacked tree."""
    for path in (root / ZIP_NAME, *sorted(root.glob("*/" + ZIP_NAME))):
        if path.is_file():
            return path
    return root if _tree_start(root) is not None else None


def list_members(path: Path) -> list[str]:
    """Names of the report texts, sorted: of the zip's members, or paths relative to the tree's root folder.

    Raises CxdataError when the zip is broken or cut short, or when there are no texts.
    """
    names = zip_index(str(path)) if path.is_file() else _tree_names(path)
    members = sorted({name for name in names if _MEMBER.search(name) and not name.startswith("__MACOSX/")})
    if not members:
        raise CxdataError(
            f"no report texts (p10/p1…/s5….txt) in {path.name}", where=Where("mimic", str(path)), mend=GET
        )
    return members


def unique_members(members: Iterable[str]) -> tuple[list[str], list[Reject]]:
    """The first member of each study (and every unknown name), and rejects `duplicate_study` for the others."""
    first: list[str] = []
    rejects: list[Reject] = []
    seen: set[str] = set()
    for name in members:
        match = _STUDY.search("/" + name)
        if match and match[1] in seen:
            rejects.append(_reject(name, "duplicate_study"))
            continue
        first.append(name)
        if match:
            seen.add(match[1])
    return first, rejects


def read_members(path: str, members: list[str]) -> TextBatch:
    """Sections of the named members of a zip or tree; each becomes exactly one row or one reject, in order.

    Fit for a spawned worker. Raises CxdataError when the zip as a whole cannot be opened.
    """
    special = special_studies()
    batch = TextBatch(*([] for _ in TextBatch._fields))
    origin = f"{Path(path).name}::" if Path(path).is_file() else ""
    for name, data in _contents(path, members):
        match = _STUDY.search("/" + name)
        outcome = _outcome(data, special.get(match[1])) if match else "unknown_name"
        if isinstance(outcome, str):
            batch.rejects.append(_reject(name, outcome))
        elif match:
            _append(batch, "s" + match[1], origin + name, outcome)
    return batch


@cache
def special_studies() -> dict[str, Conclusion]:
    """Eight digits of a study to what is known of its conclusion by hand; (0, 0) where there is no text."""
    raw = parsed(files("cxdata.sources.mimic").joinpath("special_studies.yaml").read_text("utf-8"))
    special: dict[str, Conclusion] = dict.fromkeys(map(str, raw["no_text"]), (0, 0))
    special |= {str(study): (start, end) for study, (start, end) in raw["at_offsets"].items()}
    return special | {str(study): heading for heading, studies in raw["under_heading"].items() for study in studies}


def _outcome(data: bytes | None, conclusion: Conclusion) -> Report | str:
    if data is None:
        return "report_unreadable"
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return "report_not_utf8"
    report = section(text, conclusion)
    return report.code or report


def _append(batch: TextBatch, study_id: str, origin_file: str, report: Report) -> None:
    batch.study_id.append(study_id)
    batch.language.append("en")
    batch.indication.append(report.indication)
    batch.comparison.append(report.comparison)
    batch.findings.append(report.findings)
    batch.impression.append(report.impression)
    batch.findings_start.append(report.findings_start)
    batch.findings_end.append(report.findings_end)
    batch.impression_start.append(report.impression_start)
    batch.impression_end.append(report.impression_end)
    batch.origin_file.append(origin_file)
    batch.origin_row.append(None)


def _reject(name: str, code: str) -> Reject:
    return Reject(name, code, MESSAGES[code])


def _contents(path: str, members: list[str]) -> Iterator[tuple[str, bytes | None]]:
    """Name and bytes of each member; None for one that cannot be read."""
    if not Path(path).is_file():
        for name in members:
            yield name, _file_bytes(f"{path}/{name}")
        return
    index = zip_index(path)
    with open(path, "rb", buffering=0) as stream:
        for name in members:
            yield name, member_bytes(stream, index.get(name))


def _file_bytes(path: str) -> bytes | None:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return None


def _tree_start(root: Path) -> str | None:
    """The folder below the root, as a posix prefix, where patients' texts begin; None where there are none."""
    for prefix in TREES:
        if any(True for _ in _texts_below(root, prefix)):
            return prefix
    return None


def _tree_names(root: Path) -> Iterator[str]:
    prefix = _tree_start(root)
    return iter(()) if prefix is None else _texts_below(root, prefix)


def _texts_below(root: Path, prefix: str) -> Iterator[str]:
    """Texts of p1x folders and of the patients' folders in them; the studies' own folders hold pictures, no texts."""
    start = root / prefix
    for group in sorted(_subfolders(start)):
        if not _GROUP.fullmatch(group):
            continue
        head = "/".join(part for part in (prefix, group) if part)
        yield from _texts_in(root, head)
        for patient in sorted(_subfolders(start / group)):
            yield from _texts_in(root, f"{head}/{patient}")


def _subfolders(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries if entry.is_dir()]


def _texts_in(root: Path, folder: str) -> Iterator[str]:
    with os.scandir(root / folder) as entries:
        names = [entry.name for entry in entries if entry.name.endswith(".txt") and entry.is_file()]
    return (f"{folder}/{name}" for name in names)
