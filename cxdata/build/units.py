"""The units of a build: reading, each task, each shard of pictures, the patients; each done once for a key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import polars as pl

from cxdata.build.asking import ask, parts, places
from cxdata.build.config import BuildConfig, PicturesConfig
from cxdata.build.embed import Around, Shelf
from cxdata.build.folder import BuildFolder
from cxdata.build.inputs import Inputs, input_digests
from cxdata.build.keys import (
    Key,
    about,
    changes_key,
    facets_key,
    pictures_key,
    read_key,
    shown_key,
    side_key,
    stored_key,
    task_key,
)
from cxdata.build.ledger import Hashes, Ledger, Unit
from cxdata.build.parents import Parent, ParentFacets, own_and_parents
from cxdata.build.pictures import IMAGES, Pictures, has_names, located, look, rejects, signature
from cxdata.build.pool import Pool
from cxdata.build.progress import Progress
from cxdata.build.rejects import numbered, tally
from cxdata.build.space import Room
from cxdata.build.spool import Desk, Spool, remove_spool
from cxdata.build.writer import Shard, write_parts, write_shard
from cxdata.images.named import Places, places_of
from cxdata.model.facets import FACET_KEYS, MAY_REPEAT, REJECTS, conform
from cxdata.model.hashing import digest, hash_expr
from cxdata.model.policies import READ, policies_of
from cxdata.model.sample import arrow_schema, to_arrow
from cxdata.reports.changes import reported_changes
from cxdata.reports.readings import read_reports
from cxdata.sources.base import ReadContext, Reading, Source
from cxdata.sources.roots import Found
from cxdata.tasks.base import Card, Funnel, Material, Task, in_language, task
from cxdata.tasks.cases import left_out, patients
from cxdata.tasks.complete import CASE
from cxdata.tasks.follow_ups import read_follow_ups

PATIENTS_A_SHARD: Final = 16_384
WAITING: Final = 1  # tasks whose drafts wait to be written, at most, before the next is asked
SAMPLES: Final = "samples"
SHOWN: Final = "shown"
PATIENTS: Final[dict[str, pl.DataType]] = {"patient_key": pl.String(), "split_official": pl.String()}

Done = tuple[list[Shard], dict[str, Any]]


@dataclass
class Units:
    """What one build does, unit by unit; every unit is looked up in the ledger first."""

    source: Source
    found: Found
    config: BuildConfig
    inputs: Inputs
    options: dict[str, str]
    images: PicturesConfig
    folder: BuildFolder
    pool: Pool
    progress: Progress
    parents: Sequence[Parent] = ()

    def __post_init__(self) -> None:
        """Open the ledger; `written` names the files that this run writes, but for the cache of facets."""
        self.hashes = Hashes(self.folder)
        self.ledger = Ledger(self.folder, self.hashes)
        self.written: set[str] = set()
        self.shown_ids: dict[int, pl.Series] | None = None
        self.around: Around | None = None

    @cached_property
    def digests(self) -> dict[str, tuple[int, str]]:
        """Size and sha256 of each input, by logical name."""
        found = input_digests(self.inputs, self.source.manifest, self.hashes)
        self.hashes.save()
        return found

    @cached_property
    def context(self) -> ReadContext:
        """What the reader is given."""
        return ReadContext(
            self.source.manifest, self.inputs.files, self.found.roots, self.options, self.pool.run,
            ParentFacets(lambda: self.parents, self.pool.run),
        )  # fmt: skip

    @cached_property
    def roots(self) -> dict[str, Path]:
        """The roots below which pictures lie, by root id: the source's own and those of its parents."""
        return own_and_parents(self.found, self.parents)

    @cached_property
    def facets_key(self) -> Key:
        """What the facet tables depend on."""
        parents = {parent.source.slug: parent.key(self.hashes) for parent in self.parents}
        return facets_key(self.source, self.digests, self.options, self.found.roots, parents)

    @cached_property
    def places(self) -> Places:
        """Where files lie that are known by name alone."""
        return places_of(self.source.manifest, self.roots, (parent.source.manifest for parent in self.parents))

    @cached_property
    def reader(self) -> Unit:
        """Read the source, if it was not; counts: inputs and funnel of the reader, number of patients."""
        return self._once("reader", self.facets_key, self._read)

    def tasks(self, names: Sequence[str]) -> dict[str, Unit]:
        """The samples of each task, written while the next is asked; counts: rows by split and stage, the funnel."""
        units: dict[str, Unit | Future[Unit]] = {}
        # those that need least come first, before what the others need is in memory: report texts most of all
        for_little = sorted(names, key=lambda name: ("reports" in task(name).facets, len(task(name).facets)))
        with ThreadPoolExecutor(1) as pen:
            for name in for_little:
                units[name] = self._task(task(name), pen)
                for before in list(units.values())[-1 - WAITING : -WAITING]:
                    _unit(before)
            return {name: _unit(units[name]) for name in names}

    def pictures(self, samples: Sequence[Shard]) -> list[Unit]:
        """Each shard of pictures that samples show, and the rejects of those that are not ok.

        A picture stands in the shard of its own patient, whatever rows show it: a row may show another patient's too.
        """
        shown = self._shown(samples)
        self.progress.expect(len(shown))
        # what is not looked at takes no process, so two shards at a time keep both cores busy
        with ThreadPoolExecutor(2 if self.images.mode == "none" else 1) as pens:
            units = list(pens.map(lambda shard: self._pictures(shard, shown[shard], samples), sorted(shown)))
        remove_spool(self.folder.home)
        return units

    def patients(self) -> Unit:
        """Every patient of the source with its official split, whatever is asked."""
        return self._once("patients", side_key(self.facets_key, self.about, columns=PATIENTS), self._write_patients)

    def left_out(self) -> Unit:
        """The rejects of pictures and studies that no question may show."""
        return self._once("left-out", side_key(self.facets_key, self.about), self._write_left_out)

    @cached_property
    def shards(self) -> int:
        """Into how many files each table is cut: a power of two, by the number of patients alone."""
        return shard_count(int(self.reader.counts["patients"]))

    @cached_property
    def card(self) -> Card:
        """What every row says of the source."""
        manifest = self.source.manifest
        language = manifest.language_of(self.options)
        return Card(
            manifest.slug, self.found.version, language, manifest.licence, manifest.restricted,
            manifest.patient_namespace, manifest.population.default, self.source.reader.VERSION,
        )  # fmt: skip

    @cached_property
    def about(self) -> str:
        """What rows say of the source, and how it is split, as a hash."""
        return about(self.card, self.source.manifest)

    @cached_property
    def policies(self) -> tuple[str, str]:
        """The policies of train and of val and test."""
        return policies_of(self.source.manifest.labels, self.config.label_policy)

    @cached_property
    def material(self) -> Material:
        """What tasks see, from the facet tables of this build; read again where the cache was deleted."""
        if self.ledger.finished("facets", self.facets_key) is None:
            self._keep_facets(self.source.reader.read(self.context))
        files = {name: self.folder.home / f"facets/{name}.parquet" for name in self.source.manifest.facets}
        facets = {name: pl.scan_parquet(path) for name, path in files.items()}
        facets = in_language(facets, self.card.language)
        train, held_out = self.policies
        if train == READ:
            facets[READ] = self._read_reports(facets["reports"])
        manifest = self.source.manifest
        found = Material(self.card, facets, manifest.labels, train, held_out, self.config.seed, manifest.split)
        return replace(found, facets={**facets, **{name: self._read_changes(name, found) for name in self.derived}})

    @cached_property
    def derived(self) -> dict[str, Key]:
        """The facets that are read in reports, and that a task asked for needs, with what each depends on."""
        needed = {facet for name in self.inputs.tasks for facet in task(name).facets}
        return {name: changes_key(self.facets_key) for name in self.source.manifest.derives if name in needed}

    def _read_reports(self, reports: pl.LazyFrame) -> pl.LazyFrame:
        """What the reader states, read once for the same reports: facets/read.parquet, with the columns of findings."""
        key = read_key(self.facets_key)
        return self._derive(READ, "findings", key, lambda: conform("findings", read_reports(reports, self.pool.run)))

    def _read_changes(self, name: str, found: Material) -> pl.LazyFrame:
        """The changes that reports tell, read once for the same reports: facets/changes.parquet."""

        def work() -> pl.DataFrame:
            return read_follow_ups(reported_changes(found.facets["reports"], self.pool.run), found)

        return self._derive(name, name, self.derived[name], work)

    def _derive(self, name: str, columns: str, key: Key, work: Callable[[], pl.DataFrame]) -> pl.LazyFrame:
        """A table beside the reader's facets, made once for its key; `columns` is the facet whose columns it has."""
        file = f"facets/{name}.parquet"
        if self.ledger.finished(name, key) is None:
            rows = work()
            shard = write_shard(self.folder.home, file, rows, FACET_KEYS[columns])
            self.ledger.record(Unit(name, key, (shard,), {"rows": rows.height}))
        return pl.scan_parquet(self.folder.home / file)

    @cached_property
    def everyone(self) -> pl.DataFrame:
        """Every patient of the source, with its splits and shard: see `tasks.cases.patients`."""
        return patients(self.material, self.shards)

    @cached_property
    def selected(self) -> pl.DataFrame:
        """The studies that split and limit leave: study_id, shard, and `case`, the place in `material.cases`."""
        chosen = self.everyone
        if self.config.split is not None:
            chosen = chosen.filter(pl.col("split") == self.config.split)
        if self.config.limit is not None:
            chosen = chosen.sort(hash_expr(0, pl.col("patient_key"), "limit"), "patient_key").head(self.config.limit)
        cases = self.material.cases.select("study_id", "patient_id").with_row_index(CASE)
        return cases.join(chosen.select("patient_id", "shard"), on="patient_id").select("study_id", "shard", CASE)

    def display(self, name: str) -> str:
        """What an input is called in build.json."""
        return self.context.display(name)

    def _once(
        self, name: str, key: Key, work: Callable[[], Done], holds: Callable[[Unit], bool] = lambda _: True
    ) -> Unit:
        return self._finished(name, key, holds) or self._finish(name, key, work)

    def _finished(self, name: str, key: Key, holds: Callable[[Unit], bool] = lambda _: True) -> Unit | None:
        done = self.ledger.finished(name, key)
        if done is not None and holds(done):
            self.progress.done(name, "reused")
            return done
        self._say_why(name, key)
        return None

    def _finish(self, name: str, key: Key, work: Callable[[], Done]) -> Unit:
        shards, counts = work()
        unit = Unit(name, key, tuple(shards), counts)
        self.ledger.record(unit)
        self.progress.done(name, _detail(shards))
        return unit

    def _say_why(self, name: str, key: Key) -> None:
        before = self.ledger.recorded(name)
        if before is not None:
            changed = ", ".join(key.changed(before.key)) or "files behind it"
            self.progress.note(f"{name} is built anew, for a change of: {changed}")

    def _read(self) -> Done:
        reading = self.source.reader.read(self.context)
        self._keep_facets(reading)
        return self._write_rejects("reader", reading.rejects), self._counts(reading)

    def _write(self, file: str, frame: pl.DataFrame, by: Sequence[str], schema: Any) -> Shard:
        self._begin(file)
        return write_shard(self.folder.home, file, frame, by, schema)

    def _begin(self, file: str) -> None:
        self.folder.retract()
        self.written.add(file)

    def _write_rejects(self, name: str, rejects: pl.DataFrame) -> list[Shard]:
        columns = list(REJECTS)
        schema = to_arrow(dict(REJECTS), nullable=set())
        file = f"rejects/{name}.parquet"
        return [self._write(file, numbered(rejects), columns, schema)] if rejects.height else []

    def _keep_facets(self, reading: Reading) -> None:
        def kept(name: str) -> Shard:
            file, repeats = f"facets/{name}.parquet", name in MAY_REPEAT
            return write_shard(self.folder.home, file, reading.facets[name], FACET_KEYS[name], may_repeat=repeats)

        with ThreadPoolExecutor(2) as pens:
            shards = list(pens.map(kept, self.source.manifest.facets))
        self.ledger.record(Unit("facets", self.facets_key, tuple(shards), {}))

    def _counts(self, reading: Reading) -> dict[str, Any]:
        images, studies = reading.facets["images"], reading.facets["studies"]
        steps = [("patients", studies["patient_id"].n_unique(), "patients"), ("studies", studies.height, "studies"),
                 ("pictures", images.height, "images")]  # fmt: skip
        if "reports" in reading.facets:
            steps.append(("reports with sections", reading.facets["reports"].height, "reports"))
        if "questions" in reading.facets:
            steps.append(("questions of its own", reading.facets["questions"].height, "questions"))
        if "regions" in reading.facets:
            steps.append(("boxes", reading.facets["regions"].height, "boxes"))
        if entities := _entities(reading):
            steps.append(("entities", entities, "entities"))
        return {
            "inputs": {count.file: list(count[1:]) for count in reading.counts},
            "funnel": [*steps, *reading.funnel], "patients": studies["patient_id"].n_unique(),
            "rejects": tally(reading.rejects["code"]),
        }  # fmt: skip

    def _task(self, asked: Task, pen: Executor) -> Unit | Future[Unit]:
        name = f"{SAMPLES}/{asked.name}"
        key = task_key(asked, self.facets_key, self.config, self.about, self.policies, self.shards, self.derived)
        done = self._finished(name, key)
        if done is not None:
            return done
        drafts, funnel = ask(asked, self.material, self.selected)
        return pen.submit(self._finish, name, key, lambda: self._write_samples(asked, drafts, funnel))

    def _write_samples(self, asked: Task, drafts: pl.DataFrame, funnel: Funnel) -> Done:
        by: dict[str, Counter[str]] = {"split": Counter(), "stage": Counter()}
        shards: list[Shard] = []
        for shard, numbers in places(drafts).items():
            file = f"{SAMPLES}/{asked.name}-{self._shard(shard)}.parquet"
            self._begin(file)
            rows = parts(drafts, numbers, asked, self.material, by)
            shards.append(write_parts(self.folder.home, file, rows, "sample_id", arrow_schema()))
        counted = {f"by_{column}": dict(sorted(counts.items())) for column, counts in by.items()}
        return shards, {**counted, "funnel": funnel}

    def _pictures(self, shard: int, shown: str, samples: Sequence[Shard]) -> Unit:
        key = pictures_key(self.facets_key, shown, self.images, self.shards)

        def ids() -> pl.Series:
            return self._ids(samples)[shard]

        def work() -> Done:
            return self._embed(shard, key, samples) if self.images.mode == "embed" else self._look(shard, ids())

        return self._once(f"images/{shard:05d}", key, work, lambda unit: self._still_so(unit, ids))

    def _shown(self, samples: Sequence[Shard]) -> dict[int, str]:
        """The shards that have pictures to show, each with a hash of the ids; remembered for the same samples."""
        key = shown_key(self.facets_key, [shard.sha256 for shard in samples], self.shards)
        known = self.ledger.finished(SHOWN, key)
        if known is None:
            ids = {str(shard): digest(part.to_list()) for shard, part in self._ids(samples).items()}
            known = Unit(SHOWN, key, (), {"ids": ids})
            self.ledger.record(known)
        return {int(shard): ids for shard, ids in known.counts["ids"].items()}

    def _ids(self, samples: Sequence[Shard]) -> dict[int, pl.Series]:
        """The image ids that samples show, sorted, by the shard of the picture's patient."""
        if self.shown_ids is None:
            rows = pl.scan_parquet([self.folder.home / shard.file for shard in samples])
            images = rows.select(image_id=pl.col("image_ids").explode()).drop_nulls().unique().collect().lazy()
            owners = self.material.facets["images"].select("image_id", "patient_id")
            shards = self.everyone.lazy().select("patient_id", "shard")
            known = images.join(owners, on="image_id").join(shards, on="patient_id").sort("image_id").collect()
            parts = known.partition_by("shard", as_dict=True)
            self.shown_ids = {int(shard): part["image_id"] for (shard,), part in parts.items()}
        return self.shown_ids

    def _look(self, shard: int, shown: pl.Series) -> Done:
        told = self._told(shown)
        rows = self._located(told)
        pictures = look(rows, self.roots, self.images.mode, self.pool)
        file = f"images/{self._shard(shard)}.parquet"
        written = self._write(file, pictures.rows, ["image_id"], to_arrow(IMAGES))
        return self._pictures_done(shard, told, rows, [written], pictures)

    def _embed(self, shard: int, key: Key, samples: Sequence[Shard]) -> Done:
        told = self._told(self._ids(samples)[shard])
        rows = self._located(told)
        self.folder.retract()
        if self.around is None:
            self.around = self._around(shard, samples)
        parts = Shelf(self._shard(shard), rows, key, self.around).parts()
        self.written.update(part.file for part in parts.written)
        files = [self.folder.home / part.file for part in parts.files]
        stored = pl.scan_parquet(files, glob=False).drop("bytes").collect()
        return self._pictures_done(shard, told, rows, parts.files, Pictures(stored, rejects(stored), parts.other_sizes))

    def _pictures_done(
        self, shard: int, told: pl.DataFrame, rows: pl.DataFrame, files: list[Shard], pictures: Pictures
    ) -> Done:
        bad = self._write_rejects(f"pictures-{self._shard(shard)}", pictures.rejects)
        return [*files, *bad], {
            "seen": digest(signature(rows, self.roots, self.images.mode)), "by_name": has_names(told),
            "rejects": tally(pictures.rejects["code"]), "status": tally(pictures.rows["status"]),
            "other_sizes": pictures.other_sizes,
        }  # fmt: skip

    def _around(self, first: int, samples: Sequence[Shard]) -> Around:
        """What shards of stored pictures share, from the first that is written on."""
        desk = Desk(self.folder.home, self.roots, self.images.ask, self.ledger, self.pool, self.progress)
        ids = self._ids(samples)
        rows = self._located(self._told(pl.concat(ids.values())))
        packed = rows.filter(pl.col("member").is_not_null())
        spool = Spool(packed, stored_key(self.images), desk) if packed.height else None
        left = sum(part.len() for shard, part in ids.items() if shard >= first)
        return Around(desk, spool, Room(self.folder.home, left, self.progress))

    def _shard(self, shard: int) -> str:
        return f"{shard:05d}-of-{self.shards:05d}"

    def _told(self, shown: pl.Series) -> pl.DataFrame:
        """What the reader says of the pictures shown."""
        namespace = pl.lit(f"{self.card.namespace}:")
        return self.material.facets["images"].join(shown.to_frame().lazy(), on="image_id", how="semi").with_columns(
            source=pl.lit(self.card.slug), study_key=pl.concat_str(namespace, "study_id"),
            patient_key=pl.concat_str(namespace, "patient_id"),
        ).collect()  # fmt: skip

    def _located(self, told: pl.DataFrame) -> pl.DataFrame:
        return located(told, self.places if self.images.mode != "none" else Places({}))

    def _still_so(self, unit: Unit, shown: Callable[[], pl.Series]) -> bool:
        if self.images.mode == "none":
            return True
        # A shard says where a picture was found; whether it lies elsewhere by now, only its name can tell.
        by_name = unit.counts["by_name"]
        if by_name:
            rows = self._located(self._told(shown()))
        else:
            files = [self.folder.home / file for file in picture_files(unit)]
            rows = pl.scan_parquet(files, glob=False).drop("bytes").collect()
        return bool(digest(signature(rows, self.roots, self.images.mode)) == unit.counts["seen"])

    def _write_patients(self) -> Done:
        rows = self.everyone.select(list(PATIENTS))
        schema = to_arrow(PATIENTS, nullable={"split_official"})
        return [self._write("patients.parquet", rows, ["patient_key"], schema)], {}

    def _write_left_out(self) -> Done:
        rejects = left_out(self.material)
        return self._write_rejects("left-out", rejects), {"rejects": tally(rejects["code"])}


def _unit(unit: Unit | Future[Unit]) -> Unit:
    return unit.result() if isinstance(unit, Future) else unit


def picture_files(unit: Unit) -> list[str]:
    """The files of a unit of pictures that hold pictures, without its rejects."""
    return [shard.file for shard in unit.shards if shard.file.startswith("images/")]


def _detail(shards: Sequence[Shard]) -> str:
    rejects = sum(shard.rows for shard in shards if shard.file.startswith("rejects/"))
    rows = sum(shard.rows for shard in shards) - rejects
    told = [f"{rows:,} rows"] if rows else []
    return ", ".join([*told, f"{rejects:,} rejects" if rejects else "no rejects"])


def shard_count(patients_of_source: int) -> int:
    """A power of two: 1 for up to 16,384 patients, 4 for MIMIC's 65,379."""
    wanted = -(-patients_of_source // PATIENTS_A_SHARD)
    return 1 << max(0, wanted - 1).bit_length()


def _entities(reading: Reading) -> int:
    """How many words of texts the source marks as naming something."""
    return int(reading.facets["statements"]["entities"].list.len().sum()) if "statements" in reading.facets else 0
