"""The evidence writer: a trace of a question out of what its study tells, without a model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import Any, Final

from cxdata.model.hashing import digest
from cxdata.reasoning.evidence import features
from cxdata.reasoning.evidence.closed import closed_steps
from cxdata.reasoning.evidence.open import open_steps
from cxdata.reasoning.evidence.steps import NoOtherWordsError
from cxdata.reasoning.study import NOTHING
from cxdata.reasoning.trace import TELLING, Question, Refused, Trace
from cxdata.reasoning.writers import Case

VERSION: Final = 1
"""Goes up whenever the same evidence may give another trace, but for the phrase tables, which are part of the key."""
_TABLES: Final = ("phrases.yaml", "frames.yaml", "features.yaml")


class EvidenceWriter:
    """Composes steps from the evidence. Pure: the same case gives the same trace."""

    name = "evidence"
    version = str(VERSION)
    is_local = True

    def depends_on(self) -> dict[str, str]:
        """What the traces depend on beside samples and evidence."""
        folder = files("cxdata.reasoning.evidence")
        tables = {name: digest(folder.joinpath(name).read_text("utf-8")) for name in _TABLES}
        return {"writer version": self.version, "features version": str(features.VERSION), **tables}

    def record(self) -> dict[str, Any]:
        """Nothing beside name and version."""
        return {}

    def write(self, cases: Iterable[Case]) -> Iterator[Trace | Refused]:
        """A trace a case, in order, or the reason that there is none."""
        for case in cases:
            yield _written(case)


def _written(case: Case) -> Trace | Refused:
    asked, study = case
    if study is NOTHING:
        return Refused(asked.sample_id, "no_report_no_box")
    try:
        found = open_steps(asked, study) if asked.is_open else closed_steps(asked, study)
    except NoOtherWordsError:
        return Refused(asked.sample_id, "no_other_words")
    if isinstance(found, str):
        return Refused(asked.sample_id, found)
    steps, evidence = found
    if not any(step.basis in TELLING for step in steps):
        return Refused(asked.sample_id, "no_evidence")
    return Trace(asked.sample_id, steps, evidence)


__all__ = ["VERSION", "EvidenceWriter", "Question"]
