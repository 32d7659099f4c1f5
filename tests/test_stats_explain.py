from __future__ import annotations

import csv
import gzip
import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import typer
from conftest import build_source, write_phantom
from typer.testing import CliRunner

from cxdata.check.explain import explain
from cxdata.check.negatives import BESIDE, UNKNOWN, negatives
from cxdata.check.stats import COUNTS, cross, finding_answers, stats
from cxdata.cli import explain as explain_verb
from cxdata.cli import stats as stats_verb
from cxdata.model.errors import UsageError
from cxdata.model.manifest import Manifest
from cxdata.sources.base import Source
from cxdata.sources.discovery import sources
from cxdata.sources.roots import locate

MANIFESTS = {slug: source.manifest for slug, source in sources().items()}


class Built:
    """A build of mimic's phantom, its root, and its rows."""

    def __init__(self, root: Path, home: Path) -> None:
        self.root = root
        self.home = home
        self.rows = [
            row for path in sorted((home / "samples").glob("*.parquet")) for row in pl.read_parquet(path).to_dicts()
        ]

    def one(self, task: str, **wanted: Any) -> dict[str, Any]:
        fits = (row for row in self.rows if row["task"] == task and all(row[k] == v for k, v in wanted.items()))
        return next(fits)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, phantom_of: Callable[[Source], Path]) -> Built:
    mimic = sources()["mimic"]
    home = tmp_path_factory.mktemp("builds") / "mimic"
    build_source(mimic, phantom_of(mimic), home)
    return Built(phantom_of(mimic), home)


def no_roots(manifest: Manifest) -> dict[str, Path]:
    raise AssertionError(f"{manifest.slug}: the roots that the build recorded suffice")


def told(built: Built, sample_id: str, home: Path | None = None) -> dict[str, Any]:
    return explain(home or built.home, sample_id, MANIFESTS, no_roots)


# --- stats ------------------------------------------------------------------------------------------------------------


def test_counts_are_those_of_the_rows(built: Built) -> None:
    counts = stats(built.home)
    assert counts["rows"] == len(built.rows)
    assert set(counts["by"]) == set(COUNTS)
    for name in (
        "source",
        "task",
        "split",
        "stage",
        "level",
        "answer_type",
        "letter",
        "reference",
        "policy",
        "population",
    ):
        assert counts["by"][name] == dict(Counter(row[COUNTS[name]] or "none" for row in built.rows)), name
    assert list(counts["by"]["split"]) == ["train", "val", "test"]
    numbers = list(counts["by"]["task"].values())
    assert numbers == sorted(numbers, reverse=True)


def test_counts_of_findings_answers_and_views(built: Built) -> None:
    by = stats(built.home)["by"]
    found = (
        each for row in built.rows for each in ([row["asked_finding"]] if row["asked_finding"] else row["labels"] or [])
    )
    assert by["finding"] == dict(Counter(found))
    assert by["answer"] == dict(Counter(row["answer"] for row in built.rows if row["answer_type"] == "binary"))
    pictures = pl.read_parquet(built.home / "images/*.parquet")
    view = dict(zip(pictures["image_id"], pictures["view"], strict=True))
    assert by["view"] == dict(Counter(view[row["image_ids"][0]] if row["image_ids"] else "none" for row in built.rows))


def test_findings_by_answer(built: Built) -> None:
    table = {finding: rest for finding, *rest in finding_answers(built.home)}
    asked = [row for row in built.rows if row["asked_finding"] == "Edema"]
    others = [row for row in built.rows if row["asked_finding"] is None and "Edema" in (row["labels"] or [])]
    yes = sum(row["answer"] == "Yes" for row in asked)
    assert table["Edema"] == [yes, len(asked) - yes, len(others)]


def test_without_the_table_of_pictures_views_are_not_known(built: Built, tmp_path: Path) -> None:
    home = Path(shutil.copytree(built.home, tmp_path / "mimic"))
    shutil.rmtree(home / "images")
    shown = sum(bool(row["image_ids"]) for row in built.rows)
    assert stats(home)["by"]["view"] == {"not in images/": shown, "none": len(built.rows) - shown}


def test_a_cross_table_of_any_columns(built: Built) -> None:
    table = cross(built.home.parent, ["task", "split"])
    assert table["by"] == ["task", "split"]
    wanted = Counter((row["task"], row["split"]) for row in built.rows)
    assert {(row["task"], row["split"]): row["n"] for row in table["rows"]} == wanted
    assert [(row["task"], row["split"]) for row in table["rows"]] == sorted(wanted)


def test_a_cross_table_counts_each_element_of_a_list(built: Built) -> None:
    table = {row["labels"]: row["n"] for row in cross(built.home, ["labels"])["rows"]}
    wanted = Counter(label for row in built.rows for label in (row["labels"] or [None]))
    assert table == wanted


def test_a_cross_table_of_an_unknown_column_names_the_known_ones(built: Built) -> None:
    with pytest.raises(UsageError, match="no column 'finger'") as caught:
        cross(built.home, ["task", "finger"])
    assert caught.value.mend
    assert "asked_finding" in caught.value.mend


def test_the_verb_stats(built: Built) -> None:
    app = typer.Typer()
    app.command()(stats_verb.run)
    run = CliRunner().invoke
    assert json.loads(run(app, [str(built.home), "--json"]).stdout) == {
        **stats(built.home),
        "negatives": negatives(built.home, MANIFESTS),
    }
    table = json.loads(run(app, [str(built.home), "--by", "task, letter", "--json"]).stdout)
    assert table == cross(built.home, ["task", "letter"])
    shown = run(app, [str(built.home)])
    assert shown.exit_code == 0
    assert "disease_binary" in shown.stdout
    assert f"{len(built.rows):,} samples" in shown.stdout
    assert "disease_open" in run(app, [str(built.home), "--by", "task"]).stdout


# --- explain ----------------------------------------------------------------------------------------------------------


def test_a_label_row_goes_back_to_its_raw_cells(built: Built) -> None:
    row = built.one("disease_binary", reference="R4")
    answer = told(built, row["sample_id"])
    assert answer["sample"] == row
    assert (answer["origin"]["file"], answer["origin"]["row"]) == (row["origin_file"], row["origin_row"])
    with gzip.open(next(built.root.rglob(row["origin_file"])), "rt") as stream:
        raw = list(csv.DictReader(stream))[row["origin_row"] - 1]
    assert {name: cell or "" for name, cell in answer["origin"]["cells"].items()} == raw
    assert f"mimic:s{raw['study_id']}" == row["study_key"]
    assert {"Yes": 1.0, "No": 0.0}[row["answer"]] == float(raw[row["asked_finding"]])
    assert answer["origin"]["same_bytes"] is True


def test_a_view_question_goes_back_to_the_row_of_its_picture(built: Built) -> None:
    row = built.one("view_classification")
    answer = told(built, row["sample_id"])
    assert f"mimic:{answer['origin']['cells']['dicom_id']}" == row["image_ids"][0]
    assert answer["label"] is None
    assert [picture["image_id"] for picture in answer["pictures"]] == row["image_ids"]


def test_the_states_explain_every_answer_and_every_option(built: Built) -> None:
    for task in ("disease_binary", "disease_single_choice", "disease_multi_choice"):
        for row in [row for row in built.rows if row["task"] == task][:6]:
            label = told(built, row["sample_id"])["label"]
            assert (label["policy"], label["reference"]) == (row["label_policy"], row["reference"])
            if row["asked_finding"]:
                assert row["answer"] in label["states"][row["asked_finding"]]["uses"]
                continue
            for option in row["options"]:
                if option != "No Finding":
                    wanted = "key" if option in row["labels"] else "wrong"
                    assert wanted in label["states"][option]["uses"], row["sample_id"]


def test_the_wording_makes_the_question(built: Built) -> None:
    row = built.one("disease_binary")
    wording = told(built, row["sample_id"])["wording"]
    head, _, tail = wording["text"].partition("{finding}")
    assert wording["id"] == row["wording_id"]
    assert row["question"].startswith(head)
    assert row["question"].endswith(tail)
    assert tail != row["question"]
    noted = built.one("disease_open")
    wording = told(built, noted["sample_id"])["wording"]
    assert noted["question"] == f"{wording['text']} {wording['note']}"


def test_a_report_row_shows_its_raw_sections(built: Built) -> None:
    row = built.one("findings_summarization")
    answer = told(built, row["sample_id"])
    cells, offsets = answer["origin"]["cells"], answer["origin"]["offsets"]
    facet = pl.read_parquet(built.home / "facets/reports.parquet")
    study = facet.row(by_predicate=pl.col("study_id") == row["study_key"].removeprefix("mimic:"), named=True)
    assert set(cells) == set(offsets) == {"findings", "impression"}
    assert offsets["findings"] == [study["findings_start"], study["findings_end"]]
    assert cells["findings"].split() == study["findings"].split()
    assert answer["origin"]["row"] is None


def test_a_changed_input_is_told(built: Built, tmp_path: Path) -> None:
    root = Path(shutil.copytree(built.root, tmp_path / "root"))
    home = Path(shutil.copytree(built.home, tmp_path / "mimic"))
    row = built.one("disease_binary", reference="R4")
    table = next(root.rglob(row["origin_file"]))
    found = locate(MANIFESTS["mimic"], [root])
    assert found is not None
    (home / ".cxdata/roots.json").unlink()
    usual = explain(home, row["sample_id"], MANIFESTS, lambda _: found.roots)
    assert usual["origin"]["same_bytes"] is True
    with gzip.open(table, "wt") as stream:
        stream.write("subject_id,study_id\n1,2\n")
    short = explain(home, row["sample_id"], MANIFESTS, lambda _: found.roots)["origin"]
    assert short["same_bytes"] is False
    assert (short["cells"], "note" in short) == (
        (None, True) if row["origin_row"] > 1 else ({"subject_id": "1", "study_id": "2"}, False)
    )
    nowhere = explain(home, row["sample_id"], MANIFESTS, lambda _: {})["origin"]
    assert nowhere["cells"] is None
    assert "not found" in nowhere["note"]


def test_without_facets_the_states_are_not_known_and_the_text_comes_whole(built: Built, tmp_path: Path) -> None:
    home = Path(shutil.copytree(built.home, tmp_path / "mimic"))
    shutil.rmtree(home / "facets")
    label = told(built, built.one("disease_binary")["sample_id"], home)["label"]
    assert label["states"] is None
    assert "facets/" in label["note"]
    origin = told(built, built.one("findings_generation")["sample_id"], home)["origin"]
    assert set(origin["cells"]) == {"text"}
    assert "facets/" in origin["note"]


def test_an_unknown_id_names_near_ones(built: Built) -> None:
    row = built.one("disease_binary")
    with pytest.raises(UsageError, match="no sample has the id") as caught:
        told(built, row["sample_id"][:-1])
    assert caught.value.mend
    assert row["sample_id"] in caught.value.mend.splitlines()[1:]
    study = row["study_key"].removeprefix("mimic:")
    with pytest.raises(UsageError) as caught:
        told(built, f"mimic/disease_guess/{study}")
    assert caught.value.mend
    assert f"/{study}" in caught.value.mend.splitlines()[1]
    with pytest.raises(UsageError) as caught:
        told(built, "what")
    assert caught.value.mend == "an id is <source>/<task>/<key>, as in the column sample_id"


def test_where_is_the_row_of_the_shard(built: Built) -> None:
    row = built.one("view_classification")
    file, group, nth = told(built, row["sample_id"], built.home.parent)["where"].rsplit(":", 2)
    assert (group, file.startswith("mimic/samples/")) == ("0", True)
    assert pl.read_parquet(built.home.parent / file).row(int(nth) - 1, named=True) == row


def test_the_verb_explain(built: Built) -> None:
    app = typer.Typer()
    app.command()(explain_verb.run)
    for task in ("disease_binary", "findings_generation"):
        sample_id = built.one(task)["sample_id"]
        done = CliRunner().invoke(app, [sample_id, "--in", str(built.home), "--json"])
        assert done.exit_code == 0
        assert done.stderr == ""
        assert json.loads(done.stdout) == json.loads(json.dumps(told(built, sample_id)))
        shown = CliRunner().invoke(app, [sample_id, "--in", str(built.home)])
        assert shown.exit_code == 0
        assert shown.stderr == ""
        assert built.one(task)["wording_id"] in shown.stdout


@pytest.mark.slow
@pytest.mark.parametrize("layout", MANIFESTS["mimic"].layouts, ids=lambda layout: layout.name)
def test_every_layout_is_explained_back_to_its_input(mimic: Source, layout: Any, tmp_path: Path) -> None:
    root = write_phantom(mimic, tmp_path / "root", layout=layout)
    result = build_source(mimic, root, tmp_path / "mimic")
    built = Built(root, tmp_path / "mimic")
    unfed = {"findings_generation_indication", "impression_generation_indication"}  # that table has no indications
    assert set(result["tasks_without_samples"]) == (unfed if layout.name == "sectioned" else set())
    for task in (name for name, rows in result["samples"]["by_task"].items() if rows):
        row = built.one(task)
        origin = told(built, row["sample_id"])["origin"]
        assert origin["cells"], (task, origin.get("note"))
        study = row["study_key"].removeprefix("mimic:s")
        assert (
            study in str(origin["cells"].get("study_id", "")) + str(origin["cells"].get("study", "")) + origin["file"]
        )


def wrong_ones(row: dict[str, Any]) -> list[str]:
    return [name for name in row["options"] or row["scored_labels"] if name not in row["labels"]]


KINDS = {
    "absent": "stated absent", "implied absent parent": "implied by an absent parent", "not mentioned": "not mentioned",
    "implied absent no finding": "implied by No Finding",
}  # fmt: skip


def test_negatives_are_counted_by_what_the_labels_say(built: Built) -> None:
    wanted: dict[str, Counter[str]] = {}
    for row in built.rows:
        if row["label_policy"] != "none" and row["task"] != "disease_binary":
            states = told(built, row["sample_id"])["label"]["states"]
            kinds = [BESIDE if name == "No Finding" else KINDS[states[name]["state"]] for name in wrong_ones(row)]
            wanted.setdefault(row["task"], Counter()).update(kinds)
    counted = negatives(built.home, MANIFESTS)
    noes = [row for row in built.rows if row["task"] == "disease_binary" and row["answer"] == "No"]
    assert sum(counted.pop("disease_binary").values()) == len(noes) > 0
    assert counted == {task: dict(counts) for task, counts in wanted.items()}
    assert {kind for counts in wanted.values() for kind in counts} >= {"stated absent", "not mentioned", BESIDE}


def test_kinds_of_negatives_are_unknown_without_facets_or_manifest(built: Built, tmp_path: Path) -> None:
    known = {task: sum(counts.values()) for task, counts in negatives(built.home, MANIFESTS).items()}
    home = Path(shutil.copytree(built.home, tmp_path / "mimic"))
    assert negatives(home, {}) == {task: {UNKNOWN: n} for task, n in known.items()}
    shutil.rmtree(home / "facets")
    assert negatives(home, MANIFESTS) == {task: {UNKNOWN: n} for task, n in known.items()}
