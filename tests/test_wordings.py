from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

from cxdata.model.errors import CxdataError
from cxdata.model.hashing import digest, pick_expr
from cxdata.model.vocabulary import vocabulary
from cxdata.tasks.wordings import (
    FINDING,
    LABELLED,
    Wordings,
    asked_group,
    asked_group_expr,
    load_wordings,
    worded,
    wordings,
)

# task: groups and how many wordings each has at least
TASKS = {
    "disease_binary": {"visible": 12, "suggestive": 12, "device": 12},
    "disease_single_choice": {"any": 12, "device": 6},
    "disease_multi_choice": {"any": 12, "device": 6},
    "disease_open": {"any": 12},
    "view_classification": {"any": 12},
    "findings_generation": {"any": 12},
    "impression_generation": {"any": 12},
    "findings_summarization": {"any": 12},
    "view_matching": {"any": 12},
    "image_text_matching": {"any": 12},
    "image_text_selection": {"any": 12},
    "findings_generation_indication": {"any": 12},
    "impression_generation_indication": {"any": 12},
    "abnormality_grounding": {"visible": 12, "suggestive": 12},
    "abnormality_detection": {"any": 12},
    "temporal_progression": {"any": 12},
    "entity_relation_extraction": {"any": 12},
    "explanation": {"any": 12},
    "difference_vqa": {"any": 12},
    "phrase_grounding": {"any": 12},
    "grounded_captioning": {"any": 12},
    "grounded_diagnosis": {"any": 12},
    "temporal_sentence_similarity": {"any": 12},
}
ONE_FORM = (
    "view_classification", "findings_summarization", "view_matching", "abnormality_grounding", "abnormality_detection",
    "temporal_progression", "entity_relation_extraction", "difference_vqa",
    "phrase_grounding", "grounded_captioning", "grounded_diagnosis", "temporal_sentence_similarity",
)  # fmt: skip
WITH_NOTE = ("disease_single_choice", "disease_open")
FORBIDDEN = r"<image>|\b(frontal|lateral|PA|AP|report\w*|priors?|previous|label\w*|options?|yes|no)\b"

# Wordings stand in published rows by id: raise a file's `version` when a text changes and put its digest here.
DIGESTS = {
    ("disease_binary", 1): "4f9793f330e7ff68434c667110a3503f49fbc3a43897530dc351682a7bfcedfc",
    ("disease_single_choice", 1): "5c0e96f93d40bbb324835ca0a920c355f61da4207d22bdf1836ad7db501621f3",
    ("disease_multi_choice", 1): "b2f956bcd6e08958d7ba2a3052009d33fee048079246f76ca95b04df85eb791c",
    ("disease_open", 1): "978149a84eef432160e780370fd453b4ffa34c1ed511f355da295c08feedd16d",
    ("view_classification", 2): "63ecfaf15750282b3efbe44ffcc6cced4795de85afc98a333e776fa5fa65dc18",
    ("findings_generation", 1): "71fde2b6447a48ccc19c72b195199f992fcfa969a889f582d87544ab817ffe0e",
    ("impression_generation", 1): "36d856bf9ec812dabbd85755caeeecf688a5db35db119c57148ae9f56440b11f",
    ("findings_summarization", 1): "e3a65a112fce8163d46cbebfcbd6d31f20366d05215839af6174bb9f70e98d3e",
    ("view_matching", 1): "63d7c0a35f51b903469e701d6ffd36fde1cbefd85e8ee7445f6b7e56d91872ac",
    ("image_text_matching", 1): "07c697cdad1d7afda263159c45ec6663f4ed47302a2358f282b6e715291a45bf",
    ("image_text_selection", 1): "d4730829fc5ba26fbbf8433f512f7c9ada6bea72e9277c7b36aea44f726f358e",
    ("findings_generation_indication", 1): "153d316b7f3843b62aac7915b16d4c02c2d66709d45302cf50c6a8e5b2d2c78f",
    ("impression_generation_indication", 1): "04be4da6816150eada7ae21d2cf719193db78b028b0b20aef1cdb283b1eb1603",
    ("abnormality_grounding", 1): "2359212a150cebd0653265cf79dc43b886d9108ebd5c8aae4d6982e959caec34",
    ("temporal_progression", 1): "c5a73c751dc2329511a552a4f3b1a4906d84eaab1027fa03b53f3f438240a363",
    ("phrase_grounding", 1): "bd796e8c2de3a2d3414323c6bff58229387dc1644c1a249ffcbe2a5cbd0ef344",
    ("grounded_captioning", 1): "607c651ec7eb4ac316441be6796e44564854fac6def5afc0bf8776235b45a759",
    ("grounded_diagnosis", 1): "4f888d5d443287148c13dfb8eecac840d1d471ee3dfb5944bab8053438f30dea",
    ("temporal_sentence_similarity", 1): "4c6d021898c46cfc9b08a06c3df1cd57d63b4727009a62ac9176d624c310e861",
    ("abnormality_detection", 1): "45b7a2742f64d3a12b0d357099b1a2a74c024dcb7fd8a77eefa5d11d17abe6dc",
    ("entity_relation_extraction", 1): "ba3ee840f3b41fc25a836a4c5aab2382140dc357a556ba1079f7bf05100bb295",
    ("explanation", 1): "4aaca2e6f60b70d72c1872e1e59028378c5e0fa1972170bb9484d2b09ca1f2c9",
    ("difference_vqa", 1): "6231bffc27a683ff16392769c1b7bd3e106846b02ab11430a8cd6109dea75ef1",
}
LABELLED_DIGESTS = {
    "disease_binary": "87344911a508e7bdb6d1e5ae7af82a7fa064130144a1532fac792682245f8a45",
    "disease_open": "cc0455789a69b50ce22806e65bf558b0d4d096a920e6551e60138b3c76c2b364",
}

# Seed 0, the first ten of rows().
GOLDEN = [
    "suggestive.03",
    "visible.05",
    "device.12",
    "visible.07",
    "visible.12",
    "suggestive.01",
    "visible.08",
    "device.11",
    "visible.02",
    "visible.13",
]


def texts(table: Wordings) -> list[str]:
    return [text for wording in table.wordings for text in wording.forms]


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_enough_wordings(task: str) -> None:
    table = wordings(task)
    assert table.task == task
    assert set(table.groups) == set(TASKS[task])
    for group, least in TASKS[task].items():
        assert len(table.of(group)) >= least
    assert all((wording.two is None) == (task in ONE_FORM) for wording in table.wordings)
    assert len(table.no_finding_note) >= (3 if task in WITH_NOTE else 0)
    assert bool(table.no_finding_note) == (task in WITH_NOTE)


@pytest.mark.parametrize("task", TASKS)
def test_wordings_are_unique_whole_sentences_without_a_forbidden_word(task: str) -> None:
    table = wordings(task)
    notes = [note.text for note in table.no_finding_note]
    for text in (*texts(table), *notes):
        assert text[0].isupper(), text
        assert text[-1] in "?.", text
        assert not re.search(r"\s\s|^\s|\s$|\s[?.,]", text), text
    assert not [text for text in texts(table) if re.search(FORBIDDEN, text, re.IGNORECASE)]
    folded = [text.casefold() for text in (*texts(table), *notes)]
    assert len(set(folded)) == len(folded)


@pytest.mark.parametrize("task", [task for task in TASKS if task not in ONE_FORM])
def test_the_form_for_two_pictures_speaks_of_two(task: str) -> None:
    for wording in wordings(task).wordings:
        assert re.search(r"\b(two|pair)\b", wording.two or ""), wording
        assert not re.search(r"\b(two|pair)\b", wording.one), wording


@pytest.mark.parametrize("task", TASKS)
def test_the_texts_do_not_change_without_a_new_version(task: str) -> None:
    table = wordings(task)
    assert digest(table.model_dump(mode="json")) == DIGESTS[task, table.version]


@pytest.mark.parametrize("task", LABELLED_DIGESTS)
def test_labels_that_no_picture_need_show_are_asked_as_labels(task: str) -> None:
    table = wordings(task, manner=LABELLED)
    assert table.groups == (LABELLED,)
    assert len(table.wordings) >= 12
    assert all(re.search(r"label|diagnos", text) for text in texts(table))
    others = set(texts(wordings(task)))
    assert not others & set(texts(table))
    assert digest(table.model_dump(mode="json")) == LABELLED_DIGESTS[task]
    for wording in table.wordings:
        assert re.search(r"\btwo\b", wording.two or ""), wording
        assert not re.search(r"\b(two|frontal|lateral|report\w*|options?)\b", wording.one), wording


def test_notes_say_what_no_finding_means() -> None:
    for task in WITH_NOTE:
        assert all("No Finding" in note.text and "devices" in note.text for note in wordings(task).no_finding_note)


def test_every_finding_fits_every_binary_wording() -> None:
    table, words = wordings("disease_binary"), vocabulary()
    for finding in words.findings:
        group = asked_group(finding)
        for text in [text for wording in table.of(group or "") for text in wording.forms]:
            asked = text.replace(FINDING, finding.phrase)
            assert "{" not in asked
            assert finding.phrase in asked
            assert not re.search(r"\b(an? (an?|the)|a [aeio]\w+|an [^aeiou\W]\w+)\b", asked.replace("an X", "")), asked


def test_groups_follow_the_vocabulary() -> None:
    words = vocabulary()
    asked = {name: asked_group(words.finding(name)) for name in words.names}
    assert asked["Pneumothorax"] == "visible"
    assert asked["Pneumonia"] == "suggestive"
    assert asked["Chest Tube"] == "device"
    assert asked["No Finding"] is asked["Infarction"] is None
    frame = pl.DataFrame({"finding": list(asked)}).select(asked_group_expr(pl.col("finding"), words))
    assert frame.to_series().to_list() == list(asked.values())


def rows(n: int) -> pl.LazyFrame:
    asked = ["Pneumonia", "Pleural Effusion", "Support Devices", "Cardiomegaly", "Low Lung Volumes"]
    frame = pl.DataFrame({"sample_id": [f"mimic/disease_binary/s{50000000 + i}:x" for i in range(n)]})
    return frame.lazy().with_columns(
        asked_finding=pl.Series([asked[i % 5] for i in range(n)]), pictures=pl.int_range(n) % 2 + 1
    )


def ask_binary(n: int, seed: int = 0) -> pl.DataFrame:
    words = vocabulary()
    return worded(
        rows(n), "disease_binary", seed, pictures=pl.col("pictures"), finding=pl.col("asked_finding"),
        group=asked_group_expr(pl.col("asked_finding"), words), vocabulary=words,
    ).collect()  # fmt: skip


def test_each_row_is_asked_about_its_finding_in_its_form() -> None:
    found = ask_binary(1000)
    table, words = wordings("disease_binary"), vocabulary()
    by_id = {table.wording_id(wording): wording for wording in table.wordings}
    assert set(found["wording_id"]) == set(by_id)
    for finding, pictures, question, wording_id in found.drop("sample_id").iter_rows():
        text = by_id[wording_id].one if pictures == 1 else by_id[wording_id].two
        assert text is not None
        assert question == text.replace(FINDING, words.finding(finding).phrase)
        assert by_id[wording_id].group == asked_group(words.finding(finding))
    assert found.columns == ["sample_id", "asked_finding", "pictures", "question", "wording_id"]


def test_the_choice_is_the_hash_of_seed_and_sample() -> None:
    found = ask_binary(200, seed=7).filter(pl.col("asked_finding") == "Pneumonia")
    n = len(wordings("disease_binary").of("suggestive"))
    places = found.select(pick_expr(7, pl.col("sample_id"), "wording", n)).to_series()
    assert found["wording_id"].to_list() == [f"disease_binary.en.v1.suggestive.{place + 1:02}" for place in places]


def test_the_choice_is_stable() -> None:
    assert ask_binary(10)["wording_id"].str.strip_prefix("disease_binary.en.v1.").to_list() == GOLDEN


def test_the_choice_depends_on_neither_order_nor_engine() -> None:
    straight = ask_binary(500).sort("sample_id")
    words = vocabulary()
    turned = worded(
        rows(500).reverse(), "disease_binary", 0, pictures=pl.col("pictures"), finding=pl.col("asked_finding"),
        group=asked_group_expr(pl.col("asked_finding"), words), vocabulary=words,
    )  # fmt: skip
    assert turned.collect(engine="streaming").sort("sample_id").equals(straight)


def test_a_note_ends_the_question_where_it_is_asked_for() -> None:
    words = vocabulary()
    found = worded(
        rows(400),
        "disease_single_choice",
        0,
        pictures=pl.lit(1),
        note=pl.col("asked_finding") == "Pneumonia",
        vocabulary=words,
    ).collect()
    table = wordings("disease_single_choice")
    notes = {note.id: note.text for note in table.no_finding_note}
    by_id = {table.wording_id(wording): wording.one for wording in table.wordings}
    seen = set()
    for finding, question, wording_id in found.select("asked_finding", "question", "wording_id").iter_rows():
        plain, _, note = wording_id.partition("+note.")
        assert question == (f"{by_id[plain]} {notes[note]}" if finding == "Pneumonia" else by_id[wording_id])
        seen.add(note)
    assert seen == {"", *notes}


def test_text_alone_has_one_form() -> None:
    found = worded(rows(50), "findings_summarization", 0, pictures=pl.lit(0), vocabulary=vocabulary()).collect()
    assert set(found["question"]) <= set(texts(wordings("findings_summarization")))


def test_what_the_wordings_lack_is_an_error() -> None:
    words = vocabulary()
    with pytest.raises(CxdataError, match="ask about a finding"):
        worded(rows(1), "disease_binary", 0, pictures=pl.lit(1), vocabulary=words)
    with pytest.raises(CxdataError, match="do not say what No Finding means"):
        worded(rows(1), "disease_multi_choice", 0, pictures=pl.lit(1), note=pl.lit(True), vocabulary=words)
    with pytest.raises(CxdataError, match="no wordings for this task"):
        wordings("palm_reading")
    for group, pictures in (("device", 1), ("any", 2)):
        asked = worded(
            rows(9), "view_classification", 0, pictures=pl.lit(pictures), group=pl.lit(group), vocabulary=words
        )
        with pytest.raises(pl.exceptions.InvalidOperationError):
            asked.collect()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('[{id: "01", one: "A?"}, {id: "01", one: "B?"}]', "ids stand twice: any.01"),
        ('[{id: "01", one: "A {colour}?"}]', "unknown placeholders: {colour}"),
        ('[{id: "01", one: "A {finding?"}]', "unknown placeholders: {finding?"),
        ('[{id: "01", one: "{finding}?"}]', "cannot begin a text"),
        ('[{id: "01", one: "A {finding}?"}, {id: "02", one: "B?"}]', "either every text holds {finding} once"),
        ('[{id: "01", one: "A {finding} {finding}?"}]', "either every text holds {finding} once"),
        ('[{id: "01", one: "A?", two: "B?"}, {id: "02", one: "C?"}]', "either every wording has a form for two"),
        ('[{id: "01", one: "A?", three: "B?"}]', "Extra inputs are not permitted"),
        ("[]", "at least 1 item"),
        ("[", "wordings cannot be read"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "palm_reading.yaml"
    path.write_text(f"task: palm_reading\nlanguage: en\nversion: 1\nwordings: {text}\n", encoding="utf-8")
    with pytest.raises(CxdataError) as error:
        load_wordings(path)
    assert what in error.value.what
    assert error.value.where == "palm_reading.yaml"
