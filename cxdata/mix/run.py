"""A mix from end to end: rows of the builds, one split a patient, balance, order, the files of the stage folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import polars as pl

from cxdata.build.builds import Build, builds
from cxdata.build.pool import Pool
from cxdata.build.space import free_bytes, in_words
from cxdata.export.formats import shaped
from cxdata.export.recipes import beside, recipe
from cxdata.export.schemas import schema_of
from cxdata.mix.balance import balanced, whole_sets
from cxdata.mix.baseline import text_only
from cxdata.mix.boxed import boxed
from cxdata.mix.card import card
from cxdata.mix.config import MixConfig
from cxdata.mix.croissant import croissant
from cxdata.mix.dropped import UNKNOWN
from cxdata.mix.duplicates import duplicates, looser, without
from cxdata.mix.facts import facts
from cxdata.mix.fingerprints import cache_folder, fingerprints
from cxdata.mix.folder import MIX_JSON, StageFolder
from cxdata.mix.limits import limited
from cxdata.mix.order import by_hash, ordered
from cxdata.mix.patients import Resolved
from cxdata.mix.people import resolved_patients
from cxdata.mix.pool import FILE, PLACE, keep, pool
from cxdata.mix.prompts import WIDE, prompted
from cxdata.mix.shown import PICTURE, Shown, contents, laid_out, shown
from cxdata.mix.sources import with_sources
from cxdata.mix.splits import DROP_CODE, splits_of
from cxdata.mix.unknown import left_out
from cxdata.model.errors import CxdataError
from cxdata.model.facets import SPLITS
from cxdata.sources.base import Source

ROWS_A_FILE: Final = 65_536
ROWS_A_PART: Final = {"path": 16_384, "embed": 256}
ROWS_A_FILE_EMBEDDED: Final = 4_096
FILES_AT_A_TIME: Final = 4  # of ROWS_A_FILE: their questions and contexts are in memory together
META: Final = (
    "sample_id", "source", "task", "stage", "level", "difficulty", "curriculum_order", "patient_keys", "split",
    "label_policy", "reference", "reward", "gold_kind", "scored_labels", "ignored_labels", "licence", "restricted",
)  # fmt: skip


@dataclass(frozen=True)
class MixRequest:
    """What to mix: the builds, where to, how, in whose format; `sources` by slug know whose patients they are."""

    builds_folder: Path
    out: Path
    config: MixConfig
    form: str
    images: Literal["path", "embed"]
    unknown_overlap: Literal["keep", "drop"]
    sources: Mapping[str, Source]
    say: Callable[[str], None]
    drop_duplicates: bool = False
    workers: int = 1


class Chosen(NamedTuple):
    """The rows of a mix by split, in order; those left out by code; who is whose patient; the files of the rows."""

    rows: dict[str, pl.DataFrame]
    dropped: Counter[str]
    people: Resolved
    files: list[Path]
    alike: dict[str, int] | None


def mix(request: MixRequest) -> dict[str, Any]:
    """Mix; returns the content of mix.json.

    Raises CxdataError when nothing is left, when a picture is gone or the disk too small; RefusedError for a folder
    that holds another mix.
    """
    found = builds(request.builds_folder)
    folder = StageFolder(request.out)
    folder.check(_bound(request), request.builds_folder)
    chosen = choose(found, request)
    told = text_only(pl.concat(chosen.rows.values()), chosen.files)
    pictures = shown(pl.concat([rows["image_ids"].explode().drop_nulls() for rows in chosen.rows.values()]), found)
    folder.begin(_bound(request))
    files = _write(folder, request, chosen, pictures)
    content = _content(request, found, chosen, told, files)
    places = pl.concat([rows.select(FILE, PLACE, "split") for rows in chosen.rows.values()])
    told_of = facts(places, chosen.files, found, request.sources)
    folder.write_text("README.md", card(content, request.sources, told_of, chosen.people))
    folder.write_json("croissant.json", croissant(content, request.sources, told_of))
    _write_recipe(folder, request, files)
    folder.write_json(MIX_JSON, content)
    folder.finish()
    return content


def choose(found: Sequence[Build], request: MixRequest) -> Chosen:
    """The rows of the mix, split, balanced and ordered, without their texts."""
    config = with_sources(request.config, request.sources)
    taken = pool(found, config)
    dropped = taken.dropped
    people = resolved_patients(found, request.sources, config.external)
    rows = keep(splits_of(taken.rows.lazy(), people).collect(), pl.col(DROP_CODE), dropped).drop(DROP_CODE)
    alike = None
    if request.drop_duplicates:
        rows, alike = _without_duplicates(rows, found, people, request, dropped)
    if request.unknown_overlap == "drop":
        sources, keys = left_out(people)
        gone = pl.col("source").is_in(list(sources)) | pl.col("patient_key").is_in(list(keys))
        rows = keep(rows, pl.when(gone).then(pl.lit(UNKNOWN)), dropped)
    rows = balanced(rows, config.balance, config.seed, dropped) if config.balanced else whole_sets(rows, dropped)
    rows = limited(rows, config, dropped)
    if rows.filter(pl.col("split") == "train").is_empty():
        raise CxdataError(
            f"no row is left for train: {dict(sorted(dropped.items()))}", where=str(request.builds_folder),
            mend="build more sources or patients, or a mix with fewer conditions (--config)",
        )  # fmt: skip
    by_split = {split: rows.filter(pl.col("split") == split) for split in SPLITS}
    in_order = {
        split: ordered(part, config.order, config.seed) if split == "train" else by_hash(part, config.seed)
        for split, part in by_split.items() if part.height
    }  # fmt: skip
    return Chosen(in_order, dropped, people, taken.files, alike)


def _without_duplicates(
    rows: pl.DataFrame, found: Sequence[Build], people: Resolved, request: MixRequest, dropped: Counter[str]
) -> tuple[pl.DataFrame, dict[str, int]]:
    """The rows without pictures that look like one in a stricter split, and what was found alike."""
    cache, pool_of_workers = cache_folder(request.builds_folder), Pool(request.workers)
    looks = [fingerprints(build.home, build.roots(), cache, pool_of_workers) for build in found]
    alike = duplicates(pl.concat(looks), people)
    coded = without(rows.lazy().with_columns(pl.lit(None, pl.String).alias(DROP_CODE)), looser(alike.pairs))
    kept = keep(coded.collect(), pl.col(DROP_CODE), dropped).drop(DROP_CODE)
    return kept, {"pairs": alike.pairs.height, "crowded": alike.crowded, "too_plain": alike.too_plain}


def _bound(request: MixRequest) -> dict[str, Any]:
    """What a stage folder is bound to."""
    config = request.config.model_dump(mode="json")
    return {**config, "format": request.form, "images": request.images, "unknown_overlap": request.unknown_overlap,
            "drop_duplicates": request.drop_duplicates}  # fmt: skip


def _write(folder: StageFolder, request: MixRequest, chosen: Chosen, pictures: Shown) -> list[dict[str, Any]]:
    pick = _pictures(folder, request, pictures)
    embedded = request.images == "embed"
    per_file = ROWS_A_FILE_EMBEDDED if embedded else ROWS_A_FILE
    schema = schema_of(request.form, embedded=embedded)
    written = []
    for rows in chosen.rows.values():
        split, of = rows["split"][0], -(-rows.height // per_file)
        for number, part in enumerate(_files(rows, per_file, chosen.files)):
            file = f"{split}/rows-{number:05d}-of-{of:05d}.parquet"
            written.append(folder.write(file, _shaped(part, request, pick, pictures), request.form, schema)._asdict())
    return written


def _files(rows: pl.DataFrame, per_file: int, files: list[Path]) -> Iterator[pl.DataFrame]:
    """The rows of each file to write, with what they say: the builds are read once for many files."""
    for some in rows.iter_slices(FILES_AT_A_TIME * ROWS_A_FILE // per_file * per_file):
        yield from _wide(some, files).iter_slices(per_file)


def _shaped(
    rows: pl.DataFrame, request: MixRequest, pick: Callable[[pl.DataFrame], pl.Series], pictures: Shown
) -> Iterator[pl.DataFrame]:
    told = prompted(boxed(rows, pictures.table).lazy(), request.config.prompt).collect()
    for part in told.iter_slices(ROWS_A_PART[request.images]):
        named = part.drop("answer").rename({"gold": "answer"}).with_columns(pick(part).alias("images"))
        yield shaped(named.select("problem", "answer", "images", *META), request.form)


def _wide(rows: pl.DataFrame, files: list[Path]) -> pl.DataFrame:
    """The rows, in order, with what they say, read from their files."""
    wide = []
    for (number,), part in rows.partition_by(FILE, as_dict=True).items():
        scan = pl.scan_parquet(files[int(str(number))], glob=False).select(WIDE).with_row_index(PLACE)
        places = part.select(PLACE).unique().lazy()
        wide.append(
            scan.join(places, on=PLACE, how="semi").with_columns(pl.lit(number, pl.UInt32).alias(FILE)).collect()
        )
    narrow = rows.select(
        FILE, PLACE, "source", "task", "level", "difficulty", "curriculum_order", "patient_keys", "split", "reference"
    )
    return narrow.join(pl.concat(wide), on=[FILE, PLACE], how="left", maintain_order="left")


def _pictures(folder: StageFolder, request: MixRequest, pictures: Shown) -> Callable[[pl.DataFrame], pl.Series]:
    """What puts the pictures into a part: places below the folder, or bytes."""
    if request.images == "path":
        places, ways = laid_out(pictures, folder.home)
        request.say(
            f"{len(places):,} pictures below images/: " + ", ".join(f"{n:,} {way}" for way, n in sorted(ways.items()))
        )
        return lambda part: part["image_ids"].list.eval(
            pl.element().replace_strict(list(places), list(places.values()), return_dtype=pl.String)
        )
    held = contents(pictures)
    size, free = sum(map(len, held.values())), free_bytes(folder.home)
    request.say(f"{len(held):,} pictures of {in_words(size)} go into the rows that show them")
    if size > free:
        raise CxdataError(
            f"the pictures take {in_words(size)} at least, and {in_words(free)} are free", where=str(folder.home),
            mend="free some space, choose another --out, or --images path",
        )  # fmt: skip

    def embedded(part: pl.DataFrame) -> pl.Series:
        values = [[{"bytes": held[one], "path": one} for one in ids] for ids in part["image_ids"]]
        return pl.Series("images", values, pl.List(PICTURE))

    return embedded


def _write_recipe(folder: StageFolder, request: MixRequest, files: list[dict[str, Any]]) -> None:
    named = [file["file"] for file in files]
    by_split = {split: [name for name in named if name.startswith(f"{split}/")] for split in SPLITS}
    held = {split: names for split, names in by_split.items() if names}
    embedded = request.images == "embed"
    folder.write_text("recipe.yaml", recipe(request.form, request.config.stage, embedded=embedded, files=held))
    for name, text in beside(request.form, list(held)).items():
        folder.write_text(name, text)


def _content(
    request: MixRequest, found: Sequence[Build], chosen: Chosen, told: dict[str, Any], files: list[dict[str, Any]]
) -> dict[str, Any]:
    every = pl.concat(chosen.rows.values())
    train = chosen.rows["train"]
    records = [build.record() or {} for build in found]
    return {
        "stage": request.config.stage, "format": request.form, "config": _bound(request),
        "builds": {record["source"]: record.get("config_digest") for record in records if "source" in record},
        "versions": {record["source"]: record.get("source_version") for record in records if "source" in record},
        "rows": {split: chosen.rows[split].height if split in chosen.rows else 0 for split in SPLITS},
        "by_task": _counts(every, "task"), "by_source": _counts(every, "source"),
        "letters": _counts(train.filter(pl.col("answer_letter").is_not_null()), "answer_letter"),
        "text_only": told, "dropped": dict(sorted(chosen.dropped.items())),
        "unknown": [list(pair) for pair in chosen.people.unknown], "duplicates": chosen.alike, "files": files,
    }  # fmt: skip


def _counts(rows: pl.DataFrame, column: str) -> dict[str, int]:
    return dict(sorted(rows[column].value_counts().iter_rows()))
