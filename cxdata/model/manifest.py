"""The manifest of a source: every fact about it that code, docs and users need, typed and strict."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from cxdata.model.errors import CxdataError, UsageError
from cxdata.model.links import Link
from cxdata.model.sample import LANGUAGES, Language, Population, Reference
from cxdata.model.tags import Tag, founded
from cxdata.model.terms import ThirdParty, resolved
from cxdata.model.yaml_text import parsed

Need = Literal["required", "tasks", "optional"]
FileKind = Literal["table", "texts", "pictures", "checksums", "list", "json"]
Unit = Literal["patients", "studies", "images", "reports", "rows", "questions", "boxes", "entities"]
StateName = Literal["present", "absent", "uncertain"]
PolicyName = Literal["stated", "strict", "listed", "closed-world", "u-ones", "u-zeros", "u-mixed", "read"]


class Fact(BaseModel):
    """Base of every manifest part: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Home(Fact):
    """A page where a part of the source is described and got."""

    name: str
    url: str
    size: str = Field(description="size of the download in words")


class Version(Fact):
    """A published version."""

    version: str
    released: str
    note: str = ""


class Part(Fact):
    """A named part of a download, with the names that betray its root folder.

    A probe is a glob below the root; a folder that matches any of them is a candidate. `versions` maps a version to
    the names that only it holds, latest first; without a match the folder's own path decides, then the first version.
    Where two sources have files of the same names, `headers` tells them apart: globs below the root, and a word that
    the first line of every such file holds; a folder with a file that does not hold it is no candidate.
    """

    title: str
    home: Home
    probes: tuple[str, ...]
    headers: dict[str, str] = {}
    versions: dict[str, tuple[str, ...]] = {}


class Layout(Fact):
    """One way a download lies on disk: where each part stands below the data folder, and what is peculiar to it.

    A part's place is the end of its root's path; `.` is any folder, where users choose the name. `marks` are globs
    below a part's root that must match, so that part must be there; `lacks` names files that this layout never has.
    """

    name: str
    title: str
    version: str
    parts: dict[str, str]
    marks: dict[str, tuple[str, ...]] = {}
    lacks: tuple[str, ...] = ()


class FileSpec(Fact):
    """One logical file: the first of `paths` (globs below the part's root) that exists is it.

    `need` is required, tasks (only `tasks` ask for it) or optional; `when` limits it to values of options.
    A family (kind texts or pictures) is many files that count as one input; where it is a folder, `holds` is a glob
    that must match below it. A list (kind list) is a table without header: `columns` names its columns in order.
    JSON (kind json) is a list of records, records by key, or one a line: `columns` names what records hold.
    `spellings` holds other names that a column has in some copies: it is read under its own.
    Pictures may lie in one of several ways, one file spec each, the usual one first. Where users unpack them as they
    like, the family is found `anywhere`: its reader names pictures by `**/name`, and they lie anywhere below the root.
    Where another distribution holds the same in another file, `instead` names that: this one is not missed beside it.
    """

    name: str
    part: str
    paths: tuple[str, ...]
    need: Need
    kind: FileKind = "table"
    role: Literal["data", "reference"] = "data"
    tasks: tuple[str, ...] = ()
    when: dict[str, str] = {}
    holds: str | None = None
    anywhere: bool = False
    instead: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    optional_columns: tuple[str, ...] = ()
    spellings: dict[str, tuple[str, ...]] = {}
    facets: tuple[str, ...] = ()
    why: str
    get: str = Field(description="where it is got, when it is missing")

    @model_validator(mode="after")
    def _names_fit(self) -> FileSpec:
        if (self.need == "tasks") != bool(self.tasks):
            raise ValueError(f"file {self.name}: tasks are named exactly when need is 'tasks'")
        if stray := [column for column in self.spellings if column not in (*self.columns, *self.optional_columns)]:
            raise ValueError(f"file {self.name}: spellings of what is no column: {', '.join(stray)}")
        return self

    def own_name(self, header: str) -> str:
        """What a column of that header is called here: its own name, where the header is another spelling of it."""
        return next((column for column, others in self.spellings.items() if header in others), header)


class Count(Fact):
    """An official count, where it was published, and what to count in a download to compare with it.

    `file` is the logical file that is counted: its rows, its distinct values of `column`, or (a family) its members;
    `where` keeps the rows whose columns have these values. Without a file nothing can be counted.
    What was published in pieces (`piece`: train, test) is their sum: the whole that `reconcile` holds a build against,
    where no count of the whole is larger. A count by `where` is no whole, unless it is called a piece.
    """

    what: str
    unit: Unit
    value: int
    origin: str
    version: str | None = None
    file: str | None = None
    tally: Literal["rows", "distinct", "members"] = "rows"
    column: str | None = None
    where: dict[str, str] = {}
    piece: str = ""

    @model_validator(mode="after")
    def _column_fits_tally(self) -> Count:
        if (self.tally == "distinct") != (self.column is not None):
            raise ValueError(f"count {self.what}: a column is named exactly when tally is 'distinct'")
        return self


class Annotator(Fact):
    """Who or what stated labels. `findings` is its label space in canonical names."""

    name: str
    reference: Reference
    how: Literal["every case", "positives only"]
    findings: tuple[str, ...]
    when: dict[str, str] = {}
    note: str = ""


class Labels(Fact):
    """How several annotators become one state, and which policy reads the states in each split.

    `asked_as: labelled` is for labels that the picture need not show (a laboratory's test): questions then ask how the
    picture is labelled, not what is seen.
    """

    resolution: Literal["first annotator", "unanimous"]
    annotators: tuple[Annotator, ...]
    policy_train: PolicyName
    policy_eval: PolicyName
    closed_world: dict[str, str] = Field(default={}, description="finding to the evidence that silence means absent")
    asked_as: Literal["seen", "labelled"] = "seen"


class Option(Fact):
    """A typed option, `--option SLUG.KEY=VALUE`; one of `choices`."""

    choices: tuple[str, ...]
    default: str
    help: str

    @model_validator(mode="after")
    def _default_is_a_choice(self) -> Option:
        if self.default not in self.choices:
            raise ValueError(f"default {self.default} is not one of {self.choices}")
        return self


class SplitRule(Fact):
    """What the published splits are, and the shares of val and test among patients for whom none is published.

    Without shares such patients are left out. The share is cut by a stable hash of the patient, whatever the seed.
    """

    words: str
    val_share: float = Field(default=0.0, ge=0, lt=1)
    test_share: float = Field(default=0.0, ge=0, lt=1)


class PopulationRule(Fact):
    """What the population of a row is where no age is given, and the evidence for it."""

    default: Population
    evidence: str


class Answerer(Fact):
    """Who or what answered the questions that come with a source, and so their tier. Readers name it in each row."""

    name: str
    reference: Reference
    note: str = ""


class Manifest(Fact):
    """One source, whole."""

    slug: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    title: str
    summary: str
    access: Literal["open", "registered", "credentialed"]
    licence: str
    terms: str
    third_party: ThirdParty | None = None
    restricted: bool
    citations: tuple[str, ...]
    language: Language = "en"
    versions: tuple[Version, ...]
    parts: dict[str, Part]
    layouts: tuple[Layout, ...]
    files: tuple[FileSpec, ...]
    official_counts: tuple[Count, ...]
    patient_namespace: str
    split: SplitRule
    population: PopulationRule
    role: Literal["train", "external test"] = "train"
    requires: tuple[str, ...] = ()
    parent_facets: tuple[str, ...] = Field(default=("images", "studies"), description="read of the sources required")
    without_parents: str = Field(
        default="", description="with --partial, how it is read where those are not there; empty: it cannot be"
    )
    same_patients_as: tuple[Link, ...] = ()
    facets: tuple[str, ...]
    derives: tuple[Literal["changes"], ...] = Field(
        default=(), description="facets that the build reads in the source's reports, after its reader"
    )
    labels: Labels | None = None
    answered_by: tuple[Answerer, ...] = Field(default=(), description="of native questions, the usual one first")
    states: tuple[StateName, ...] = Field(
        default=(), description="what findings can state; empty: all three where every case is read, else present"
    )
    options: dict[str, Option] = {}
    render: str = Field(default="voi", description="render profile where official pictures are DICOM")
    tags: tuple[Tag, ...] = ()
    tasks: tuple[str, ...]

    @field_validator("third_party", mode="before")
    @classmethod
    def _shared_terms(cls, told: object) -> object:
        return resolved(told)

    @model_validator(mode="after")
    def _tags_agree(self) -> Manifest:
        strange = [tag for tag in self.tags if tag not in self.founded_tags()]
        if strange or len(set(self.tags)) != len(self.tags):
            told = f"{', '.join(strange)} without the facts that it stands for" if strange else "one stands twice"
            raise ValueError(f"tags: {told}")
        return self

    @model_validator(mode="after")
    def _names_agree(self) -> Manifest:
        parts = set(self.parts)
        stray = [f.name for f in self.files if f.part not in parts]
        stray += [f"{layout.name}:{part}" for layout in self.layouts for part in layout.parts if part not in parts]
        stray += [f"{f.name}:{task}" for f in self.files for task in f.tasks if task not in self.tasks]
        stray += [f"{f.name}:{key}" for f in self.files for key in f.when if key not in self.options]
        stray += [
            f"{f.name}:{name}" for f in self.files for name in f.instead if name not in {g.name for g in self.files}
        ]
        stray += [
            f"{layout.name}:{name}"
            for layout in self.layouts
            for name in layout.lacks
            if name not in {f.name for f in self.files}
        ]
        stray += [f"{count.what}:{name}" for count in self.official_counts for name in self._uncountable(count)]
        if stray:
            what = "names a part, task, option, file or column that the manifest does not have"
            raise ValueError(f"{what}: {', '.join(stray)}")
        return self

    @model_validator(mode="after")
    def _questions_are_answered(self) -> Manifest:
        if ("questions" in self.facets) != bool(self.answered_by):
            raise ValueError("answered_by: who answered is told exactly where there are questions")
        return self

    @model_validator(mode="after")
    def _can_derive(self) -> Manifest:
        if self.derives and ("reports" not in self.facets or self.labels is None):
            raise ValueError("derives: changes are read in reports and held against labels; one of both is lacking")
        if twice := set(self.derives) & set(self.facets):
            raise ValueError(f"derives: the reader fills {', '.join(sorted(twice))} itself")
        return self

    @model_validator(mode="after")
    def _links_agree(self) -> Manifest:
        for link in self.same_patients_as:
            if link.source == self.slug or link.namespace == self.patient_namespace:
                what = (
                    "names this source" if link.source == self.slug else "names its own namespace: ids are 'same keys'"
                )
                raise ValueError(f"same_patients_as {link.source}: {what}")
        return self

    def _uncountable(self, count: Count) -> list[str]:
        if count.file is None:
            return []
        spec = next((f for f in self.files if f.name == count.file), None)
        if spec is None:
            return [count.file]
        asked = [*count.where, *([count.column] if count.column else [])]
        return [column for column in asked if column not in spec.columns]

    def founded_tags(self) -> tuple[Tag, ...]:
        """The tags that the facets, reference tiers and population of the manifest speak for."""
        tiers = {annotator.reference for annotator in self.labels.annotators} if self.labels else set()
        is_young = self.population.default == "paediatric"
        return founded((*self.facets, *self.derives), tiers, paediatric=is_young, derived=bool(self.requires))

    def answerer(self, name: str) -> Answerer:
        """Who answered native questions, by name; KeyError when the manifest has none of that name."""
        return {one.name: one for one in self.answered_by}[name]

    def file(self, name: str) -> FileSpec:
        """The file of that logical name; KeyError when the manifest has none."""
        return next(f for f in self.files if f.name == name)

    def language_of(self, options: dict[str, str]) -> Language:
        """The language that the options choose (`language`, where the source has that option), else its own."""
        chosen = options.get("language", self.language)
        return next((one for one in LANGUAGES if one == chosen), self.language)

    def settings(self, given: dict[str, str]) -> dict[str, str]:
        """Every option with its value. Raises CxdataError for an unknown key or value."""
        for key, value in given.items():
            self._check_option(key, value)
        return {key: given.get(key, option.default) for key, option in sorted(self.options.items())}

    def _check_option(self, key: str, value: str) -> None:
        if key not in self.options:
            known = ", ".join(f"{self.slug}.{name}" for name in self.options) or "none"
            raise UsageError(f"{self.slug} has no option {key!r}", mend=f"its options: {known}")
        if value not in self.options[key].choices:
            raise UsageError(
                f"{self.slug}.{key} cannot be {value!r}", mend=f"one of: {', '.join(self.options[key].choices)}"
            )


def load_manifest(path: Path) -> Manifest:
    """Read and check a manifest.yaml. Raises CxdataError that names the file and every wrong field."""
    try:
        return Manifest.model_validate(parsed(path.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        raise CxdataError(
            f"manifest cannot be read: {error}", where=str(path), mend="mend the fields named above"
        ) from None
