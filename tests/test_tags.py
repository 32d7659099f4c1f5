"""Tags of sources: founded in facts, complete, and what a mix chooses by."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import build_source
from pydantic import ValidationError

from cxdata.mix.config import mix_config
from cxdata.mix.run import MixRequest, mix
from cxdata.mix.sources import with_sources
from cxdata.model.errors import UsageError
from cxdata.model.facets import FACETS
from cxdata.model.manifest import Manifest
from cxdata.model.tags import FACET_OF, TAGS, founded
from cxdata.sources.base import Source
from cxdata.sources.discovery import sources


@pytest.mark.parametrize("slug", sorted(sources()))
def test_a_source_carries_every_tag_that_its_facts_speak_for(slug: str) -> None:
    manifest = sources()[slug].manifest
    assert sorted(manifest.tags) == sorted(manifest.founded_tags()), "write the tags into its manifest.yaml"


def test_every_tag_has_a_meaning_and_a_fact() -> None:
    assert set(FACET_OF.values()) <= set(FACETS)
    assert founded(list(FACETS), ["R1", "R4"], paediatric=True, derived=True) == tuple(TAGS)
    assert founded([], [], paediatric=False, derived=False) == ()


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        (["questions"], "questions without the facts"), (["paediatric"], "paediatric without"),
        (["reports", "reports"], "one stands twice"), (["cats"], "Input should be"),
    ],
)  # fmt: skip
def test_a_tag_without_its_fact_is_refused(tags: list[str], told: str) -> None:
    content: dict[str, Any] = {**sources()["mimic"].manifest.model_dump(), "tags": tags}
    with pytest.raises(ValidationError, match=told):
        Manifest.model_validate(content)


def test_a_mix_takes_the_sources_of_its_tags_beside_those_it_names() -> None:
    def chosen(**changes: Any) -> Any:
        return with_sources(mix_config("closed", **changes), sources()).sources

    assert chosen() is None
    assert chosen(sources=("openi",)) == ("openi",)
    boxes = {slug for slug, one in sources().items() if "boxes" in one.manifest.tags}
    assert {"chestxray14", "vindr-cxr"} <= boxes
    assert set(chosen(tags=["boxes"])) == boxes
    assert set(chosen(tags=["boxes"], sources=("openi",))) == boxes | {"openi"}
    with pytest.raises(UsageError, match="no source has a tag of questions"):
        with_sources(mix_config("closed", tags=["questions"]), {"openi": sources()["openi"]})
    with pytest.raises(UsageError, match=r"tags\.0"):
        mix_config("closed", tags=["cats"])


def test_rows_are_of_the_tagged_sources_alone(phantom_of: Callable[[Source], Path], tmp_path: Path) -> None:
    for slug in ("mimic", "chestxray14"):
        source = sources()[slug]
        build_source(source, phantom_of(source), tmp_path / "cx" / slug, images="path")
    config = mix_config("sft", tags=["reports"])
    request = MixRequest(
        tmp_path / "cx", tmp_path / "out", config, "easyr1", "path", "keep", sources(), lambda text: None
    )
    content = mix(request)
    assert set(content["by_source"]) == {"mimic"}
    assert content["config"]["tags"] == ["reports"]
    assert set(pl.read_parquet(tmp_path / "out/train/*.parquet")["source"]) == {"mimic"}
