"""One part of a build, as its shards are cut: its questions, and what their studies tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from cxdata.build.builds import Build
from cxdata.build.ledger import Hashes, Ledger
from cxdata.model.errors import CxdataError
from cxdata.model.hashing import hash_expr
from cxdata.reasoning.evidence.features import Features
from cxdata.reasoning.study import NOTHING, Box, Study, boxes_of, places_of, studies
from cxdata.reasoning.trace import ASKED, TASKS, question_of
from cxdata.reasoning.writers import Case

FACETS: Final = ("reports", "regions", "locations")
ROWS_AT_A_TIME: Final = 16_384
PURPOSE: Final = "trace"
_PART: Final = re.compile(r"-(\d{5}-of-\d{5})\.parquet$")


class Part(NamedTuple):
    """The samples of some patients: files by task, the tables that tell of their studies, and the seed of the build.

    `pictures` are the files of the table that knows how large each picture is.
    """

    name: str
    files: dict[str, Path]
    facets: dict[str, Path]
    pictures: tuple[Path, ...]
    seed: int


class Cases(NamedTuple):
    """What the studies of a part tell, by study key and by picture; places by study key."""

    studies: dict[str, Study]
    boxes: dict[str, tuple[Box, ...]]
    places: dict[str, dict[str, Features]]


def parts(build: Build, tables: dict[str, Path], seed: int) -> list[Part]:
    """The parts of a build, in order."""
    found: dict[str, dict[str, Path]] = {}
    for task in TASKS:
        for path in build.shards("samples", task):
            named = _PART.search(path.name)
            if named:
                found.setdefault(named[1], {})[task] = path
    pictures = tuple(build.shards("images")) if "regions" in tables else ()
    return [Part(name, files, tables, pictures, seed) for name, files in sorted(found.items())]


def facets_of(home: Path, ledger: Ledger, hashes: Hashes) -> dict[str, tuple[Path, str]]:
    """Path and sha256 of the tables that traces rest on, as the reader wrote them; those that a source lacks are out.

    Raises CxdataError where one is gone or is another than was written.
    """
    unit = ledger.recorded("facets")
    found = {Path(shard.file).stem: shard for shard in (unit.shards if unit else ())}
    tables: dict[str, tuple[Path, str]] = {}
    for name in FACETS:
        if name in found:
            path = home / found[name].file
            if not path.is_file() or hashes.sha256(path, found[name].file) != found[name].sha256:
                raise CxdataError(
                    "the tables that the reader kept are gone or damaged", where=str(path),
                    mend="put facets/ back, or build into another --out",
                )  # fmt: skip
            tables[name] = (path, found[name].sha256)
    return tables


def told(part: Part) -> Cases:
    """Read what the studies of a part tell."""
    asked = pl.concat([
        pl.scan_parquet(path, glob=False).select("study_key", "image_ids") for path in part.files.values()
    ]).collect()  # fmt: skip
    keys = asked.select(pl.col("study_key").unique()).with_columns(
        study_id=pl.col("study_key").str.split(":").list.slice(1).list.join(":")
    )
    namespace = str(keys["study_key"][0]).partition(":")[0] if keys.height else ""
    found: dict[str, Study] = {}
    if "reports" in part.facets:
        reports = pl.scan_parquet(part.facets["reports"], glob=False)
        of_part = reports.join(keys.lazy(), on="study_id", how="semi").collect()
        found = {f"{namespace}:{study_id}": study for study_id, study in studies(of_part.lazy()).items()}
    places: dict[str, dict[str, Features]] = {}
    if "locations" in part.facets:
        locations = pl.scan_parquet(part.facets["locations"], glob=False)
        lying = places_of(locations.join(keys.lazy(), on="study_id", how="semi").collect())
        places = {f"{namespace}:{study_id}": told for study_id, told in lying.items()}
    boxes: dict[str, tuple[Box, ...]] = {}
    if "regions" in part.facets:
        images = asked.select(pl.col("image_ids").explode().unique()).rename({"image_ids": "image_id"}).drop_nulls()
        regions = pl.scan_parquet(part.facets["regions"], glob=False).join(images.lazy(), on="image_id", how="semi")
        boxes = boxes_of(regions.join(_sizes(part), on="image_id", how="left").collect())
    return Cases(found, boxes, places)


def _sizes(part: Part) -> pl.LazyFrame:
    nothing = pl.LazyFrame(schema={"image_id": pl.String, "width": pl.Int32, "height": pl.Int32})
    read = [pl.scan_parquet(path, glob=False).select("image_id", "width", "height") for path in part.pictures]
    return pl.concat([nothing, *read])


def cases(part: Part, task: str, of: Cases) -> Iterator[list[Case]]:
    """The cases of one task in the order of their ids, some at a time."""
    key = hash_expr(part.seed, pl.col("sample_id"), PURPOSE).alias("key")
    rows = pl.scan_parquet(part.files[task], glob=False).select(ASKED).with_columns(key).collect()
    for some in rows.iter_slices(ROWS_AT_A_TIME):
        yield [_case(row, of) for row in some.iter_rows(named=True)]


def _case(row: dict[str, object], of: Cases) -> Case:
    asked = question_of(row)
    study = of.studies.get(asked.study_key, NOTHING)
    boxes = tuple(box for image in asked.image_ids for box in of.boxes.get(image, ()))
    places = of.places.get(asked.study_key, {})
    return Case(asked, replace(study, boxes=boxes, places=places) if boxes or places else study)
