"""Tags of sources: words by which a mix chooses sources without naming each, and the fact that each stands for."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, Literal

Tag = Literal["reports", "boxes", "questions", "progression", "consensus", "mined", "paediatric", "derived"]
TAGS: Final[dict[Tag, str]] = {
    "reports": "has the words of reports",
    "boxes": "has boxes that people drew on pictures",
    "questions": "has questions and answers of its own",
    "progression": "says what has changed between two studies",
    "consensus": "has labels that several readers of the pictures agree on (R1)",
    "mined": "has labels that a language tool read from reports (R4)",
    "paediatric": "shows children: its pictures are those of patients under 18",
    "derived": "stands on the pictures of another source",
}
FACET_OF: Final[dict[Tag, str]] = {
    "reports": "reports", "boxes": "regions", "questions": "questions", "progression": "changes",
}  # fmt: skip
TIER_OF: Final[dict[Tag, str]] = {"consensus": "R1", "mined": "R4"}


def founded(facets: Collection[str], tiers: Collection[str], *, paediatric: bool, derived: bool) -> tuple[Tag, ...]:
    """The tags that a source of these facets and reference tiers has by right, in the order of TAGS."""
    facts = {
        **{tag: facet in facets for tag, facet in FACET_OF.items()},
        **{tag: tier in tiers for tag, tier in TIER_OF.items()},
        "paediatric": paediatric, "derived": derived,
    }  # fmt: skip
    return tuple(tag for tag in TAGS if facts[tag])
