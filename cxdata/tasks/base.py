"""What a task is, and the material it works on: facet tables of one source, never the source itself."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Final, NamedTuple

import polars as pl

from cxdata.model.errors import UsageError
from cxdata.model.manifest import Labels, SplitRule
from cxdata.model.sample import AnswerType, Domain, Population, Reward, Stage
from cxdata.model.vocabulary import Vocabulary, vocabulary

Funnel = list[tuple[str, int, str]]
REPORTS_A_PART: Final = 65_536
AS_PUBLISHED: Final = SplitRule(words="as published")


class Asked(NamedTuple):
    """What a task asks of a whole source: draft rows (see `complete.py`) and the funnel (step, count, unit)."""

    rows: pl.DataFrame
    funnel: Funnel


@dataclass(frozen=True)
class Card:
    """What a row says of its source."""

    slug: str
    version: str
    language: str
    licence: str
    restricted: bool
    namespace: str
    population: Population
    reader_version: int


@dataclass(frozen=True)
class Material:
    """Facet tables of a source, its card, and the rules to read labels by.

    `policy_train` and `policy_eval` are names of policies; `split` says what is done where no split is published.
    """

    card: Card
    facets: Mapping[str, pl.LazyFrame]
    labels: Labels | None
    policy_train: str
    policy_eval: str
    seed: int
    split: SplitRule = AS_PUBLISHED

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The findings, with their relations."""
        return vocabulary()

    @cached_property
    def cases(self) -> pl.DataFrame:
        """One row a study that may be asked about: see `cases.py`."""
        from cxdata.tasks.cases import cases

        return cases(self)

    @cached_property
    def identities(self) -> pl.DataFrame:
        """One row a case, in order: what a sample says of its study, see `complete.py`."""
        from cxdata.tasks.complete import identities

        return identities(self)

    @cached_property
    def labelled_identities(self) -> pl.DataFrame:
        """The same, with what a sample says of the study's labels: see `complete.py`."""
        from cxdata.tasks.complete import labelled_identities

        return labelled_identities(self)

    @cached_property
    def judged(self) -> pl.DataFrame:
        """One row a labelled study with a frontal picture, with states and uses of each finding: see `judged.py`."""
        from cxdata.tasks.judged import judged

        return judged(self)

    @cached_property
    def targets(self) -> pl.DataFrame:
        """One row a report, without its texts: its origin, its sections, and what `reports/targets.py` adds."""
        from cxdata.reports.targets import SECTIONS, with_targets

        told = {f"has_{section}": pl.col(section).is_not_null() for section in SECTIONS}
        reports = self.facets["reports"].select("study_id", *SECTIONS, "origin_file", "origin_row", **told).collect()
        # taken apart, texts are many times as large: a part of them at a time
        parts = [reports.head(0), *reports.iter_slices(REPORTS_A_PART)]
        return pl.concat([with_targets(part.lazy()).drop(SECTIONS).collect() for part in parts])

    @cached_property
    def told(self) -> pl.Series:
        """The studies that have a report."""
        return self.facets["reports"].select("study_id").collect()["study_id"]

    @cached_property
    def features(self) -> pl.DataFrame:
        """One row a study: what it adds to the difficulty of any question on it, see `curriculum.py`."""
        from cxdata.tasks.curriculum import features

        return features(self)

    @cached_property
    def severities(self) -> pl.DataFrame:
        """One row a report that says how plain a finding of the label space is: see `severity.py`."""
        from cxdata.tasks.judged import label_space
        from cxdata.tasks.severity import severities

        findings = [name for name in label_space(self) if self.vocabulary.finding(name).kind != "normal"]
        return severities(self.facets["reports"], findings, self.vocabulary)

    @cached_property
    def crossable(self) -> pl.DataFrame:
        """One row a study whose text may be set beside other pictures: see `crossing.py`."""
        from cxdata.tasks.crossing import crossable

        return crossable(self)

    def sample_id(self, task: str, key: pl.Expr) -> pl.Expr:
        """`<source>/<task>/<key>` for each row."""
        return pl.concat_str(pl.lit(f"{self.card.slug}/{task}/"), key)


def in_language(facets: Mapping[str, pl.LazyFrame], language: str) -> dict[str, pl.LazyFrame]:
    """The facets with the reports of that language alone: a row's words, and those that stand behind it, are of one."""
    told = facets.get("reports")
    return {**facets, **({} if told is None else {"reports": told.filter(pl.col("language") == language)})}


@dataclass(frozen=True)
class Task:
    """One family of questions. A change of what `ask` gives is a new `version`.

    `by_row` names the constants (answer_type, stage, level, reward) that rows may have otherwise: native questions do.
    `has_tier` is false where an answer states no finding that somebody must have seen or read: the side from which a
    picture was taken, a report's own text, whether two sentences say the same. Rows of all others name the tier.
    """

    name: str
    version: int
    domain: Domain
    answer_type: AnswerType
    stage: Stage
    level: str
    reward: Reward
    facets: tuple[str, ...]
    ask: Callable[[Material], Asked]
    reads_labels: bool = False
    has_tier: bool = True
    by_row: tuple[str, ...] = ()


@cache
def tasks() -> dict[str, Task]:
    """Every task by name, in the order of the modules of this package: each that asks holds its `TASKS`."""
    package = importlib.import_module("cxdata.tasks")
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    modules = [importlib.import_module(f"cxdata.tasks.{name}") for name in names]
    found: list[Task] = [task for module in modules for task in getattr(module, "TASKS", ())]
    return {task.name: task for task in found}


def task(name: str) -> Task:
    """One task. Raises UsageError that names the known ones."""
    if name not in tasks():
        raise UsageError(f"no task is called {name!r}", mend=f"one of: {', '.join(tasks())}")
    return tasks()[name]
