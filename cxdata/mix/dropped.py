"""What a mix leaves out: every code in words, and how to get the rows back. One table, for screen, card and docs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from cxdata.images.codes import MESSAGES as PICTURES
from cxdata.mix import balance, limits, moved, pool, splits
from cxdata.mix.duplicates import DUPLICATE

UNKNOWN: Final = "patients_of_unknown_overlap"
PICTURE: Final = "picture_"
_REBUILD: Final = "get a sound copy of the file, which `rejects/` of the build names, and run `cxdata build` again"
_EMBED: Final = "run `cxdata build` again with --images embed"
_UNBALANCED: Final = "`balanced: false` in a mix of your own leaves every row in"
_NEVER: Final = "none: a model would be tested on what it was trained on"


class Drop(NamedTuple):
    """What a code means, and how the rows come back."""

    means: str
    back: str


BACK: Final = {
    "language": "`languages` of the mix",
    "population": "`populations` of the mix; adults and children in one set are not advised",
    "reference": "`references` of the mix",
    "text_only": "`text_only: true` in the mix",
    "boxes": "none: the rows say too little",
    "picture_dicom_not_stored": _EMBED,
    splits.TORN: _NEVER,
    splits.STRANGER: "finish the build of the source that the patient is from, and build with the same options",
    DUPLICATE: "leave --drop-duplicates out",
    moved.CODE: "give the source the role train (`external: []`), or build it with --label-policy strict",
    UNKNOWN: "--unknown-overlap keep, or a list that matches the patients (`cxdata split-check` names the pairs)",
    "set_torn": "build without --limit or --tasks that cut sets, or mend the pictures that are left out",
    "finding_too_few": "lower `balance.fewest` and `balance.fewest_share`, or build more studies",
    "answers_uneven": "build more studies with the rarer answer; " + _UNBALANCED,
    "key_too_often": "raise `balance.key_share`; " + _UNBALANCED,
    "guessable": "raise `balance.guess_over_chance`; " + _UNBALANCED,
    "over_weight": "raise or remove the source's or task's share in `weights`",
    "over_cap": "raise or remove `caps`, `val_rows` or `test_rows`",
}
_MEANS: Final = {
    **pool.DROPS, **splits.DROPS, **balance.DROPS, **limits.DROPS,
    **moved.DROPS,
    DUPLICATE: "a picture of it looks like one in a stricter split",
    UNKNOWN: "its source may share patients with a larger one, and no list tells",
}  # fmt: skip
_OF_PICTURES: Final = {
    **{code: Drop(message, _REBUILD) for code, message in PICTURES.items()},
    "missing": Drop(PICTURES["missing"], "download the picture and run `cxdata build` again"),
    "in_archive": Drop(PICTURES["in_archive"], _EMBED + ", or unpack the archive first"),
    "profile_unfit": Drop(PICTURES["profile_unfit"], "run `cxdata build` again with another --render"),
    "unchecked": Drop("nobody has looked at the picture", "run `cxdata build` again with --images path or embed"),
}
WORDS: Final[Mapping[str, Drop]] = {
    **{code: Drop(means, BACK[code]) for code, means in _MEANS.items()},
    **{PICTURE + code: drop for code, drop in _OF_PICTURES.items()},
}
"""Every code that `dropped` of a mix may hold."""


def in_words(dropped: Mapping[str, int]) -> Iterator[tuple[str, int, str, str]]:
    """Code, rows, what it means and how to get them back; in the order of the codes. KeyError: a code without words."""
    for code, rows in dropped.items():
        yield code, rows, *WORDS[code]


def table_markdown() -> str:
    """The table of all codes, as it stands in docs/dropped.md."""
    lines = [f"| `{code}` | {drop.means} | {drop.back} |" for code, drop in WORDS.items()]
    return "\n".join(["| code | the row is left out because | how to get it back |", "|---|---|---|", *lines]) + "\n"
