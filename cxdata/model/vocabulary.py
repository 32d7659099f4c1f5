"""The vocabulary of findings: canonical names, synonyms, relations, and what a question may do with each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cxdata.model.errors import CxdataError
from cxdata.model.yaml_text import parsed

Kind = Literal["finding", "device", "normal"]
Visible = Literal["yes", "suggestive", "no"]
Region = Literal["heart", "mediastinum", "lung", "pleura", "bone", "abdomen", "soft tissue", "device", "none"]

_FILE: Final = Path(__file__).with_name("vocabulary.yaml")


class Finding(BaseModel):
    """One row of the vocabulary; `salient` is its own mark, `Vocabulary.is_salient` adds what parents hand down."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, description="canonical name; also the option of a choice")
    kind: Kind = Field(default="finding", description="normal is No Finding: no pathology, devices aside")
    parents: tuple[str, ...] = Field(default=(), description="is_a")
    synonyms: tuple[str, ...] = Field(default=(), description="other spellings, in any case")
    overlaps: tuple[str, ...] = Field(default=(), description="not parent or child, yet not to be set against it")
    salient: bool = Field(default=False, description="where silence is a usable negative")
    visible: Visible = Field(default="yes", description="suggestive: worded 'findings suggest'; no: never asked")
    paediatric: bool = Field(default=False, description="labelled in children only")
    phrase: str = Field(min_length=1, description="noun phrase that fits after 'show'")
    region: Region = Field(default="none", description="where the eye looks")
    conspicuity: float = Field(default=0.5, ge=0, le=1, description="0 plain to see, 1 easily missed")


class Vocabulary:
    """Findings with their relations, checked when made: names and synonyms are unique, parents exist, no cycle."""

    def __init__(self, findings: Iterable[Finding], version: int = 1) -> None:
        self.findings: Final = tuple(findings)
        self.version: Final = version
        self._by_name: Final = {finding.name: finding for finding in self.findings}
        _check_names(self.findings)
        _check_links(self.findings)
        self._ancestors: Final = {name: _closure(name, self._by_name) for name in self._by_name}
        _check_cycles(self._ancestors)
        _check_kinds(self.findings, self._by_name)
        self._canonical: Final = _spellings(self.findings)
        self._overlaps: Final = {frozenset((f.name, other)) for f in self.findings for other in f.overlaps}

    @property
    def names(self) -> tuple[str, ...]:
        """Every canonical name, in the order of the file."""
        return tuple(self._by_name)

    def finding(self, name: str) -> Finding:
        """The finding of that canonical name. Raises CxdataError when there is none."""
        if name not in self._by_name:
            raise CxdataError(f"the vocabulary has no finding {name!r}", mend="use a canonical name of vocabulary.yaml")
        return self._by_name[name]

    def slug(self, name: str) -> str:
        """The name as part of an id: `pleural-effusion`."""
        return _slug(self.finding(name).name)

    def ancestors(self, name: str) -> frozenset[str]:
        """Parents, their parents and so on; without the finding itself."""
        return self._ancestors[self.finding(name).name]

    def descendants(self, name: str) -> frozenset[str]:
        """Children, their children and so on; without the finding itself."""
        self.finding(name)
        return frozenset(other for other, above in self._ancestors.items() if name in above)

    def related(self, a: str, b: str) -> bool:
        """Whether one is_a the other, at any distance, or the two overlap; no finding is related to itself."""
        return a in self.ancestors(b) or b in self.ancestors(a) or frozenset((a, b)) in self._overlaps

    def relatives(self, name: str) -> tuple[str, ...]:
        """Every finding related to this one, in the order of the file."""
        return tuple(other for other in self.names if self.related(name, other))

    def is_salient(self, name: str) -> bool:
        """Whether silence about it is a usable negative: marked itself, or below one that is."""
        return any(self._by_name[each].salient for each in {name, *self.ancestors(name)})

    def canonical(self, text: str) -> str | None:
        """The canonical name behind a name or synonym, in any case and spacing; None when there is none."""
        return self._canonical.get(_fold(text))


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary that ships with the package. Raises CxdataError that names the file and the wrong row."""
    return load_vocabulary(_FILE)


def load_vocabulary(path: Path) -> Vocabulary:
    """Read and check a vocabulary file. Raises CxdataError that names it and what is wrong."""
    try:
        table: Any = parsed(path.read_text(encoding="utf-8"))
        return Vocabulary((Finding.model_validate(row) for row in table["findings"]), int(table["version"]))
    except (ValidationError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        what = f"vocabulary cannot be read: {error}"
        raise CxdataError(what, where=str(path), mend="mend the row named above") from None
    except CxdataError as error:
        raise CxdataError(error.what, where=str(path), mend=error.mend) from None


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _fold(text: str) -> str:
    return " ".join(text.split()).casefold()


def _closure(name: str, by_name: dict[str, Finding]) -> frozenset[str]:
    """Every finding above `name`; holds `name` itself only where the parents form a cycle."""
    seen: set[str] = set()
    ahead = list(by_name[name].parents)
    while ahead:
        parent = ahead.pop()
        if parent not in seen:
            seen.add(parent)
            ahead += by_name[parent].parents
    return frozenset(seen)


def _refuse(problem: str, names: Iterable[str], mend: str) -> None:
    if listed := ", ".join(sorted(names)):
        raise CxdataError(f"{problem}: {listed}", mend=mend)


def _repeated(values: Sequence[str]) -> set[str]:
    return {value for value in values if values.count(value) > 1}


def _check_names(findings: Sequence[Finding]) -> None:
    names = [finding.name for finding in findings]
    _refuse("a name holds a comma", (name for name in names if "," in name), "answers join names by commas: rename it")
    _refuse("a name stands twice", _repeated(names), "leave one row of each name")
    _refuse("two names give one slug", _repeated([_slug(name) for name in names]), "rename one: slugs are parts of ids")
    _refuse("more than one finding of kind normal", [f.name for f in findings if f.kind == "normal"][1:], "leave one")


def _check_links(findings: Sequence[Finding]) -> None:
    names = {finding.name for finding in findings}
    unknown = {f"{f.name} → {other}" for f in findings for other in (*f.parents, *f.overlaps) if other not in names}
    _refuse("unknown parent or overlap", unknown, "name a finding of the vocabulary")
    _refuse("overlaps itself", (f.name for f in findings if f.name in f.overlaps), "take it out of its own overlaps")


def _check_cycles(ancestors: dict[str, frozenset[str]]) -> None:
    circle = {name for name, above in ancestors.items() if name in above}
    _refuse("is_a goes in a circle", circle, "take one parent out")


def _check_kinds(findings: Sequence[Finding], by_name: dict[str, Finding]) -> None:
    """A child is of its parents' kind; only pathology is salient; No Finding stands alone."""
    mixed = {f"{f.name} → {parent}" for f in findings for parent in f.parents if by_name[parent].kind != f.kind}
    _refuse("a child of another kind than its parent", mixed, "a device is not a pathology")
    _refuse("salient, but no pathology", (f.name for f in findings if f.salient and f.kind != "finding"), "unmark it")
    links = {(f, by_name[other]) for f in findings for other in (*f.parents, *f.overlaps)}
    bound = {a.name for a, b in links if "normal" in (a.kind, b.kind)}
    _refuse("No Finding with a parent or overlap", bound, "it is related to nothing")


def _spellings(findings: Sequence[Finding]) -> dict[str, str]:
    """Folded name or synonym to canonical name. Raises CxdataError for a spelling of two findings."""
    found: dict[str, str] = {}
    for finding in findings:
        for text in (finding.name, *finding.synonyms):
            owner = found.setdefault(_fold(text), finding.name)
            if owner != finding.name:
                raise CxdataError(f"{text!r} belongs to {owner} and to {finding.name}", mend="leave it to one of them")
    return found
