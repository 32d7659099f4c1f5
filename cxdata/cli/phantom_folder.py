"""The folder of one phantom: there whole or not at all, and never written over anything else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Final, NamedTuple

from cxdata import __version__
from cxdata.build.atomic import TEMPORARY, cannot_write
from cxdata.build.parents import ParentFacets, parents_of
from cxdata.build.pool import Pool
from cxdata.model.errors import RefusedError
from cxdata.model.hashing import digest, file_sha256
from cxdata.model.manifest import Layout
from cxdata.sources.base import PhantomSpec, Source

MARK: Final = ".cxdata-phantom.json"


class Order(NamedTuple):
    """A phantom that is asked for: `target` is the folder that will stand for a user's data folder.

    `parents` are the phantoms, written before, of the sources that its manifest requires.
    """

    source: Source
    layout: Layout
    target: Path
    patients: int
    seed: int
    parents: tuple[Order, ...] = ()

    @property
    def facts(self) -> dict[str, Any]:
        """What decides its bytes."""
        return {
            "source": self.source.slug, "layout": self.layout.name, "patients": self.patients, "seed": self.seed,
            "cxdata": __version__,
        }  # fmt: skip


def is_written(order: Order) -> bool:
    """True when the target holds this very phantom, whole; False when there is nothing in it.

    Raises RefusedError when it holds anything else: another phantom, one that was changed, or files of the user.
    """
    target = order.target
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return False
    mark = _mark(target)
    if mark is None:
        raise RefusedError(
            "the target holds something that is not a phantom", where=str(target), mend="choose another --out"
        )
    differing = [f"{key} {mark.get(key)}" for key, value in order.facts.items() if mark.get(key) != value]
    if differing:
        raise RefusedError(
            f"the target holds another phantom: {', '.join(differing)}", where=str(target), mend=_ways(target)
        )
    if mark.get("digest") != _digest(target):
        raise RefusedError("the phantom was changed since it was written", where=str(target), mend=_ways(target))
    return True


def write(order: Order) -> None:
    """Write the phantom under a temporary name beside its target, then rename it; on failure nothing stays.

    Raises CxdataError when the disk is full or the folder cannot be written.
    """
    temporary = order.target.with_name(f"{TEMPORARY}{order.target.name}")
    try:
        shutil.rmtree(temporary, ignore_errors=True)  # of a killed process
        temporary.mkdir(parents=True)
        order.source.phantom.write(
            PhantomSpec(temporary, order.layout, order.patients, order.seed, _facets_of_parents(order))
        )
        content = {**order.facts, "digest": _digest(temporary)}
        (temporary / MARK).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        temporary.replace(order.target)
    except OSError as error:
        raise cannot_write(order.target, error) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _facets_of_parents(order: Order) -> ParentFacets:
    """What the readers of the parents give of their phantoms."""
    known = {parent.source.slug: parent.source for parent in order.parents}
    targets = {parent.source.slug: parent.target for parent in order.parents}
    return ParentFacets(lambda: parents_of(order.source, known, lambda parent: [targets[parent.slug]]), Pool(1).run)


def _mark(target: Path) -> dict[str, Any] | None:
    try:
        mark = json.loads((target / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return mark if isinstance(mark, dict) else None


def _digest(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MARK)
    return digest([(path.relative_to(folder).as_posix(), file_sha256(path)) for path in files])


def _ways(target: Path) -> str:
    return f"choose another --out, or delete it first: rm -r {target}"
