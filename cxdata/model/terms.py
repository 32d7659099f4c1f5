"""What data-use terms hold about services of others: `terms.yaml`, a table of terms that several sources are under."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from cxdata.model.yaml_text import parsed

FILE: Final = "terms.yaml"


class ThirdParty(BaseModel):
    """What the terms hold about services of others, as a model behind an endpoint elsewhere.

    `name` is what `--terms-accepted` takes; sources under the same terms have the same name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9]+([.-][a-z0-9]+)*$")
    says: str
    page: str = Field(description="where it stands, or where to ask")


@cache
def shared_terms() -> dict[str, ThirdParty]:
    """The terms of the table, by name."""
    table = parsed(resources.files("cxdata.model").joinpath(FILE).read_text(encoding="utf-8"))
    return {name: ThirdParty(name=name, **told) for name, told in table.items()}


def resolved(told: object) -> object:
    """Terms as a manifest tells them: those of the table where it names some, else what it says itself.

    Raises ValueError for a name that the table does not have, and for own words under a name that it has.
    """
    table = shared_terms()
    if isinstance(told, str) and told not in table:
        raise ValueError(f"no terms are called {told!r}: one of {', '.join(table)}, or name, says and page")
    if isinstance(told, str):
        return table[told]
    name = told.get("name") if isinstance(told, dict) else None
    if name in table and ThirdParty.model_validate(told) != table[str(name)]:
        raise ValueError(f"the terms {name!r} stand in {FILE}: write the name alone")
    return told
