"""The units of a build: reading, each task, each shard of pictures, the patients; each done once for a key."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import polars as pl

from cxdata.build.config import BuildConfig, ImagesMode
from cxdata.build.folder import BuildFolder
from cxdata.build.inputs import Inputs, input_digests
from cxdata.build.keys import facets_key, task_key
from cxdata.build.ledger import Hashes, Ledger, Unit
from cxdata.build.pictures import IMAGES, look, signature
from cxdata.build.pool import Pool
from cxdata.build.progress import Progress
from cxdata.build.writer import Shard, write_shard
from cxdata.model.facets import FACET_KEYS, REJECTS
from cxdata.model.hashing import digest, hash_expr
from cxdata.model.sample import arrow_schema, to_arrow
from cxdata.sources.base import Reading, ReadContext, Source
from cxdata.sources.roots import Found
from cxdata.tasks.base import Card, Material, Task, task
from cxdata.tasks.cases import left_out, patients
from cxdata.tasks.complete import complete

PATIENTS_A_SHARD: Final = 16_384
SAMPLES: Final = "samples"


@dataclass
class Units:
    """What one build does, unit by unit; every unit is looked up in the ledger first."""

    source: Source
    found: Found
    config: BuildConfig
    inputs: Inputs
    options: dict[str, str]
    images: ImagesMode
    folder: BuildFolder
    pool: Pool
    progress: Progress

    def __post_init__(self) -> None:
        """Open the ledger; count what this run writes."""
        self.hashes = Hashes(self.folder)
        self.ledger = Ledger(self.folder, self.hashes)
        self.written = 0

    @cached_property
    def digests(self) -> dict[str, tuple[int, str]]:
        """Size and sha256 of each input, by logical name."""
        found = input_digests(self.inputs, self.source.manifest, self.hashes)
        self.hashes.save()
        return found

    @cached_property
    def context(self) -> ReadContext:
        """What the reader is given."""
        return ReadContext(self.source.manifest, self.inputs.files, self.found.roots, self.options, self.pool.run)

    @cached_property
    def facets_key(self) -> str:
        """What the facet tables depend on."""
        return facets_key(self.source, self.digests, self.options)

    def reader(self) -> Unit:
        """Read the source, if it was not; counts: inputs and funnel of the reader, number of patients."""
        return self.ledger.finished("reader", self.facets_key) or self._read()

    def task(self, name: str) -> Unit:
        """The samples of one task; counts: rows by split and the funnel."""
        asked = task(name)
        key = task_key(asked, self.facets_key, self.config, self.card, self.policies, self.shards)
        return self._once(f"{SAMPLES}/{name}", key, lambda: self._ask(asked))

    def pictures(self, shard: int, samples: list[Shard]) -> Unit:
        """The pictures that one shard's samples show, and the rejects of those that are not ok."""
        key = digest([self.facets_key, sorted(s.sha256 for s in samples), self.images])
        name = f"images/{shard:05d}"
        done = self.ledger.finished(name, key)
        if done is not None and self._still_so(done):
            self.progress.done(name, "reused")
            return done
        return self._record(name, key, *self._look(shard, samples))

    def patients(self) -> Unit:
        """Every patient of the source with its official split, whatever is asked."""
        key = digest([self.facets_key, self.source.manifest.patient_namespace])
        return self._once("patients", key, self._write_patients)

    def left_out(self) -> Unit:
        """The rejects of pictures and studies that no question may show."""
        return self._once("left-out", digest([self.facets_key, self.card.slug]), self._write_left_out)

    @cached_property
    def shards(self) -> int:
        """Into how many files each table is cut: a power of two, by the number of patients alone."""
        return shard_count(int(self.reader().counts["patients"]))

    @cached_property
    def card(self) -> Card:
        """What every row says of the source."""
        manifest = self.source.manifest
        return Card(
            manifest.slug, self.found.version, manifest.language, manifest.licence, manifest.restricted,
            manifest.patient_namespace, manifest.population.default, self.source.reader.VERSION,
        )  # fmt: skip

    @cached_property
    def policies(self) -> tuple[str, str]:
        """The policies of train and of val and test."""
        labels = self.source.manifest.labels
        train = self.config.label_policy or (labels.policy_train if labels else "stated")
        held_out = labels.policy_eval if labels else "strict"
        if train in ("strict", "closed-world"):
            held_out = train
        return train, held_out

    @cached_property
    def material(self) -> Material:
        """What tasks see, from the facet tables of this build."""
        files = {name: self.folder.home / f"facets/{name}.parquet" for name in self.source.manifest.facets}
        if self.ledger.finished("facets", self.facets_key) is None:
            self._read()
        facets = {name: pl.scan_parquet(path) for name, path in files.items()}
        train, held_out = self.policies
        return Material(self.card, facets, self.source.manifest.labels, train, held_out, self.config.seed)

    @cached_property
    def selected(self) -> pl.DataFrame:
        """The studies that split and limit leave: study_id and shard."""
        chosen = patients(self.material, self.shards)
        if self.config.split is not None:
            chosen = chosen.filter(pl.col("split_official") == self.config.split)
        if self.config.limit is not None:
            chosen = chosen.sort(hash_expr(0, pl.col("patient_key"), "limit"), "patient_key").head(self.config.limit)
        return self.material.cases.join(chosen.select("patient_id", "shard"), on="patient_id").select(
            "study_id", "shard"
        )

    def _once(self, name: str, key: str, work: Any) -> Unit:
        done = self.ledger.finished(name, key)
        if done is not None:
            self.progress.done(name, "reused")
            return done
        return self._record(name, key, *work())

    def _record(self, name: str, key: str, shards: list[Shard], counts: dict[str, Any]) -> Unit:
        before = self.ledger.recorded(name)
        if before is not None and before.key != key:
            self.progress.note(f"{name}: an input, a version or what it depends on has changed; built anew")
        unit = Unit(name, key, tuple(shards), counts)
        self.ledger.record(unit)
        self.written += sum(not shard.file.startswith("facets/") for shard in shards)
        self.progress.done(name, f"{sum(shard.rows for shard in shards)} rows")
        return unit

    def _read(self) -> Unit:
        manifest = self.source.manifest
        reading = self.source.reader.read(self.context)
        facets = [self._write_facet(name, reading.facets[name]) for name in manifest.facets]
        self._record("facets", self.facets_key, facets, {})
        return self._record(
            "reader", self.facets_key, self._write_rejects("reader", reading.rejects), self._counts(reading)
        )

    def _write_facet(self, name: str, frame: pl.DataFrame) -> Shard:
        return write_shard(self.folder.home, f"facets/{name}.parquet", frame, FACET_KEYS[name])

    def _write_rejects(self, name: str, rejects: pl.DataFrame) -> list[Shard]:
        if rejects.is_empty():
            return []
        columns = list(REJECTS)
        numbered = rejects.select(columns).sort(columns).with_columns(_nth=pl.int_range(pl.len()).over(columns))
        ordered = numbered.with_columns(key=pl.when(pl.col("_nth") > 0).then(
            pl.format("{}#{}", "key", pl.col("_nth") + 1)).otherwise("key")).drop("_nth")  # fmt: skip
        return [write_shard(self.folder.home, f"rejects/{name}.parquet", ordered, columns, to_arrow(dict(REJECTS)))]

    def _counts(self, reading: Reading) -> dict[str, Any]:
        unread = {self.display(name) for name in self.digests} - {count.file for count in reading.counts}
        images, studies = reading.facets["images"], reading.facets["studies"]
        steps = [("patients", studies["patient_id"].n_unique(), "patients"), ("studies", studies.height, "studies"),
                 ("pictures", images.height, "images")]  # fmt: skip
        if "reports" in reading.facets:
            steps.append(("reports with sections", reading.facets["reports"].height, "reports"))
        return {
            "inputs": {count.file: list(count[1:]) for count in reading.counts}, "unread": sorted(unread),
            "funnel": [*steps, *map(list, reading.funnel)], "patients": studies["patient_id"].n_unique(),
            "rejects": _tally(reading.rejects["code"]),
        }  # fmt: skip

    def display(self, name: str) -> str:
        """What an input is called in build.json."""
        return self.context.display(name)

    def _ask(self, asked: Task) -> tuple[list[Shard], dict[str, Any]]:
        drafts, funnel = asked.ask(self.material)
        if drafts.is_empty():
            return [], {"by_split": {}, "funnel": funnel}
        drafts = drafts.join(self.selected, on="study_id")
        shards: list[Shard] = []
        by_split: Counter[str] = Counter()
        for shard in range(self.shards):
            rows = complete(drafts.filter(pl.col("shard") == shard).drop("shard"), asked, self.material)
            if rows.height:
                shards.append(self._write_samples(asked.name, shard, rows))
                by_split.update(_tally(rows["split"]))
        return shards, {"by_split": dict(sorted(by_split.items())), "funnel": funnel}

    def _write_samples(self, name: str, shard: int, rows: pl.DataFrame) -> Shard:
        file = f"{SAMPLES}/{name}-{shard:05d}-of-{self.shards:05d}.parquet"
        return write_shard(self.folder.home, file, rows, ["sample_id"], arrow_schema())

    def _look(self, shard: int, samples: list[Shard]) -> tuple[list[Shard], dict[str, Any]]:
        shown = pl.scan_parquet([self.folder.home / s.file for s in samples]).select(pl.col("image_ids").explode())
        shown = shown.drop_nulls().unique().rename({"image_ids": "image_id"})
        namespace = f"{self.card.namespace}:"
        rows = self.material.facets["images"].join(shown, on="image_id", how="semi").with_columns(
            source=pl.lit(self.card.slug), study_key=pl.concat_str(pl.lit(namespace), "study_id"),
            patient_key=pl.concat_str(pl.lit(namespace), "patient_id"),
        ).collect()  # fmt: skip
        pictures = look(rows, self.found.roots, self.images, self.pool)
        name = f"{shard:05d}-of-{self.shards:05d}"
        written = write_shard(self.folder.home, f"images/{name}.parquet", pictures.rows, ["image_id"], to_arrow(IMAGES))
        rejects = self._write_rejects(f"pictures-{name}", pictures.rejects)
        seen = digest(signature(pictures.rows, self.found.roots, self.images))
        return [written, *rejects], {
            "seen": seen,
            "rejects": _tally(pictures.rejects["code"]),
            "status": _tally(pictures.rows["status"]),
        }

    def _still_so(self, unit: Unit) -> bool:
        if self.images == "none":
            return True
        rows = pl.read_parquet(self.folder.home / unit.shards[0].file)
        return bool(digest(signature(rows, self.found.roots, self.images)) == unit.counts["seen"])

    def _write_patients(self) -> tuple[list[Shard], dict[str, Any]]:
        rows = patients(self.material, self.shards).select("patient_key", "split_official")
        return [
            write_shard(self.folder.home, "patients.parquet", rows, ["patient_key"], to_arrow(dict(rows.schema)))
        ], {}

    def _write_left_out(self) -> tuple[list[Shard], dict[str, Any]]:
        rejects = left_out(self.material)
        return self._write_rejects("left-out", rejects), {"rejects": _tally(rejects["code"])}


def shard_count(patients_of_source: int) -> int:
    """A power of two: 1 for up to 16,384 patients, 4 for MIMIC's 65,379."""
    wanted = -(-patients_of_source // PATIENTS_A_SHARD)
    return 1 << max(0, wanted - 1).bit_length()


def _tally(column: pl.Series) -> dict[str, int]:
    return {str(value): int(n) for value, n in sorted(Counter(column.to_list()).items())}
