"""What is there of a source, what is missing or broken, and what to do about it; nothing is written or fetched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any, Final

from cxdata.build.progress import Progress
from cxdata.check.checksums import Checked, Covered, Mode, check_sums
from cxdata.check.counts import Tally
from cxdata.check.disk import Disk, disk
from cxdata.check.notes import NAMED, notes
from cxdata.check.parts import Checkup, FileState, PartState, part_states
from cxdata.check.survey import survey
from cxdata.model.manifest import Manifest
from cxdata.sources.roots import Found

DIFFERS: Final = "its bytes are not those of the official checksum"


@dataclass(frozen=True)
class Entry:
    """One download of a source (found), or the source itself (not found), as `cxdata doctor` tells it."""

    source: str
    found: bool
    layout: str | None
    version: str | None
    root: Path | None
    parts: tuple[PartState, ...]
    files: tuple[FileState, ...]
    counts: tuple[Tally, ...]
    checksums: tuple[Checked, ...]
    notes: tuple[str, ...]
    disk: Disk
    next: str

    @property
    def is_well(self) -> bool:
        """True when nothing that is required is missing and nothing that is needed is broken."""
        return self.found and not any(file.fails for file in self.files)

    def as_json(self) -> dict[str, Any]:
        """The object of `cxdata doctor --json`."""
        return {
            "source": self.source, "found": self.found, "layout": self.layout, "version": self.version,
            "root": _text(self.root), "ok": self.is_well,
            "parts": [{**part._asdict(), "root": _text(part.root)} for part in self.parts],
            "files": [_file_json(file) for file in self.files],
            "counts": [tally._asdict() for tally in self.counts],
            "checksums": [checked._asdict() for checked in self.checksums],
            "notes": list(self.notes), "disk": self.disk._asdict(), "next": self.next,
        }  # fmt: skip


def examine(manifest: Manifest, found: Found | None, mode: Mode, out: Path, progress: Progress) -> Entry:
    """Look at one download, or tell where to get a source of which nothing was found.

    `mode` none and sample look at a few folders of pictures and reports, `all` at every file.
    """
    seen = survey(manifest, found, whole=mode == "all")
    sums = {} if mode == "none" else _sums(seen.checkups, mode, progress)
    own = _marked([checkup.state for checkup in seen.checkups], sums, manifest)
    files = (*own, *seen.strays[:NAMED], *_differing([*own, *seen.strays], sums))
    single = {checkup.path for checkup in seen.checkups if checkup.path is not None and checkup.path.is_file()}
    return Entry(
        source=manifest.slug, found=found is not None, layout=found.layout if found else None,
        version=found.version if found else None, root=next(iter(found.roots.values())) if found else None,
        parts=part_states(manifest, found), files=files, counts=tuple(seen.counts), checksums=tuple(sums.values()),
        notes=tuple(notes(manifest, found, seen, list(sums.values()))) if found else (),
        disk=disk(single, seen.trees.values(), seen.counts, out), next=_next(manifest, found, files),
    )  # fmt: skip


def _sums(checkups: Sequence[Checkup], mode: Mode, progress: Progress) -> dict[Path, Checked]:
    covered = [Covered(c.spec, c.path) for c in checkups if c.path is not None and c.spec.kind != "checksums"]
    lists = sorted({c.path for c in checkups if c.path is not None and c.spec.kind == "checksums"})
    return {path: check_sums(path, covered, mode, progress) for path in lists}


def _marked(files: Sequence[FileState], sums: Mapping[Path, Checked], manifest: Manifest) -> tuple[FileState, ...]:
    wrong = {path.parent / name for path, checked in sums.items() for name in checked.mismatched}
    return tuple(
        file._replace(state="mismatch", what=DIFFERS, mend=f"get it again: {manifest.file(file.file).get}")
        if file.state == "ok" and file.path in wrong else file
        for file in files
    )  # fmt: skip


def _differing(known: Sequence[FileState], sums: Mapping[Path, Checked]) -> list[FileState]:
    told = {file.path for file in known}
    wrong = [(name, path.parent / name) for path, checked in sums.items() for name in checked.mismatched]
    members = [(name, path) for name, path in wrong if path not in told]
    mend = "delete it and get it again"
    return [FileState(name, "optional", "mismatch", mend, DIFFERS, path=path) for name, path in members[:NAMED]]


def _next(manifest: Manifest, found: Found | None, files: Sequence[FileState]) -> str:
    if found is None:
        return "get it: " + ", ".join(part.home.url for part in manifest.parts.values())
    roots = " ".join(f"--root {quote(str(root))}" for root in dict.fromkeys(found.roots.values()))
    if any(file.fails for file in files):
        places = " ".join(quote(str(root)) for root in dict.fromkeys(found.roots.values()))
        return f"mend what is named above, then: cxdata doctor {places} --source {manifest.slug}"
    usual = manifest.settings({})
    lost = [file for file in files if file.need == "tasks" and file.state == "missing"]
    without = any(all(usual[key] == value for key, value in file.when.items()) for file in lost)
    return f"cxdata build --source {manifest.slug} {roots}{' --partial' if without else ''}"


def _file_json(file: FileState) -> dict[str, Any]:
    return {**file._asdict(), "tasks": list(file.tasks), "when": dict(file.when), "path": _text(file.path)}


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
