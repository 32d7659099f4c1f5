"""What a run reads: recipes, rows in their order, pictures where their marks stand, lengths, options."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from trained_folders import closed_row, open_row, picture, write_stage

from cxdata.images.tokens import Limits
from cxdata.model.errors import CxdataError, RefusedError, UsageError
from cxmind_train.config import SHIPPED, VERBS, Filter, Recipe, merged, recipe_for
from cxmind_train.data.folder import stage_folder
from cxmind_train.data.options import options_of, rotated
from cxmind_train.data.prompts import blocks, prompt_tokens
from cxmind_train.data.rows import chosen, read_rows
from cxmind_train.data.training import check_golds, prepared
from cxmind_train.engines.arguments import cadence, grpo_arguments, save_steps, sft_arguments
from cxmind_train.preflight.check import check
from cxmind_train.runs import MARK, RunFolder
from cxmind_train.train import STAGES

SMOKE = recipe_for("stage1", "smoke")
SMALL = Recipe.model_validate({
    "data": {"min_pixels": 784, "max_pixels": 3136, "max_prompt_tokens": 200}, "device": {"cpu": True, "gpus": 1},
    "rollout": {"prompts": 4, "prompts_an_update": 2, "generations": 2, "per_device": 4},
})  # fmt: skip


def words(text: str) -> int:
    return len(text.split())


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("verb", VERBS)
def test_shipped_recipes_are_whole(name: str, verb: Any) -> None:
    recipe = recipe_for(verb, name)
    assert not recipe.data.shuffle
    for world in (1, recipe.device.gpus):
        assert grpo_arguments(recipe, Path("run"), world)["shuffle_dataset"] is False


def test_the_reference_is_in_the_shipped_recipes() -> None:
    told = grpo_arguments(recipe_for("stage1"), Path("run"), 4)
    assert told["generation_batch_size"] == 640
    assert told["per_device_train_batch_size"] * told["gradient_accumulation_steps"] * 4 == 160
    assert (told["beta"], told["learning_rate"], told["delta"], told["loss_type"]) == (0.01, 1e-6, 3.0, "bnpo")
    assert told["use_bias_correction_kl"] is False
    assert recipe_for("stage2").epochs == 2
    assert recipe_for("stage2").device.gpus == 8


def test_saves_fall_where_a_generation_ends() -> None:
    recipe = recipe_for("stage1", None, ("save_steps=10",))
    cut = cadence(recipe, 4)
    assert cut == (10, 4)
    assert save_steps(recipe, cut.updates_a_generation) == 12
    assert grpo_arguments(recipe, Path("run"), 4)["save_steps"] % 4 == 0


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (("rollout.generations=1",), "rollout.generations"),
        (("rollout.prompts=10", "rollout.prompts_an_update=4"), "multiple"),
        (("epoch=3",), "epoch"),
        (("data.max_pixels=big",), "data.max_pixels"),
    ],
)
def test_a_recipe_that_cannot_be_is_told_by_its_key(changes: tuple[str, ...], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        recipe_for("stage1", None, changes)


def test_recipes_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(CxdataError, match="cannot be read"):
        recipe_for("stage1", str(tmp_path / "none.yaml"))
    (tmp_path / "list.yaml").write_text("- 1")
    with pytest.raises(UsageError, match="mapping"):
        recipe_for("stage1", str(tmp_path / "list.yaml"))
    with pytest.raises(UsageError, match="no change"):
        recipe_for("stage1", None, ("epochs",))


def test_devices_that_do_not_share_evenly() -> None:
    with pytest.raises(UsageError, match="no multiple"):
        cadence(recipe_for("stage1"), 3)
    with pytest.raises(UsageError, match="no multiple"):
        sft_arguments(recipe_for("sft"), Path("run"), 3)


def test_merging_goes_down_and_the_second_decides() -> None:
    assert merged({"a": {"b": 1}, "c": 2}, {"a": {"d": 3}, "c": {"e": 4}}) == {"a": {"b": 1, "d": 3}, "c": {"e": 4}}


def test_rows_keep_their_order_and_give_their_pictures(tmp_path: Path) -> None:
    rows = read_rows(write_stage(tmp_path), "train")
    assert rows.frame["curriculum_order"].to_list() == list(range(24))
    assert rows.frame["finding"].unique().to_list() == ["Edema"]
    for place in (0, 9, 10, 23, 1):
        (shown,) = rows.pictures(place)
        assert shown.getpixel((3, 3)) == (200 if place % 2 == 0 else 40)
        assert rows.sizes(place) == [(56, 56)]


def test_pictures_by_path_and_a_path_that_leaves_the_folder(tmp_path: Path) -> None:
    write_stage(tmp_path, splits={"train": [closed_row(0, images=[{"bytes": None, "path": "images/a.png"}]),
                                            closed_row(1, images=[{"bytes": None, "path": "../b.png"}])]})  # fmt: skip
    rows = read_rows(stage_folder(tmp_path), "train")
    with pytest.raises(CxdataError, match="cannot be read"):
        rows.pictures(0)
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.png").write_bytes(picture(7))
    assert rows.pictures(0)[0].getpixel((0, 0)) == 7
    assert rows.sizes(0) == [(56, 56)]
    with pytest.raises(CxdataError, match="leaves the stage folder"):
        rows.pictures(1)


def test_filters_take_rows_by_what_they_say(tmp_path: Path) -> None:
    rows = read_rows(write_stage(tmp_path), "train")
    assert len(chosen(rows, Filter(findings=("Edema",), contains="A) Yes"))) == 24
    assert len(chosen(rows, (Filter(sources=("mimic",), most=3), Filter(levels=("single",))))) == 3
    assert len(chosen(rows, Filter(), most=5)) == 5
    with pytest.raises(CxdataError, match="no row of train is left: findings"):
        chosen(rows, Filter(findings=("Mass",)))


def test_folders_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(CxdataError, match="no stage folder"):
        stage_folder(tmp_path)
    (tmp_path / "mix.json").write_text('{"stage": "other"}')
    with pytest.raises(CxdataError, match="names no stage"):
        stage_folder(tmp_path)
    with pytest.raises(CxdataError, match="no row in val"):
        read_rows(write_stage(tmp_path), "val")


def test_picture_marks_stay_in_their_places() -> None:
    text = {"type": "text", "text": "and"}
    assert blocks("<image>and<image>") == [{"type": "image"}, text, {"type": "image"}]


def test_prompt_tokens_are_pictures_and_words(tmp_path: Path) -> None:
    rows = read_rows(write_stage(tmp_path, splits={"train": [closed_row(0)]}), "train")
    small, large = (prompt_tokens(rows, Limits(784, most), words)[0] for most in (784, 3136))
    assert large - small == 3
    odd = write_stage(tmp_path / "odd", splits={"train": [closed_row(0, images=[])]})
    with pytest.raises(CxdataError, match="1 marks for 0 pictures"):
        prompt_tokens(read_rows(odd, "train"), Limits(), words)


def test_options_turn_with_their_letters() -> None:
    problem = closed_row(0)["problem"]
    assert options_of(problem).names == ("Yes", "No")  # type: ignore[union-attr]
    turned, letter = rotated(problem, "A", 1)
    assert "A) No\nB) Yes\n" in turned
    assert letter == "B"
    assert rotated(turned, "B", 1) == (problem, "A")
    assert rotated(problem, "A, B", 1)[1] == "A, B"
    assert rotated("Which?", "A", 1) == ("Which?", "A")
    assert options_of("B) No\nA) Yes") is None


def test_what_cannot_be_trained_on_is_left_out_and_counted(tmp_path: Path) -> None:
    told = [
        closed_row(0),
        closed_row(1, problem="Is there edema?", images=[]),
        closed_row(2, problem="<image>" + "x " * 300),
    ]
    made = prepared(read_rows(write_stage(tmp_path, splits={"train": told}), "train"), SMALL, words)
    assert made.rows.frame["curriculum_order"].to_list() == [0]
    assert made.left_out == {"no_picture": 1, "prompt_tokens": 1}
    tight = merged(SMALL.model_dump(), {"data": {"max_prompt_tokens": 1}})
    with pytest.raises(CxdataError, match="no row is left to train on"):
        prepared(read_rows(stage_folder(tmp_path), "train"), Recipe.model_validate(tight), words)


def test_a_curriculum_is_not_shuffled(tmp_path: Path) -> None:
    shuffled = Recipe.model_validate(merged(SMALL.model_dump(), {"data": {"shuffle": True}}))
    with pytest.raises(UsageError, match="would undo the curriculum"):
        prepared(read_rows(write_stage(tmp_path), "train"), shuffled, words)
    flat = [closed_row(place, curriculum_order=0) for place in range(4)]
    prepared(read_rows(write_stage(tmp_path / "flat", splits={"train": flat}), "train"), shuffled, words)


def test_golds_that_no_reward_reads(tmp_path: Path) -> None:
    told = [closed_row(0), closed_row(1, answer="<answer>maybe</answer>"), closed_row(2, reward="none")]
    with pytest.raises(CxdataError, match="2 rows have a gold"):
        check_golds(read_rows(write_stage(tmp_path, splits={"train": told}), "train"))
    check_golds(read_rows(write_stage(tmp_path / "open", "open"), "train"))


def test_check_tells_everything_at_once(tmp_path: Path) -> None:
    good = check(write_stage(tmp_path / "good").home, "stage1", SMALL)
    assert good.used == 24
    assert good.steps["updates"] == 12
    assert not [problem for problem in good.problems if "not installed" not in problem]
    wide = Recipe.model_validate(
        merged(SMALL.model_dump(), {"data": {"max_pixels": 4_194_304, "max_prompt_tokens": 4096}})
    )
    (told,) = [one for one in check(tmp_path / "good", "stage1", wide).problems if "max_pixels" in one]
    assert "up to 5,350 tokens a picture, over the 4,096 of a prompt" in told
    assert "set data.max_pixels to" in told
    bad = [closed_row(0, answer="<answer>maybe</answer>"), closed_row(1, reward="none"), *map(closed_row, range(2, 9))]
    problems = " ".join(check(write_stage(tmp_path / "bad", splits={"train": bad}).home, "stage1", SMALL).problems)
    assert "cannot be reinforced" in problems
    assert "golds do not earn the maximum" in problems


def test_check_reckons_memory_for_cards(tmp_path: Path) -> None:
    recipe = recipe_for("stage1")
    told = check(write_stage(tmp_path, splits={"train": [closed_row(n) for n in range(70)]}).home, "stage1", recipe)
    assert told.memory_gib["together"] == pytest.approx(
        sum(told.memory_gib.values()) - told.memory_gib["together"], abs=0.2
    )
    assert "accelerate launch" in told.launch
    assert Path(told.launch.split()[3]).is_file()
    assert told.missing  # no vLLM here


def test_runs_are_begun_once_and_gone_on_with_alike(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    record = {"verb": "stage1", "recipe": {"epochs": 1, "data": {"max_rows": None}}, "data_digest": "a", "model": "m"}
    with pytest.raises(CxdataError, match="no run to go on with"):
        run.go_on(record)
    run.begin(record)
    with pytest.raises(RefusedError, match="holds a run"):
        run.begin(record)
    assert run.go_on(record) is None
    with pytest.raises(RefusedError, match=r"recipe.data.max_rows is None there, 5 here"):
        run.go_on({**record, "recipe": {"epochs": 1, "data": {"max_rows": 5}}})
    with pytest.raises(RefusedError, match="something else"):
        RunFolder(tmp_path).begin(record)


def test_the_last_whole_checkpoint_counts_and_later_lines_go(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    record = {"verb": "stage1"}
    run.begin(record)
    for step, whole in ((4, True), (12, True), (16, False)):
        home = run.home / f"checkpoint-{step}"
        home.mkdir()
        if whole:
            (home / MARK).write_text("{}")
    run.metrics.write_text("".join(json.dumps({"step": step}) + "\n" for step in range(1, 17)) + '{"step": 1')
    assert run.go_on(record) == run.home / "checkpoint-12"
    assert [json.loads(line)["step"] for line in run.metrics.read_text().splitlines()] == list(range(1, 13))


def test_stages_belong_to_verbs() -> None:
    assert STAGES["stage1"] == ("closed",)
    assert STAGES["stage2"] == ("open",)
    assert open_row(0)["stage"] == "open"
