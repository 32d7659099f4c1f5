"""The label policy `read`: labels of train beside what the reader finds in the reports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import build_source, write_phantom

from cxdata.build.builds import builds
from cxdata.check.explain import explain
from cxdata.check.negatives import negatives
from cxdata.model.errors import UsageError
from cxdata.model.policies import UNREAD, policies_of, uses
from cxdata.model.read_states import with_reader
from cxdata.model.states import Effective
from cxdata.model.vocabulary import vocabulary
from cxdata.sources.base import Source
from cxdata.sources.discovery import sources

SPACE = ("Lung Opacity", "Lung Lesion", "Pneumothorax")


def merged(stated: dict[str, str], read: dict[str, str | None]) -> dict[str, str]:
    """One study of made-up states, by name of `Effective`."""
    codes = {name: pl.Series([int(Effective[stated.get(name, "NOT_MENTIONED")])], dtype=pl.Int8) for name in SPACE}
    frame = pl.LazyFrame({"study_id": ["s1"], "annotator": ["tool"], "reference": ["R3"], **codes})
    rows = pl.LazyFrame(
        {"study_id": ["s1"] * len(read), "finding": list(read), "state": list(read.values())},
        schema={"study_id": pl.String, "finding": pl.String, "state": pl.String},
    )
    row = with_reader(frame, rows, SPACE, vocabulary()).collect().row(0, named=True)
    taken = any(name in SPACE or state != "absent" for name, state in read.items())
    assert (row["annotator"], row["reference"]) == (("tool+reader", "R4") if taken else ("tool", "R3"))
    return {name: Effective(row[name]).name for name in SPACE}


@pytest.mark.parametrize(
    ("stated", "read", "wanted"),
    [
        ("NOT_MENTIONED", "absent", "ABSENT"), ("NOT_MENTIONED", "uncertain", "UNCERTAIN"),
        ("NOT_MENTIONED", "present", "CONFLICT"), ("NOT_MENTIONED", None, "CONFLICT"),
        ("PRESENT", "present", "PRESENT"), ("PRESENT", "absent", "CONFLICT"), ("PRESENT", "uncertain", "CONFLICT"),
        ("ABSENT", "absent", "ABSENT"), ("ABSENT", "present", "CONFLICT"), ("UNCERTAIN", "absent", "CONFLICT"),
        ("UNCERTAIN", "uncertain", "UNCERTAIN"), ("CONFLICT", "present", "CONFLICT"), ("OUTSIDE", "absent", "OUTSIDE"),
    ],
)  # fmt: skip
def test_each_pair_of_states(stated: str, read: str | None, wanted: str) -> None:
    assert merged({"Pneumothorax": stated}, {"Pneumothorax": read})["Pneumothorax"] == wanted


def test_silence_of_the_reader_changes_nothing() -> None:
    assert merged({"Pneumothorax": "PRESENT"}, {}) == dict.fromkeys(SPACE, "NOT_MENTIONED") | {
        "Pneumothorax": "PRESENT"
    }


def test_a_kind_speaks_for_what_the_label_space_holds_where_it_is_there() -> None:
    assert merged({"Lung Lesion": "PRESENT"}, {"Nodule": "present"})["Lung Lesion"] == "PRESENT"
    assert merged({"Lung Lesion": "ABSENT"}, {"Nodule": "present"})["Lung Lesion"] == "CONFLICT"
    assert merged({"Lung Lesion": "PRESENT"}, {"Nodule": "absent"})["Lung Lesion"] == "PRESENT"
    assert merged({}, {"Nodule": "uncertain"})["Lung Opacity"] == "NOT_MENTIONED"


def test_it_is_for_train_only() -> None:
    labels = sources()["mimic"].manifest.labels
    assert policies_of(labels, "read") == ("read", "strict")
    with pytest.raises(UsageError, match="train only"):
        uses(pl.LazyFrame({"study_id": []}), (), vocabulary(), "read", train=False)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Builds of one phantom by the source's own policy and by `read`."""
    folder = tmp_path_factory.mktemp("read")
    mimic = sources()["mimic"]
    root = write_phantom(mimic, folder / "tree", patients=40)
    homes = {"stated": folder / "stated" / "mimic", "read": folder / "read" / "mimic"}
    build_source(mimic, root, homes["stated"])
    build_source(mimic, root, homes["read"], label_policy="read")
    return homes


def samples(home: Path, *columns: str) -> pl.DataFrame:
    """The samples of a build, by id."""
    return pl.read_parquet(home / "samples/*.parquet", columns=["sample_id", "split", "task", *columns]).sort(
        "sample_id"
    )


def test_its_rows_say_so_and_labels_of_val_and_test_stay(built: dict[str, Path]) -> None:
    stated, read = (samples(built[name], "label_policy", "answer") for name in ("stated", "read"))
    labelled = read.filter(pl.col("label_policy") != UNREAD)
    assert set(labelled.filter(pl.col("split") == "train")["label_policy"]) == {"read"}
    assert set(labelled.filter(pl.col("split") != "train")["label_policy"]) == {"strict"}
    binary = (pl.col("task") == "disease_binary") & (pl.col("split") != "train")
    assert read.filter(binary).equals(stated.filter(binary))


def test_the_readings_lie_beside_the_facets(built: dict[str, Path]) -> None:
    table = pl.read_parquet(built["read"] / "facets/read.parquet")
    assert set(table["annotator"]) == {"reader"}
    assert set(table["reference"]) == {"R4"}
    assert table.select("study_id", "finding").is_unique().all()
    assert not (built["stated"] / "facets/read.parquet").exists()
    labels = pl.read_parquet(built["read"] / "facets/findings.parquet")
    both = labels.join(table, on=["study_id", "finding"], suffix="_read")
    same = (both["state"] == both["state_read"]).sum()
    assert same / both.height > 0.95  # the phantom's reports are made from its labels, with faults planted


def test_explain_and_the_count_of_negatives_know_it(built: dict[str, Path]) -> None:
    rows = samples(built["read"], "asked_finding", "answer").filter(
        (pl.col("task") == "disease_binary") & (pl.col("split") == "train") & (pl.col("answer") == "No")
    )
    sample, asked = rows.select("sample_id", "asked_finding").row(0)
    manifests = {"mimic": sources()["mimic"].manifest}
    told: Any = explain(built["read"], sample, manifests, lambda manifest: {})
    assert told["label"]["states"][asked]["state"] == "absent"
    assert builds(built["read"])
    counted = negatives(built["read"], manifests)["disease_binary"]
    assert set(counted) == {"stated absent"}


def test_a_second_build_reads_nothing_again(built: dict[str, Path], tmp_path: Path) -> None:
    source = sources()["mimic"]
    root = built["read"].parents[1] / "tree"
    again = build_source(source, root, built["read"], label_policy="read")
    assert again["shards_written"] == 0


def test_a_source_without_reports_refuses_it(tmp_path: Path) -> None:
    source: Source = sources()["chestxray14"]
    root = write_phantom(source, tmp_path / "tree", patients=4)
    with pytest.raises(UsageError, match="no reports"):
        build_source(source, root, tmp_path / "cx", label_policy="read")
