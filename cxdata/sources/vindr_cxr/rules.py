"""How the readers of a train picture become one: the option `readers`, as numbers and as annotators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from cxdata.model.manifest import Annotator

READERS: Final = 3
_LEAST: Final = {"consensus": 2, "any": 1, "all": 3}


class Rule(NamedTuple):
    """One way: the only reader who counts (None: all three), how many must agree, and who says so in the facets.

    `labels` and `boxes` are annotators of the manifest.
    """

    only: str | None
    least: int
    labels: Annotator
    boxes: Annotator


def rule(option: str, annotators: Sequence[Annotator], *, kaggle: bool) -> Rule:
    """The rule of a value of the option; `annotators` are those that the option leaves of the manifest's."""
    named = {annotator.name: annotator for annotator in annotators}
    prefix = "kaggle-" if kaggle else ""
    if option not in _LEAST:
        reader = named[f"{prefix}{option}"]
        return Rule(option, 1, reader, reader)
    least = _LEAST[option]
    return Rule(None, least, named[f"{prefix}votes-{least}of{READERS}"], named[f"fused-{least}of{READERS}-v1"])
