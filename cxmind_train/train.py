"""The verbs that train: sft, stage1, stage2."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cxdata.model.errors import UsageError
from cxmind_train.config import Recipe, Verb
from cxmind_train.data.folder import StageFolder, stage_folder
from cxmind_train.data.rows import Rows, read_rows
from cxmind_train.data.training import Prepared, check_golds, dataset, prepared
from cxmind_train.engines.arguments import grpo_arguments, sft_arguments, world_size
from cxmind_train.models.named import resolved_model
from cxmind_train.requirements import TRAINING, need, versions
from cxmind_train.runs import RunFolder

STAGES: Final[dict[Verb, tuple[str, ...]]] = {
    "sft": ("sft", "closed", "open"), "stage1": ("closed",), "stage2": ("open",),
}  # fmt: skip
QUIET: Final = {"HF_HUB_DISABLE_TELEMETRY": "1", "TRL_EXPERIMENTAL_SILENCE": "1", "TOKENIZERS_PARALLELISM": "false"}


@dataclass(frozen=True)
class Order:
    """What to train: the verb, its data and model, the folder of the run, the recipe, whether to go on."""

    verb: Verb
    data: Path
    model: str
    out: Path
    recipe: Recipe
    say: Callable[[str], None]
    resume: bool = False


def train(order: Order) -> Path:
    """Train; returns where the model lies.

    Raises CxdataError for what is missing or cannot be, RefusedError for a folder that holds another run.
    """
    need(*packages(order.recipe))
    os.environ.update(QUIET)
    folder = stage_folder(order.data)
    _check_stage(folder, order.verb)
    rows = read_rows(folder, "train")
    run = RunFolder(order.out)
    checkpoint = _opened(run, order, folder)
    if run.is_finished:
        order.say(f"{order.out} is finished: nothing to do")
        return run.final
    limits = (order.recipe.data.min_pixels, order.recipe.data.max_pixels)
    with _main_first(order.recipe):
        model = resolved_model(order.model, rows, limits, order.recipe.seed, order.out)
    _set_threads(order.recipe)
    _trained(order, run, rows, model, checkpoint)
    return run.final


def packages(recipe: Recipe) -> list[str]:
    """What a run imports by its recipe."""
    wanted = [*TRAINING, *recipe.log_to]
    return [*wanted, *(["peft"] if recipe.lora else []), *(["vllm"] if recipe.vllm.mode != "off" else [])]


def _trained(order: Order, run: RunFolder, rows: Rows, model: str, checkpoint: Path | None) -> None:
    from cxmind_train.engines.logging import quieten
    from cxmind_train.models.processors import load_processor

    limits = (order.recipe.data.min_pixels, order.recipe.data.max_pixels)
    processor = load_processor(model, limits)
    made = prepared(rows, order.recipe, lambda text: len(processor.tokenizer(text)["input_ids"]))
    _tell(order, made)
    trainer = (_supervised if order.verb == "sft" else _reinforced)(order, run, made.rows, model, processor)
    quieten(trainer)
    trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    _save(trainer, processor, run, order.recipe, model)


def _reinforced(order: Order, run: RunFolder, rows: Rows, model: str, processor: Any) -> Any:
    from trl import GRPOConfig

    from cxmind_train.engines.trl import GatedGRPOTrainer
    from cxmind_train.engines.trl_rewards import WEIGHTS, Scorer
    from cxmind_train.gate import Gate

    check_golds(rows)
    scorer = Scorer(order.recipe.rewards, rows.frame.to_dicts())
    arguments = grpo_arguments(order.recipe, run.home, world_size())
    _check_enough(len(rows), order.recipe)
    return GatedGRPOTrainer(
        model=model, reward_funcs=scorer.functions(), args=GRPOConfig(**arguments, reward_weights=list(WEIGHTS)),
        train_dataset=dataset(rows, with_answer=False, blank=order.recipe.data.blank), processing_class=processor,
        gate=Gate(order.recipe.gate),
        callbacks=_callbacks(order, run), peft_config=_peft(order.recipe),
    )  # fmt: skip


def _supervised(order: Order, run: RunFolder, rows: Rows, model: str, processor: Any) -> Any:
    from trl import SFTConfig

    from cxmind_train.engines.trl import TracedSFTTrainer

    return TracedSFTTrainer(
        model=model, args=SFTConfig(**sft_arguments(order.recipe, run.home, world_size())),
        train_dataset=dataset(rows, with_answer=True, blank=order.recipe.data.blank), processing_class=processor,
        callbacks=_callbacks(order, run),
        peft_config=_peft(order.recipe),
    )  # fmt: skip


def _callbacks(order: Order, run: RunFolder) -> list[Any]:
    from cxmind_train.engines.logging import Console, Metrics

    return [Metrics(run.metrics), Console(order.verb)]


def _peft(recipe: Recipe) -> Any:
    if recipe.lora is None:
        return None
    from peft import LoraConfig

    lora = recipe.lora
    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=lora.targets,
        task_type="CAUSAL_LM",
    )


def _save(trainer: Any, processor: Any, run: RunFolder, recipe: Recipe, model: str) -> None:
    """The model into `final/`, adapters merged, so that `from_pretrained` loads it."""
    from cxmind_train.models.processors import save_processor

    adapter = run.home / "adapter"
    trainer.save_model(str(adapter if recipe.lora else run.final))
    if trainer.accelerator.is_main_process:
        if recipe.lora:
            _merge(model, adapter, run.final)
        save_processor(processor, run.final)
    trainer.accelerator.wait_for_everyone()


def _merge(model: str, adapter: Path, out: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForImageTextToText

    base = AutoModelForImageTextToText.from_pretrained(model)
    PeftModel.from_pretrained(base, str(adapter)).merge_and_unload().save_pretrained(out)


def _opened(run: RunFolder, order: Order, folder: StageFolder) -> Path | None:
    """Begin the run or find where to go on; the main process alone writes."""
    record = record_of(order, folder)
    with _main_first(order.recipe) as state:
        if order.resume:
            checkpoint = run.go_on(record)
            order.say(f"goes on from {checkpoint.name}" if checkpoint else "no checkpoint yet: begins anew")
            return checkpoint
        if state.is_main_process:
            run.begin(record)
    return None


def record_of(order: Order, folder: StageFolder) -> dict[str, Any]:
    """What `run.json` holds: enough to do the run again."""
    rewards = order.recipe.rewards
    return {
        "verb": order.verb, "data": str(order.data.absolute()), "data_digest": folder.digest(),
        "data_config": folder.record.get("config"), "model": order.model,
        "recipe": order.recipe.model_dump(mode="json"),
        "reward_mode": rewards.mode, "seed": order.recipe.seed, "versions": versions(), "world_size": world_size(),
    }  # fmt: skip


def _main_first(recipe: Recipe) -> Any:
    """A block that the main process runs before the others; gives the state of the processes."""
    from contextlib import contextmanager

    from accelerate import PartialState

    @contextmanager
    def block() -> Any:
        state = PartialState(cpu=recipe.device.cpu)
        with state.main_process_first():
            yield state

    return block()


def _set_threads(recipe: Recipe) -> None:
    if recipe.device.threads:
        import torch

        torch.set_num_threads(recipe.device.threads)


def _check_stage(folder: StageFolder, verb: Verb) -> None:
    if folder.stage not in STAGES[verb]:
        what = f"{verb} trains on a mix of {' or '.join(STAGES[verb])}, this is one of {folder.stage}"
        raise UsageError(what, where=str(folder.home), mend=f"cxdata mix --stage {STAGES[verb][0]}")


def _check_enough(rows: int, recipe: Recipe) -> None:
    if rows < recipe.rollout.prompts:
        raise UsageError(
            f"{rows} rows are fewer than the {recipe.rollout.prompts} prompts of a generation: no step would be taken",
            mend=f"set rollout.prompts to {rows} or less, or take more rows",
        )  # fmt: skip


def _tell(order: Order, made: Prepared) -> None:
    left = "".join(f"; left out: {n:,} by {code}" for code, n in made.left_out.items())
    order.say(f"{order.verb}: {len(made.rows):,} rows{left}")
