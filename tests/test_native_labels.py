"""What a source calls a finding is mapped to the vocabulary, or listed as kept with the reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import yaml
from conftest import KNOWN
from test_contract import InLayout, read

from cxdata.model.errors import CxdataError
from cxdata.model.vocabulary import vocabulary
from cxdata.sources.base import Source
from cxdata.sources.native import FILE, NativeLabels, from_columns, from_lists, native_labels

LABELS = NativeLabels(findings={"Effusion": "Pleural Effusion", "Mass": "Mass"}, kept={"Tube": "a device, not named"})


def table_of(source: Source) -> NativeLabels | None:
    return native_labels(str(source.folder / "any.py")) if (source.folder / FILE).is_file() else None


def test_every_native_label_is_mapped_or_kept(layout: InLayout, phantom_of: Callable[..., Path]) -> None:
    source, asked = layout
    if source.manifest.labels is None:
        pytest.skip("the source states no labels")
    told = read(source, phantom_of(source, asked)).facets["findings"].select("native_label", "finding").unique()
    table = table_of(source)
    kept = table.kept if table else {}
    fallen = told.filter(pl.col("finding").is_null() & ~pl.col("native_label").is_in(list(kept)))
    assert fallen.is_empty(), "neither mapped nor kept: list it in labels.yaml"
    assert told["native_label"].null_count() == 0
    if table is not None:
        other = [(label, finding) for label, finding in told.rows() if table.findings.get(label) != finding]
        assert not other, "the reader maps a label in another way than labels.yaml"


def test_every_finding_of_a_label_space_has_a_native_label(source: Source) -> None:
    table, labels = table_of(source), source.manifest.labels
    for annotator in labels.annotators if labels else ():
        assert set(annotator.findings) <= set(vocabulary().names)
        assert table is None or set(annotator.findings) <= {*table.canonical, "No Finding"}, annotator.name


def test_each_reason_to_keep_a_label_is_words() -> None:
    tables = [table for table in map(table_of, KNOWN.values()) if table]
    assert tables
    assert all(len(reason.split()) > 2 for table in tables for reason in table.kept.values())


@pytest.mark.parametrize(
    "table",
    [
        {"findings": {"Effusion": "Plural Effusion"}},
        {"findings": {"Mass": "Mass"}, "kept": {"Mass": "why not"}},
        {"findings": {}, "left": {}},
    ],
)
def test_a_wrong_table_is_named(tmp_path: Path, table: dict[str, object]) -> None:
    (tmp_path / FILE).write_text(yaml.safe_dump(table))
    with pytest.raises(CxdataError, match="cannot be read"):
        native_labels(str(tmp_path / "labels.py"))


def test_lists_of_labels_are_read_whole_or_not_at_all() -> None:
    frame = pl.DataFrame(
        {"stem": list("abcd"), "row": range(4), "cell": ["Mass| Effusion|Mass", "Mass|Wires", None, "Tube"]}
    )
    rows = frame.with_columns(labels=LABELS.listed("cell"))
    assert rows["labels"].to_list() == [["Mass", "Effusion"], None, None, ["Tube"]]
    told = from_lists(rows).with_columns(finding=LABELS.finding()).select("stem", "native_label", "state", "finding")
    assert told.rows() == [
        ("a", "Mass", "present", "Mass"), ("a", "Effusion", "present", "Pleural Effusion"),
        ("d", "Tube", "present", None),
    ]  # fmt: skip


def test_columns_of_labels_say_states_and_count_what_is_none() -> None:
    frame = pl.DataFrame({"stem": ["a", "b"], "row": [1, 2], "Mass": ["1", "-1.0"], "Effusion": [None, "yes"]})
    told, unread = from_columns(frame, ("Mass", "Effusion"))
    assert told.select("stem", "native_label", "state").rows() == [("a", "Mass", "present"), ("b", "Mass", "uncertain")]
    assert unread == 1


def test_an_unknown_label_is_known_as_such() -> None:
    frame = pl.DataFrame({"cell": ["Mass", "Tube", "Wires", None]})
    assert frame.select(v=LABELS.is_unknown("cell"))["v"].to_list() == [False, False, True, True]
