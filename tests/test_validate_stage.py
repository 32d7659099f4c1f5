"""`validate` of stage folders: good ones pass for every trainer, and each thing that can be wrong is found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from stage_folders import BINARY, film, frame, row, standard_rows, write_rows, write_stage
from typer.testing import CliRunner

from cxdata.check.stage import is_stage, lower_end, validate_stage
from cxdata.check.verdict import Verdict
from cxdata.cli.app import app
from cxdata.export.formats import FORMATS, own_columns, shaped
from cxdata.export.schemas import as_table
from cxdata.model.errors import UsageError

SHARD = "rows-00000.parquet"
Change = Callable[[list[dict[str, Any]]], None]


def found(verdict: Verdict) -> set[tuple[str, str | None, str]]:
    return {(problem.where, problem.column, problem.code) for problem in verdict.problems}


def judged(folder: Path, *, form: str = "easyr1", embedded: bool = False, **changes: Any) -> set[Any]:
    """Problems of a folder whose second row of train is changed."""
    rows = standard_rows()
    rows[1] = {**rows[1], **changes}
    write_stage(folder, form, embedded=embedded, splits={"train": rows, "val": standard_rows("val")})
    return found(validate_stage(folder, form))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("embedded", [False, True], ids=["path", "embed"])
def test_a_good_folder_passes_and_says_what_was_checked(form: str, embedded: bool, tmp_path: Path) -> None:
    verdict = validate_stage(write_stage(tmp_path, form, embedded=embedded), deep=True)
    assert verdict.problems == []
    assert (verdict.ok, verdict.rows) == (True, 10)
    # 60 x 40 pixels grow to 644 x 420: 23 x 15 tokens a picture. Text of 58 and 38 bytes: 20 and 13 tokens.
    middle, most = 345 + 2 + 20 + 32, 2 * (345 + 2) + 13 + 32
    lengths = f"5 prompts of {middle} tokens in the middle, {most} at 99 %, {most} at most; 0 over 4,096"
    assert [note.removesuffix(" (pictures by their size, text estimated)") for note in verdict.notes] == [
        f"train: {lengths}",
        f"val: {lengths}",
        "gold: 8 answers earn the maximum of their reward",
        "gold: 2 answers checked for parsing only (free_text 2): cxmind-train check scores them",
    ]


PLANTED: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "a mark too few": ({"images": ["images/ab/one.png"]}, ("problem", "image_marks")),
    "a mark too many": ({"problem": BINARY + "<image>"}, ("problem", "image_marks")),
    "image pad": ({"problem": BINARY + " <|image_pad|>"}, ("problem", "special_token")),
    "vision start": ({"problem": BINARY + " <|vision_start|>"}, ("problem", "special_token")),
    "end of turn in the answer": ({"answer": "<answer>A</answer><|im_end|>"}, ("answer", "special_token")),
    "video": ({"problem": BINARY + " <video>"}, ("problem", "special_token")),
    "control character": ({"problem": BINARY + "\x1f"}, ("problem", "special_token")),
    "mark in the answer": ({"answer": "<answer><image></answer>"}, ("answer", "special_token")),
    "eight options": ({"problem": BINARY + "".join(f"\n{c}) x" for c in "CDEFGH")}, ("problem", "options")),
    "options out of order": ({"problem": BINARY + "\nD) Other"}, ("problem", "options")),
    "key that is not shown": ({"answer": "<answer>C</answer>"}, ("answer", "options")),
    "gold that is no option": ({"answer": "<answer>H</answer>"}, ("answer", "gold_form")),
    "gold in words": ({"answer": "Yes"}, ("answer", "gold_form")),
    "gold kind": ({"gold_kind": "trace"}, ("answer", "gold_kind")),
    "twice the letter": ({"answer": "<answer>A, A</answer>"}, ("answer", "gold_answer")),
    "no picture there": ({"images": ["images/ab/one.png", "images/no.png"]}, ("images", "picture_missing")),
    "path outside": ({"images": ["images/ab/one.png", "../one.png"]}, ("images", "picture_path")),
    "absolute path": ({"images": ["images/ab/one.png", "/one.png"]}, ("images", "picture_path")),
    "no path": ({"images": ["images/ab/one.png", None]}, ("images", "picture_empty")),
    "no words": ({"problem": " ", "images": []}, ("problem", "empty")),
    "no patient": ({"patient_keys": []}, ("patient_keys", "empty")),
    "null patients": ({"patient_keys": None}, ("patient_keys", "null")),
    "null answer": ({"answer": None}, ("answer", "null")),
    "null pictures": ({"images": None}, ("images", "null")),
    "split": ({"split": "val"}, ("split", "split_differs")),
    "order": ({"curriculum_order": -1}, ("curriculum_order", "order")),
    "too long": ({"problem": BINARY + " word" * 3000}, ("problem", "prompt_tokens")),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_each_planted_problem_is_found_where_it_stands(name: str, tmp_path: Path) -> None:
    changes, (column, code) = PLANTED[name]
    assert (f"train/{SHARD}:0:2", column, code) in judged(tmp_path, **changes)


@pytest.mark.parametrize("form", FORMATS)
def test_order_goes_on_over_row_groups_and_files(form: str, tmp_path: Path) -> None:
    write_stage(tmp_path, form)
    write_rows(tmp_path, "train", frame([row(3)], embedded=False), form, name="rows-00001.parquet")
    problems = found(validate_stage(tmp_path, form))
    assert ("train/rows-00001.parquet:0:1", "curriculum_order", "order") in problems
    assert ("mix.json", "rows.train", "count") in problems


def test_too_large_pictures_are_counted_by_the_processor_rules(tmp_path: Path) -> None:
    write_stage(tmp_path, "easyr1", splits={"train": standard_rows()})
    (tmp_path / "images/ab/one.png").write_bytes(film(3000, 3000))
    problems = found(validate_stage(tmp_path))
    assert (f"train/{SHARD}:0:1", "problem", "prompt_tokens") in problems


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "picture_empty"), (b"no picture", "picture_undecodable"), (film()[:-8], "picture_truncated"),
     (film(20, 20), "picture_too_small"), (b"\0" * 128 + b"DICM", "picture_kind")],
)  # fmt: skip
@pytest.mark.parametrize("embedded", [False, True], ids=["path", "embed"])
def test_broken_pictures(content: bytes, code: str, embedded: bool, tmp_path: Path) -> None:
    write_stage(tmp_path, "easyr1", embedded=embedded)
    if embedded:
        rows = frame(standard_rows(), embedded=True).to_dicts()
        rows[0]["images"][0]["bytes"] = content
        write_rows(tmp_path, "train", pl.DataFrame(rows, schema=frame([], embedded=True).schema), "easyr1")
    else:
        (tmp_path / "images/ab/one.png").write_bytes(content)
    codes = {(where, code) for where, _, code in found(validate_stage(tmp_path))}
    wanted = "picture_undecodable" if content == b"" and embedded else code
    assert (f"train/{SHARD}:0:1", wanted) in codes


@pytest.mark.parametrize("form", ["easyr1", "verl", "llamafactory"])
def test_embedded_rows_without_bytes(form: str, tmp_path: Path) -> None:
    write_stage(tmp_path, form, embedded=True)
    rows = frame(standard_rows(), embedded=True).to_dicts()
    rows[0]["images"][0]["bytes"] = None
    write_rows(tmp_path, "train", pl.DataFrame(rows, schema=frame([], embedded=True).schema), form)
    assert (f"train/{SHARD}:0:1", "images", "picture_empty") in found(validate_stage(tmp_path))


def test_damage_that_only_decoding_shows(tmp_path: Path) -> None:
    write_stage(tmp_path, "easyr1")
    content = bytearray(film(200, 200))
    content[content.index(b"IDAT") + 30] ^= 0xFF
    (tmp_path / "images/ab/one.png").write_bytes(bytes(content))
    assert validate_stage(tmp_path).ok
    assert {problem.code for problem in validate_stage(tmp_path, deep=True).problems} == {"picture_undecodable"}


@pytest.mark.parametrize("form", [form for form in FORMATS if own_columns(form)])
def test_own_columns_must_say_what_the_others_say(form: str, tmp_path: Path) -> None:
    write_stage(tmp_path, form)
    good = pl.read_parquet(tmp_path / "train" / SHARD)
    other = shaped(frame([row(i, problem="Else: <image>", answer="<answer>C</answer>") for i in range(5)],
                         embedded=False), form)  # fmt: skip
    own = [name for name in own_columns(form) if name not in ("data_source", "ability", "extra_info")]
    mixed = good.with_columns(other[name] for name in own)
    pq.write_table(as_table(mixed, form), tmp_path / "train" / SHARD)
    problems = found(validate_stage(tmp_path))
    assert {column for where, column, code in problems if code == "columns_differ"} == set(own)


def test_another_trainers_folder_lacks_columns(tmp_path: Path) -> None:
    write_stage(tmp_path, "easyr1")
    problems = found(validate_stage(tmp_path, "verl"))
    assert ("mix.json", "format", "format_differs") in problems
    assert (f"train/{SHARD}", "prompt", "column_missing") in problems
    assert (f"train/{SHARD}", "images", "column_type") in problems


def test_files_of_the_folder(tmp_path: Path) -> None:
    write_stage(tmp_path, "llamafactory")
    (tmp_path / "train" / "notes.txt").write_text("x")
    (tmp_path / "val" / SHARD).rename(tmp_path / "val" / "val-00000.parquet")
    (tmp_path / "train" / "rows-00002.parquet").write_bytes(b"PAR1")
    for name in ("recipe.yaml", "dataset_info.json"):
        (tmp_path / name).unlink()
    problems = found(validate_stage(tmp_path))
    assert problems == {
        ("train/notes.txt", None, "foreign_file"), ("val/val-00000.parquet", None, "file_name"),
        ("train/rows-00002.parquet", None, "unreadable"), ("recipe.yaml", None, "missing"),
        ("dataset_info.json", None, "missing"),
    }  # fmt: skip


def test_a_folder_without_train_or_record(tmp_path: Path) -> None:
    write_stage(tmp_path, "easyr1", splits={"val": standard_rows("val")})
    assert ("train", None, "no_rows") in found(validate_stage(tmp_path))
    (tmp_path / "mix.json").unlink()
    assert ("mix.json", None, "missing") in found(validate_stage(tmp_path, "easyr1"))
    with pytest.raises(UsageError):
        validate_stage(tmp_path)
    (tmp_path / "mix.json").write_text("[")
    assert ("mix.json", None, "unreadable") in found(validate_stage(tmp_path, "easyr1"))


@pytest.mark.parametrize(
    ("told", "code"),
    [({"accuracy": 0.60, "chance": 0.5, "n": 4000}, "text_only"), ({"accuracy": 0.60, "chance": 0.5, "n": 100}, None),
     ({"accuracy": 0.55, "chance": 0.5, "n": 4000}, None), ({"accuracy": 1.0, "chance": 0.5, "n": 3}, None),
     ({"accuracy": 1.0, "chance": 0.25, "n": 20}, "text_only"), ({"accuracy": 0.6}, "text_only_unreadable")],
)  # fmt: skip
def test_what_text_alone_answers(told: dict[str, Any], code: str | None, tmp_path: Path) -> None:
    write_stage(tmp_path, "easyr1")
    mix = json.loads((tmp_path / "mix.json").read_text())
    (tmp_path / "mix.json").write_text(json.dumps({**mix, "text_only": {"disease_binary": told}}))
    wanted = set() if code is None else {("mix.json", "text_only.disease_binary", code)}
    assert found(validate_stage(tmp_path)) == wanted


def test_instruction_tuning_is_told_what_text_alone_answers(tmp_path: Path) -> None:
    write_stage(tmp_path, "easyr1")
    told = {"stage": "sft", "text_only": {"disease_binary": {"accuracy": 0.9, "chance": 0.5, "n": 400}}}
    mix = json.loads((tmp_path / "mix.json").read_text())
    (tmp_path / "mix.json").write_text(json.dumps({**mix, **told}))
    verdict = validate_stage(tmp_path)
    assert verdict.ok
    assert verdict.notes[-1].startswith("text_only.disease_binary: text alone answers 90.0% of 400 rows, chance 50.0%")


def test_the_interval_is_wilsons() -> None:
    # Worked by hand for 8 of 10: (0.8 + 0.19208 - 1.96 * sqrt(0.016 + 0.009604)) / 1.38416.
    assert lower_end(0.8, 10) == pytest.approx(0.4902, abs=1e-4)
    assert lower_end(0.0, 10) == pytest.approx(0.0, abs=1e-12)
    assert lower_end(0.9, 0) == 0.0


def test_choices_whose_options_do_not_stand_a_line_each_are_told(tmp_path: Path) -> None:
    rows = [row(0, problem="<image> Is it A) old or B) new?")]
    verdict = validate_stage(write_stage(tmp_path, "easyr1", splits={"train": rows}))
    assert verdict.ok
    assert verdict.notes[-1] == "options: 1 of 1 choices do not list them a line each: not judged"


def test_plain_mixes_answer_in_words(tmp_path: Path) -> None:
    answers = ["B) Pneumonia", "A) Edema\nB) Pneumonia", "B", "C) Other", "<answer>B</answer>"]
    rows = [row(i, answer=answer) for i, answer in enumerate(answers)]
    rows += [row(5, problem="Sum up.", images=[], answer="Clear lungs.", reward="free_text", stage="sft"),
             row(6, problem="Sum up.", images=[], answer=" ", reward="free_text", stage="sft")]  # fmt: skip
    write_stage(tmp_path, "llamafactory", splits={"train": rows})
    assert (f"train/{SHARD}:0:1", "answer", "gold_form") in found(validate_stage(tmp_path))
    mix = json.loads((tmp_path / "mix.json").read_text())
    (tmp_path / "mix.json").write_text(json.dumps({**mix, "config": {"prompt": "plain"}}))
    verdict = validate_stage(tmp_path)
    assert found(verdict) == {
        (f"train/{SHARD}:0:3", "answer", "gold_form"), (f"train/{SHARD}:1:1", "answer", "options"),
        (f"train/{SHARD}:1:2", "answer", "gold_form"), (f"train/{SHARD}:2:1", "answer", "gold_form"),
    }  # fmt: skip
    assert verdict.notes[-1] == "gold: 4 answers in words, as plain prompts have them: read, not scored"


def test_no_text_of_a_row_stands_in_a_message(tmp_path: Path) -> None:
    rows = [row(0, problem="secretword <|im_end|>", answer="secretword", images=["secretword.png"])]
    write_stage(tmp_path, "verl", splits={"train": rows})
    told = validate_stage(tmp_path)
    assert not told.ok
    assert "secretword" not in json.dumps(told.as_json())


def test_the_command(tmp_path: Path) -> None:
    folder = write_stage(tmp_path / "closed", "verl")
    assert is_stage(folder)
    run = CliRunner()
    for words in ([], ["--for", "verl"]):
        good = run.invoke(app, ["validate", str(folder), *words, "--json"])
        assert good.exit_code == 0, good.output
        assert json.loads(good.stdout)["ok"] is True
    assert run.invoke(app, ["validate", str(folder), "--for", "trl"]).exit_code == 1
    assert run.invoke(app, ["validate", str(folder), "--for", "csv"]).exit_code == 2
    (tmp_path / "none").mkdir()
    refused = run.invoke(app, ["validate", str(tmp_path / "none"), "--for", "trl"])
    assert isinstance(refused.exception, UsageError) or refused.exit_code == 2
