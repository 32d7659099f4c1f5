"""Links between sources: that two of them hold the same patients, and how the ids of one become those of the other."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Side = Literal["own", "other"]
"""The source whose manifest speaks, or the one that it names."""


def _with_one_group(pattern: str) -> str:
    if re.compile(pattern).groups != 1:
        raise ValueError(f"the pattern {pattern!r} must have one group: the id")
    return pattern


IdPattern = Annotated[str, AfterValidator(_with_one_group)]
"""A regular expression whose one group is the patient's id; a cell that it does not match has none."""
WHOLE: IdPattern = "^(.+)$"


class MatchList(BaseModel):
    """A list that says which patient of one source is which of another.

    It lies in the package, `path` being relative to the manifest's folder, or in a user's download: then `path` is a
    glob below a root of either source. A `.csv` (or `.csv.gz`) with a header, or a `.json` that is a list of objects.
    `own` and `other` name the columns (keys) with the ids of this source and of the other.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    place: Literal["package", "download"]
    path: str = Field(pattern=r"\.(csv|csv\.gz|json)$")
    own: str
    other: str
    own_id: IdPattern = WHOLE
    other_id: IdPattern = WHOLE
    origin: str = Field(description="who made the list, and how")


class Link(BaseModel):
    """Another source that holds patients of this one, whether or not that source is there yet.

    `ids` says how to find them: `same keys` (both name patients in one namespace), `same ids` (the same ids under the
    other's `namespace`; of own ids that `own_id` does not match none is there), or `match list` (only a list can tell:
    the first of `lists` that is found; without one it is unknown who is whose).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    ids: Literal["same keys", "same ids", "match list"]
    namespace: str | None = Field(default=None, description="the other's namespace of patients")
    own_id: IdPattern = WHOLE
    lists: tuple[MatchList, ...] = ()
    person: Side = Field(
        default="other", description="whose id stands for the person; the other side's may be pictures"
    )
    why: str = Field(description="what is known of it, and where it is said")

    @model_validator(mode="after")
    def _fits_ids(self) -> Link:
        if (self.namespace is None) != (self.ids == "same keys"):
            raise ValueError(f"link to {self.source}: the other's namespace is named unless the keys are the same")
        if self.lists and self.ids != "match list":
            raise ValueError(f"link to {self.source}: lists are named only where `ids` is 'match list'")
        return self
