"""The card of a stage folder says what its rows are, counted anew here from the samples themselves."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import build_source, write_phantom

from cxdata.build.builds import Build, builds
from cxdata.build.used import UNKNOWN
from cxdata.mix.behind import NOT_KNOWN, NOT_STATED, behind
from cxdata.mix.card import card
from cxdata.mix.card_findings import left_out
from cxdata.mix.config import mix_config
from cxdata.mix.dropped import WORDS
from cxdata.mix.facts import Facts, facts
from cxdata.mix.label_error import LABEL_ERROR
from cxdata.mix.markdown import folded, table
from cxdata.mix.people import resolved_patients
from cxdata.mix.pool import FILE, PLACE
from cxdata.mix.run import MixRequest, mix
from cxdata.model.vocabulary import vocabulary
from cxdata.sources.discovery import sources

SLUGS = ("mimic", "chestxray14")


@pytest.fixture(scope="module")
def cx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("builds") / "cx"
    for slug in SLUGS:
        source = sources()[slug]
        build_source(source, write_phantom(source, tmp_path_factory.mktemp(slug), 50), home / slug, images="path")
    return home


@pytest.fixture(scope="module")
def mixed(cx: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("mix") / "sft"
    config = mix_config("sft", val_rows=30, external=())
    mix(MixRequest(cx, out, config, "easyr1", "path", "keep", sources(), lambda text: None))
    return out


def every(cx: Path, split: str = "train") -> tuple[pl.DataFrame, list[Path]]:
    """Places of all rows of the builds, said to be of one split."""
    files = [path for build in builds(cx) for path in build.shards("samples")]
    parts = [
        pl.scan_parquet(path).select("sample_id").with_row_index(PLACE).select(
            PLACE, pl.lit(number, pl.UInt32).alias(FILE), pl.lit(split).alias("split")).collect()
        for number, path in enumerate(files)
    ]  # fmt: skip
    return pl.concat(parts), files


def counted(cx: Path, **changes: Any) -> Facts:
    places, files = every(cx)
    return facts(places, files, builds(cx), sources(), **changes)


def section(text: str, title: str) -> str:
    return re.split(r"\n## ", text.split(f"\n## {title}\n", 1)[1])[0]


def test_findings_are_counted_as_the_rows_use_them(cx: Path) -> None:
    wanted: Counter[tuple[str, bool, str]] = Counter()
    for row in pl.read_parquet(cx / "*/samples/*.parquet").iter_rows(named=True):
        if row["label_policy"] == "none":
            continue
        if row["asked_finding"] is not None:
            if row["answer"] in ("Yes", "No"):
                wanted[row["asked_finding"], row["answer"] == "Yes", row["reference"]] += 1
            continue
        labels = row["labels"] or []
        offered = row["options"] if row["options"] is not None else row["scored_labels"] or []
        for name in dict.fromkeys([*labels, *offered]):
            wanted[name, name in labels, row["reference"]] += 1
    found = counted(cx).findings.group_by("finding", "is_right", "reference").agg(pl.col("n").sum())
    assert {(name, right, tier): n for name, right, tier, n in found.iter_rows()} == wanted


def test_states_are_those_of_the_study_and_rows_that_come_again_count_once(cx: Path) -> None:
    told = counted(cx).findings
    assert set(told.filter("is_right")["state"]) == {"stated present"}
    wrong = set(told.filter(~pl.col("is_right"))["state"])
    assert {"stated absent", "not mentioned"} <= wrong
    assert "present, or not read" not in wrong
    places, files = every(cx)
    twice = facts(pl.concat([places, places.head(500)]), files, builds(cx), sources())
    assert twice.findings.equals(told)


def test_builds_without_a_row_in_the_mix_are_left_aside(cx: Path) -> None:
    places, files = every(cx)
    own = [number for number, path in enumerate(files) if path.parent.parent.name == "chestxray14"]
    told = facts(places.filter(pl.col(FILE).is_in(own)), files, builds(cx), sources())
    assert (
        set(told.spelled["source"]) == set(told.asked["source"]) == set(told.behind.view["source"]) == {"chestxray14"}
    )
    assert "Hernia" in told.looked_for
    assert "Support Devices" not in told.looked_for


def test_without_facets_nothing_is_guessed(cx: Path, tmp_path: Path) -> None:
    bare = Path(shutil.copytree(cx, tmp_path / "cx"))
    for facets in bare.glob("*/facets"):
        shutil.rmtree(facets)
    told = counted(bare)
    assert set(told.findings["state"]) == {UNKNOWN}
    assert told.findings["n"].sum() == counted(cx).findings["n"].sum()
    assert set(told.behind.age["is"]) == set(told.behind.sex["is"]) == {NOT_KNOWN}
    assert told.behind.view.equals(counted(cx).behind.view)
    assert told.spelled.is_empty()


def test_people_and_pictures_are_those_behind_the_rows(cx: Path) -> None:
    told = counted(cx).behind
    rows = pl.read_parquet(cx / "*/samples/*.parquet")
    for table_of in (told.age, told.sex):
        studies = rows.group_by("source").agg(n=pl.col("study_key").n_unique())
        assert dict(table_of.group_by("source").agg(pl.col("n").sum()).iter_rows()) == dict(studies.iter_rows())
    pictures = rows.select("source", pl.col("image_ids").alias("id")).explode("id").drop_nulls().unique()
    assert told.view["n"].sum() == pictures.height
    # mimic's tables state neither age nor sex
    assert set(told.sex.filter(pl.col("source") == "mimic")["is"]) == {NOT_STATED}
    nih = told.age.filter(pl.col("source") == "chestxray14")
    ages = pl.read_parquet(cx / "chestxray14/facets/studies.parquet").with_columns(
        study_key=pl.concat_str(pl.lit("nih:"), "study_id")
    )
    shown = ages.join(rows.filter(pl.col("source") == "chestxray14").select("study_key").unique(), on="study_key")
    old = shown.filter(pl.col("age") >= 60, pl.col("age") < 80).height
    assert dict(nih.select("is", "n").iter_rows())["60 to 79"] == old > 0


def test_ages_fall_into_bands_and_silence_is_told(tmp_path: Path) -> None:
    ages = [0.0, 17.9, 18.0, 39.0, 40.0, 79.5, 80.0, None]
    home = tmp_path / "s"
    (home / "facets").mkdir(parents=True)
    (home / "build.json").write_text('{"source": "s"}')
    ids = [str(n) for n in range(len(ages))]
    pl.DataFrame({"study_id": ids, "age": ages, "sex": ["F", "M", "F", None, "F", "F", "M", "F"]}).write_parquet(
        home / "facets/studies.parquet"
    )
    keys = pl.DataFrame({"source": "s", "study_key": [f"n:{one}" for one in [*ids, "9"]]})
    seen = behind(keys, pl.DataFrame(schema={"source": pl.String, "image_id": pl.String}), [Build(home, "")])
    wanted = {"under 18": 2, "18 to 39": 2, "40 to 59": 1, "60 to 79": 1, "80 or more": 1, NOT_STATED: 1, NOT_KNOWN: 1}
    assert dict(seen.age.select("is", "n").iter_rows()) == wanted
    assert dict(seen.sex.select("is", "n").iter_rows()) == {"F": 5, "M": 2, NOT_STATED: 1, NOT_KNOWN: 1}


def test_the_card_holds_every_part(mixed: Path, cx: Path) -> None:
    text = (mixed / "README.md").read_text("utf-8")
    content = json.loads((mixed / "mix.json").read_text())
    assert "not for clinical use" in text
    for slug in SLUGS:
        manifest = sources()[slug].manifest
        line = next(line for line in section(text, "Sources").splitlines() if f"(`{slug}`)" in line)
        assert content["versions"][slug] in line
        assert manifest.licence in line
        assert f"| {content['by_source'][slug]:,} |" in line
        assert (manifest.terms in text) == manifest.restricted
    rows = pl.read_parquet(mixed / "train/*.parquet")
    binary = rows.filter(pl.col("task") == "disease_binary")["sample_id"].unique()
    samples = pl.read_parquet(cx / "*/samples/disease_binary-*.parquet").filter(
        pl.col("sample_id").is_in(binary.implode())
    )
    assert samples.height > 0
    assert "| finding | train right | train wrong | val right |" in section(text, "Findings")
    assert "<summary>By state, split and tier of the label</summary>" in section(text, "Findings")
    assert "stated absent" in section(text, "Negatives")
    assert "| Cardiomegaly | .65 | .40 | .26 | .10 |" in section(text, "Error of labels read from reports")
    for words in ("pictures by view", "studies by age", "studies by sex", NOT_STATED):
        assert words in section(text, "Views, age and sex")
    for code, n in content["dropped"].items():
        assert f"| `{code}` | {n:,} | {WORDS[code].means} | {WORDS[code].back} |" in section(text, "Rows left out")
    meanings = section(text, "What the findings mean")
    assert "enlarged heart" in meanings
    assert "mimic: " in meanings
    assert sources()["mimic"].manifest.citations[0] in section(text, "To cite")
    assert "Steps of traces" not in text
    assert text.count("<details>") == text.count("</details>") >= 4


def test_croissant_says_licences_limits_and_use(mixed: Path) -> None:
    told = json.loads((mixed / "croissant.json").read_text())
    assert [line.split(":")[0] for line in told["license"]] == sorted(SLUGS)
    assert "Not for clinical use" in told["rai:dataUseCases"]
    assert any(sources()["mimic"].manifest.terms in line for line in told["rai:personalSensitiveInformation"])
    assert any("stated absent" in line for line in told["rai:dataLimitations"])
    assert len(told["distribution"]) == len(json.loads((mixed / "mix.json").read_text())["files"])


def test_patients_of_two_builds_and_unknown_pairs_are_told(cx: Path, mixed: Path) -> None:
    content = json.loads((mixed / "mix.json").read_text())
    people = resolved_patients(builds(cx), sources(), ())
    some = people.patients.head(3).with_columns(sources=pl.lit([*SLUGS], pl.List(pl.String)))
    shared = people._replace(patients=pl.concat([some, people.patients[3:]]))
    unknown = {**content, "unknown": [["mimic", "chestxray14", "only a list could tell"]]}
    told = section(card(unknown, sources(), counted(cx), shared), "Overlap of patients")
    assert "| chestxray14 | mimic | 3 |" in told
    assert "- mimic and chestxray14: only a list could tell" in told
    assert "|" not in section(card(content, sources(), counted(cx), people), "Overlap of patients")


def test_findings_that_train_does_not_use_are_named_with_the_reason(cx: Path) -> None:
    told = counted(cx)
    few = told._replace(
        findings=told.findings.filter(pl.col("finding") != "Edema"),
        looked_for=told.looked_for | {"Pulmonary Embolism"},
        asked=pl.DataFrame({"finding": ["Edema"], "source": ["mimic"], "yes": [3], "no": [1200]}),
    )  # fmt: skip
    lines = "\n".join(left_out(few))
    assert "| Edema | too few rows of one answer are left: train of the builds has 3 Yes and 1,200 No |" in lines
    hidden = [finding.name for finding in vocabulary().findings if finding.visible == "no"]
    assert {"Pulmonary Embolism"} <= set(hidden)
    assert "| Pulmonary Embolism | a radiograph does not show it: never asked |" in lines
    nothing = told._replace(looked_for=frozenset())
    assert left_out(nothing) == ["Every finding that a source looked for is used in train."]


def test_the_same_mix_gives_the_same_card(cx: Path, mixed: Path, tmp_path: Path) -> None:
    config = mix_config("sft", val_rows=30, external=())
    request = MixRequest(cx, tmp_path / "again", config, "easyr1", "path", "keep", sources(), lambda text: None)
    mix(request)
    assert (tmp_path / "again/README.md").read_bytes() == (mixed / "README.md").read_bytes()
    mix(replace(request, out=tmp_path / "open", config=mix_config("open")))
    assert "## Negatives" in (tmp_path / "open/README.md").read_text("utf-8")


def test_tables_keep_their_shape() -> None:
    assert table(["a", "b"], [("x|y\nz", 1200)]) == ["| a | b |", "|---|---:|", "| x\\|y z | 1,200 |"]
    assert table(["a"], []) == folded("t", []) == []
    assert folded("t", ["x"])[1:3] == ["<details>", "<summary>t</summary>"]
    assert set(LABEL_ERROR) <= set(vocabulary().names)
