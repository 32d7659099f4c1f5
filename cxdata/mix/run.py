"""A mix from end to end: rows of the builds, one split a patient, balance, order, the files of the stage folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import polars as pl

from cxdata.build.builds import Build, builds
from cxdata.build.pool import Pool
from cxdata.build.space import in_words
from cxdata.export.recipes import beside, recipe
from cxdata.mix.balance import balanced, whole_sets
from cxdata.mix.baseline import text_only
from cxdata.mix.card import card
from cxdata.mix.config import MixConfig
from cxdata.mix.contents import ByPath, InRows
from cxdata.mix.croissant import croissant
from cxdata.mix.dropped import UNKNOWN
from cxdata.mix.duplicates import duplicates, looser, without
from cxdata.mix.facts import facts
from cxdata.mix.files import Known, Way, written
from cxdata.mix.fingerprints import cache_folder, fingerprints
from cxdata.mix.folder import MIX_JSON, StageFolder
from cxdata.mix.limits import limited
from cxdata.mix.lookup import looked_up
from cxdata.mix.moved import held
from cxdata.mix.order import by_hash, ordered
from cxdata.mix.patients import Resolved
from cxdata.mix.people import resolved_patients
from cxdata.mix.pool import FILE, PLACE, keep, pool, samples_of
from cxdata.mix.shown import laid_out, shown
from cxdata.mix.sources import with_sources
from cxdata.mix.splits import DROP_CODE, splits_of
from cxdata.mix.strata import strata_of
from cxdata.mix.traces import Golds, TraceMode, find, golds
from cxdata.mix.unknown import left_out
from cxdata.model.errors import CxdataError
from cxdata.model.facets import SPLITS
from cxdata.sources.base import Source


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
    traces: TraceMode | None = None


class Chosen(NamedTuple):
    """The rows of a mix by split, in order; those left out by code; who is whose patient; the files of the rows.

    `unproved` is that of `moved.Held`.
    """

    rows: dict[str, pl.DataFrame]
    dropped: Counter[str]
    people: Resolved
    files: list[Path]
    unproved: pl.DataFrame
    alike: dict[str, int] | None


def mix(request: MixRequest) -> dict[str, Any]:
    """Mix; returns the content of mix.json.

    Raises CxdataError when nothing is left, when a picture is gone or the disk too small; RefusedError for a folder
    that holds another mix.
    """
    found = builds(request.builds_folder)
    folder = StageFolder(request.out)
    traces = find(found, samples_of(found), _traces_asked(request), request.say)
    bound = {**_bound(request), "traces": traces.writer}
    folder.check(bound, request.builds_folder)
    chosen = choose(found, request)
    told = text_only(pl.concat(chosen.rows.values()), chosen.files)
    of = golds(traces, chosen.rows, chosen.files, request.config.seed, without=chosen.unproved)
    folder.begin(bound)
    files = _write(folder, request, chosen, found, of)
    content = {**_content(request, found, chosen, told, files), "config": bound, "traces": of.told}
    places = pl.concat([rows.select(FILE, PLACE, "split") for rows in chosen.rows.values()])
    told_of = facts(places, chosen.files, found, request.sources, chosen.unproved)
    folder.write_text("README.md", card(content, request.sources, told_of, chosen.people))
    folder.write_json("croissant.json", croissant(content, request.sources, told_of))
    _write_recipe(folder, request, files)
    folder.write_json(MIX_JSON, content)
    folder.finish()
    return content


def _shows(chosen: Chosen) -> pl.DataFrame:
    """image_id of the pictures that the rows show, and `times`, in how many."""
    every = pl.concat([rows.select(FILE, PLACE) for rows in chosen.rows.values()])
    counts = [
        part.join(looked_up(part, chosen.files, ("image_ids",)), on=[FILE, PLACE])
        .select(image_id=pl.col("image_ids").explode().drop_nulls()).group_by("image_id").agg(times=pl.len())
        for part in every.partition_by(FILE)
    ]  # fmt: skip
    return pl.concat(counts).group_by("image_id").agg(pl.col("times").sum())


def choose(found: Sequence[Build], request: MixRequest) -> Chosen:
    """The rows of the mix, split, balanced and ordered, without their texts."""
    config = with_sources(request.config, request.sources)
    people = resolved_patients(found, request.sources, config.external)
    rows, files, dropped = pool(found, config, pictures=request.drop_duplicates, workers=request.workers)
    rows = _split(rows, people, dropped)
    rows, unproved = held(rows, files, found, request.sources, dropped)
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
    return Chosen(in_order, dropped, people, files, unproved, alike)


def _split(rows: pl.DataFrame, people: Resolved, dropped: Counter[str]) -> pl.DataFrame:
    """The rows with the split of their patients, without those that have none."""
    whose = rows.lazy().select("sample_id", pl.col("patient_key").cast(pl.String), "patient_keys")
    told = splits_of(whose, people).select(pl.col("split", "split_reason").cast(pl.Categorical), DROP_CODE).collect()
    return keep(rows.drop("patient_keys").hstack(told), pl.col(DROP_CODE), dropped).drop(DROP_CODE)


def _without_duplicates(
    rows: pl.DataFrame, found: Sequence[Build], people: Resolved, request: MixRequest, dropped: Counter[str]
) -> tuple[pl.DataFrame, dict[str, int]]:
    """The rows without pictures that look like one in a stricter split, and what was found alike."""
    cache, pool_of_workers = cache_folder(request.builds_folder), Pool(request.workers)
    looks = [fingerprints(build.home, build.roots(), cache, pool_of_workers) for build in found]
    alike = duplicates(pl.concat(looks), people)
    showing = rows.lazy().select("sample_id", "image_ids", pl.lit(None, pl.String).alias(DROP_CODE))
    codes = without(showing, looser(alike.pairs)).select(DROP_CODE).collect()
    kept = keep(rows.drop("image_ids").hstack(codes), pl.col(DROP_CODE), dropped).drop(DROP_CODE)
    return kept, {"pairs": alike.pairs.height, "crowded": alike.crowded, "too_plain": alike.too_plain}


def _traces_asked(request: MixRequest) -> TraceMode | None:
    """Plain prompts are answered in words, without traces."""
    return "none" if request.config.prompt == "plain" else request.traces


def _bound(request: MixRequest) -> dict[str, Any]:
    """What a stage folder is bound to."""
    config = request.config.model_dump(mode="json")
    return {**config, "format": request.form, "images": request.images, "unknown_overlap": request.unknown_overlap,
            "drop_duplicates": request.drop_duplicates}  # fmt: skip


def _write(
    folder: StageFolder, request: MixRequest, chosen: Chosen, found: Sequence[Build], of: Golds
) -> list[dict[str, Any]]:
    way = Way(request.form, request.config.prompt, embedded=request.images == "embed", golds=of)
    shows = _shows(chosen)
    pictures = shown(shows["image_id"], found)
    known = Known(pictures.table, chosen.unproved, strata_of(found, request.sources, pictures.table["image_id"]))
    if way.embedded:
        stored = InRows(pictures, shows, folder.home)
        size = in_words(stored.rows_bytes)
        request.say(f"{len(stored.sizes):,} pictures go into the rows that show them and take {size} there")
        with stored:
            return written(folder, chosen.rows.values(), chosen.files, way, stored, known)
    places, ways = laid_out(pictures, folder.home)
    told = ", ".join(f"{n:,} {name}" for name, n in sorted(ways.items()))
    request.say(f"{places.height:,} pictures below images/: {told}")
    return written(folder, chosen.rows.values(), chosen.files, way, ByPath(places), known)


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
        "stage": request.config.stage, "format": request.form,
        "builds": {record["source"]: record.get("config_digest") for record in records if "source" in record},
        "versions": {record["source"]: record.get("source_version") for record in records if "source" in record},
        "rows": {split: chosen.rows[split].height if split in chosen.rows else 0 for split in SPLITS},
        "by_task": _counts(every, "task"), "by_source": _counts(every, "source"),
        "letters": _counts(train.filter(pl.col("answer_letter").is_not_null()), "answer_letter"),
        "text_only": told, "dropped": dict(sorted(chosen.dropped.items())),
        "unknown": [[pair.source, pair.other, pair.why] for pair in chosen.people.unknown],
        "duplicates": chosen.alike, "files": files,
    }  # fmt: skip


def _counts(rows: pl.DataFrame, column: str) -> dict[str, int]:
    return dict(sorted(rows[column].value_counts().iter_rows()))
