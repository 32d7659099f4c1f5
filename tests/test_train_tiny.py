"""Training itself, with a tiny random model on a processor: the gate, checkpoints, resume, and what a run leaves."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from trained_folders import closed_row, write_stage

from cxdata.model.errors import RefusedError
from cxmind_train.config import Recipe, recipe_for
from cxmind_train.engines.arguments import grpo_arguments
from cxmind_train.requirements import TRAINING, missing
from cxmind_train.runs import MARK, RunFolder
from cxmind_train.train import Order, train

pytestmark = [
    pytest.mark.skipif(bool(missing(*TRAINING)), reason="pip install 'cxdata[train]'"),
    pytest.mark.filterwarnings("default"),
]
FEW = (
    "data.filter=[{tasks: [disease_binary, disease_open]}]", "data.max_pixels=3136", "data.min_pixels=784",
    "rollout={prompts: 4, prompts_an_update: 2, generations: 2, per_device: 4, max_tokens: 64}", "save_steps=1",
    "max_steps=4", "sft={batch: 8, per_device: 8}",
)  # fmt: skip


def order(verb: Any, data: Path, model: str, out: Path, *changes: str, resume: bool = False) -> Order:
    return Order(verb, data, model, out, recipe_for(verb, "smoke", (*FEW, *changes)), lambda _: None, resume)


def lines(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tuned tiny model: a run of `sft`."""
    home = tmp_path_factory.mktemp("tiny")
    train(order("sft", write_stage(home / "mix").home, "tiny", home / "run", "max_steps=60", "save_steps=60"))
    return home / "run"


def test_sft_leaves_a_model_that_loads(tiny: Path) -> None:
    from transformers import AutoModelForImageTextToText

    record = json.loads((tiny / "run.json").read_text())
    assert (record["verb"], record["reward_mode"], record["seed"]) == ("sft", "fixed", 0)
    assert record["versions"]["trl"] == "1.16.0"
    assert len(record["data_digest"]) == 64
    assert "loss" in lines(tiny)[-1]
    model = AutoModelForImageTextToText.from_pretrained(tiny / "final")
    first = AutoModelForImageTextToText.from_pretrained(tiny / "tiny")
    assert any((a != b).any() for a, b in zip(model.parameters(), first.parameters(), strict=True))
    assert (
        json.loads((tiny / "final" / "processor_config.json").read_text())["processor_class"] == "Qwen2_5_VLProcessor"
    )


def test_stage1_gates_logs_and_saves_where_generations_end(tiny: Path, tmp_path: Path) -> None:
    data = write_stage(tmp_path / "mix").home
    train(order("stage1", data, str(tiny), tmp_path / "run"))
    told = lines(tmp_path / "run")
    rewarded = [line for line in told if "reward" in line]
    assert [line["step"] for line in told] == [1, 2, 3, 4]
    assert [line["step"] for line in rewarded] == [1, 3], "two updates a generation"
    assert all({"accuracy", "format", "gate_open", "gate_average", "kl"} <= line.keys() for line in rewarded)
    assert sorted(path.name for path in (tmp_path / "run").glob("checkpoint-*")) == ["checkpoint-2", "checkpoint-4"]
    kept = json.loads((tmp_path / "run" / "checkpoint-4" / MARK).read_text())
    assert (kept["step"], kept["gate"]["batches"]) == (4, 2)
    with pytest.raises(RefusedError, match="--resume"):
        train(order("stage1", data, str(tiny), tmp_path / "run"))
    assert train(order("stage1", data, str(tiny), tmp_path / "run", resume=True)) == tmp_path / "run" / "final"


@pytest.mark.slow
def test_resume_is_the_unbroken_run(tiny: Path, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForImageTextToText

    data = write_stage(tmp_path / "mix").home
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    train(order("stage1", data, str(tiny), whole, "optimiser.learning_rate=1e-2"))
    train(order("stage1", data, str(tiny), broken, "optimiser.learning_rate=1e-2"))
    for gone in ("final", "checkpoint-4"):
        for path in sorted((broken / gone).rglob("*"), reverse=True):
            path.unlink()
        (broken / gone).rmdir()
    train(order("stage1", data, str(tiny), broken, "optimiser.learning_rate=1e-2", resume=True))
    assert any(line.get("reward_std", 0) > 0 for line in lines(whole)), "something was learnt from"
    told = [[{k: v for k, v in line.items() if k != "seconds"} for line in lines(run)] for run in (whole, broken)]
    assert told[0] == told[1]
    models = [AutoModelForImageTextToText.from_pretrained(run / "final") for run in (whole, broken)]
    states = [model.state_dict() for model in models]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    kept = [json.loads((run / "checkpoint-4" / MARK).read_text()) for run in (whole, broken)]
    assert kept[0] == kept[1]


def test_weights_come_back_whole(tiny: Path, tmp_path: Path) -> None:
    """transformers' own loading finds one tensor of these, and says so in a warning alone."""
    from transformers import AutoModelForImageTextToText

    from cxmind_train.engines.trl import _Checkpoints

    class Held:
        is_fsdp_enabled = is_deepspeed_enabled = False

        def unwrap_model(self, model: Any) -> Any:
            return model

    model = AutoModelForImageTextToText.from_pretrained(tiny / "tiny")
    trainer: Any = type("Trainer", (_Checkpoints, Held), {})()
    trainer.accelerator, trainer.model = Held(), model
    trainer._load_from_checkpoint(str(tiny / "final"))
    wanted = AutoModelForImageTextToText.from_pretrained(tiny / "final").state_dict()
    assert all((value == wanted[name]).all() for name, value in model.state_dict().items())


def test_the_gate_takes_the_bonus_away_and_an_evaluation_does_not_move_it(tiny: Path) -> None:
    import torch
    from trl import GRPOConfig

    from cxmind_train.data.folder import stage_folder
    from cxmind_train.data.rows import read_rows
    from cxmind_train.data.training import dataset
    from cxmind_train.engines.trl import GatedGRPOTrainer
    from cxmind_train.engines.trl_rewards import PARTS, WEIGHTS, Scorer
    from cxmind_train.gate import Gate, GateSettings
    from cxmind_train.models.processors import load_processor

    recipe: Recipe = recipe_for("stage1", "smoke", FEW)
    rows = read_rows(stage_folder(tiny.parent / "mix"), "train")
    gate = Gate(GateSettings(rule="average"))
    trainer = GatedGRPOTrainer(
        model=str(tiny / "final"), reward_funcs=Scorer(recipe.rewards, rows.frame.to_dicts()).functions(), gate=gate,
        args=GRPOConfig(**grpo_arguments(recipe, tiny / "unused", 1), reward_weights=list(WEIGHTS)),
        train_dataset=dataset(rows, with_answer=False),
        processing_class=load_processor(str(tiny / "final"), (784, 3136)),
    )  # fmt: skip
    right, wrong = rows.frame["answer"][0], "<think>x</think><answer>B</answer>"
    bonus = PARTS.index("bonus")

    def rewards(*texts: str) -> torch.Tensor:
        completions = [[{"role": "assistant", "content": text}] for text in texts]
        inputs = [{"row": 0, "prompt": []} for _ in texts]
        return trainer._calculate_rewards(inputs, [[] for _ in texts], completions, [[0] for _ in texts])

    trainer.model.train()
    assert rewards(right, right)[:, bonus].tolist() == pytest.approx([0.3, 0.3])
    assert rewards(right, wrong)[:, bonus].tolist() == [0, 0]
    assert rewards(right, wrong)[:, PARTS.index("base")].tolist() == pytest.approx([0.7, 0.7 * 0.3])
    before = gate.state()
    trainer.model.eval()
    assert rewards(right, wrong)[:, bonus].tolist() == pytest.approx([0.3, 0])
    assert gate.state() == before


@pytest.mark.slow
def test_adapters_and_rows_of_several_pictures(tiny: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForImageTextToText

    one = closed_row(0)["problem"]
    two = [closed_row(n, problem=f"<image>\n{one}", images=closed_row(n)["images"] * 2) for n in range(8, 16)]
    data = write_stage(tmp_path / "mix", splits={"train": [*map(closed_row, range(8)), *two]}).home
    changes = ("lora={rank: 4, alpha: 8}", "optimiser.learning_rate=1e-2")
    train(order("stage1", data, str(tiny), tmp_path / "run", *changes))
    assert (tmp_path / "run" / "adapter" / "adapter_config.json").is_file()
    merged = AutoModelForImageTextToText.from_pretrained(tmp_path / "run" / "final").state_dict()
    base = AutoModelForImageTextToText.from_pretrained(tiny / "final").state_dict()
    changed = {name for name in base if (base[name] != merged[name]).any()}
    assert changed
    assert all("visual" not in name for name in changed)


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["sft", "stage1"])
def test_resume_with_adapters_is_the_unbroken_run(tiny: Path, tmp_path: Path, verb: str) -> None:
    import torch
    from safetensors.torch import load_file
    from transformers import AutoModelForImageTextToText

    data = write_stage(tmp_path / "mix").home
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    changes = ("lora={rank: 4, alpha: 8, dropout: 0.1}", "optimiser.learning_rate=1e-2", "keep=4")
    train(order(verb, data, str(tiny), whole, *changes))
    shutil.copytree(whole, broken)
    for gone in (broken / "final", broken / "adapter", *broken.glob("checkpoint-[34]")):
        shutil.rmtree(gone)
    last = RunFolder(broken).last_checkpoint()
    assert last is not None
    assert last.name == "checkpoint-2"
    train(order(verb, data, str(tiny), broken, *changes, resume=True))
    assert verb == "sft" or any(line.get("reward_std", 0) > 0 for line in lines(whole)), "something was learnt from"
    told = [[{k: v for k, v in line.items() if k != "seconds"} for line in lines(run)] for run in (whole, broken)]
    assert told[0] == told[1]
    adapters = [load_file(run / "adapter" / "adapter_model.safetensors") for run in (whole, broken)]
    before = load_file(whole / "checkpoint-2" / "adapter_model.safetensors")
    assert adapters[0].keys() == adapters[1].keys() == before.keys()
    assert any(not torch.equal(before[name], adapters[0][name]) for name in before), "steps 3 and 4 changed something"
    assert all(torch.equal(adapters[0][name], adapters[1][name]) for name in before)
    states = [AutoModelForImageTextToText.from_pretrained(run / "final").state_dict() for run in (whole, broken)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    kept = [json.loads((run / "checkpoint-4" / MARK).read_text()) for run in (whole, broken)]
    assert kept[0] == kept[1]


@pytest.mark.slow
def test_stage2_goes_on_from_the_run_of_stage1(tiny: Path, tmp_path: Path) -> None:
    data = write_stage(tmp_path / "mix", "open").home
    train(order("stage2", data, str(tiny), tmp_path / "run"))
    assert "reward" in lines(tmp_path / "run")[0]
    assert json.loads((tmp_path / "run" / "run.json").read_text())["model"] == str(tiny)


def test_missing_libraries_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cxdata.model.errors import CxdataError

    data = write_stage(tmp_path / "mix", splits={"train": [closed_row(0)]}).home
    monkeypatch.setattr("cxmind_train.requirements.find_spec", lambda name: None if name == "trl" else object())
    with pytest.raises(CxdataError, match="not installed: trl") as told:
        train(order("stage1", data, "tiny", tmp_path / "run"))
    assert "pip install 'cxdata[train]'" in str(told.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_two_processes_have_one_gate(tiny: Path, tmp_path: Path) -> None:
    data = write_stage(tmp_path / "mix").home
    script = Path(__file__).with_name("two_ranks.py")
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    words = [str(data), str(tiny), str(tmp_path / "run"), *FEW, "rollout.per_device=2", "gate.rule=average"]
    ran = subprocess.run(
        [*launch, str(script), *words], capture_output=True, text=True, check=False, timeout=600,
        env={**os.environ, "PYTHONPATH": str(script.parents[1])},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    first, second = (json.loads((tmp_path / f"run-gate-{rank}.json").read_text()) for rank in (0, 1))
    assert len(first) == 2
    assert first == second
    assert len(first[0]["rewards"]) == 8, "the completions of both"
