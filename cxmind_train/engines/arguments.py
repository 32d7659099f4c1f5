"""A recipe in the words of TRL's own configs: plain dicts, so that they can be looked at without TRL."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any, Final, NamedTuple

from cxdata.model.errors import UsageError
from cxmind_train.config import Recipe

WORLD: Final = "WORLD_SIZE"


class Cadence(NamedTuple):
    """How completions are cut: micro-batches an update, updates a generation."""

    accumulation: int
    updates_a_generation: int


def world_size() -> int:
    """Processes of this run, as accelerate and torchrun tell them."""
    return int(os.environ.get(WORLD, "1"))


def cadence(recipe: Recipe, world: int) -> Cadence:
    """Raises UsageError where the completions of an update cannot be shared out evenly."""
    rollout = recipe.rollout
    update, share = rollout.prompts_an_update * rollout.generations, rollout.per_device * world
    if update % share:
        raise UsageError(
            f"{update} completions an update ({rollout.prompts_an_update} prompts of {rollout.generations}) "
            f"are no multiple of {share} ({rollout.per_device} on each of {world} devices)",
            mend="set rollout.per_device to another number",
        )  # fmt: skip
    return Cadence(update // share, rollout.prompts // rollout.prompts_an_update)


def save_steps(recipe: Recipe, updates_a_generation: int) -> int:
    """The recipe's `save_steps`, raised to where a generation ends.

    Saved in its middle, a run that goes on would draw the same prompts again and stay out of phase.
    """
    return math.ceil(recipe.save_steps / updates_a_generation) * updates_a_generation


def grpo_arguments(recipe: Recipe, out: Path, world: int) -> dict[str, Any]:
    """The fields of `GRPOConfig`."""
    rollout, policy, cut = recipe.rollout, recipe.policy, cadence(recipe, world)
    return {
        **_both(recipe, out), **_vllm(recipe), "save_steps": save_steps(recipe, cut.updates_a_generation),
        "per_device_train_batch_size": rollout.per_device, "gradient_accumulation_steps": cut.accumulation,
        "generation_batch_size": rollout.prompts * rollout.generations, "num_generations": rollout.generations,
        "max_completion_length": rollout.max_tokens, "temperature": rollout.temperature, "top_p": rollout.top_p,
        "beta": policy.beta, "use_bias_correction_kl": policy.bias_correction_kl, "epsilon": policy.epsilon,
        "epsilon_high": policy.epsilon_high, "delta": policy.delta, "loss_type": policy.loss,
        "scale_rewards": policy.scale, "shuffle_dataset": recipe.data.shuffle, "num_iterations": 1,
        "model_init_kwargs": {"dtype": "float32"}, **recipe.engine,
    }  # fmt: skip


def sft_arguments(recipe: Recipe, out: Path, world: int) -> dict[str, Any]:
    """The fields of `SFTConfig`. Raises UsageError where the rows of an update cannot be shared out evenly."""
    share = recipe.sft.per_device * world
    if recipe.sft.batch % share:
        raise UsageError(
            f"{recipe.sft.batch} rows an update are no multiple of {share}", mend="set sft.batch or sft.per_device"
        )
    return {
        **_both(recipe, out), "save_steps": recipe.save_steps, "per_device_train_batch_size": recipe.sft.per_device,
        "gradient_accumulation_steps": recipe.sft.batch // share, "max_length": None, "completion_only_loss": True,
        "train_sampling_strategy": "random" if recipe.data.shuffle else "sequential",
        "dataset_kwargs": {"skip_prepare_dataset": True}, "model_init_kwargs": {"dtype": "float32"}, **recipe.engine,
    }  # fmt: skip


def _both(recipe: Recipe, out: Path) -> dict[str, Any]:
    optimiser, device = recipe.optimiser, recipe.device
    return {
        "output_dir": str(out), "num_train_epochs": recipe.epochs, "max_steps": recipe.max_steps or -1,
        "learning_rate": optimiser.learning_rate, "lr_scheduler_type": optimiser.schedule,
        "warmup_steps": optimiser.warmup_steps, "weight_decay": optimiser.weight_decay,
        "max_grad_norm": optimiser.max_grad_norm, "bf16": device.bf16 and not device.cpu, "use_cpu": device.cpu,
        "gradient_checkpointing": device.gradient_checkpointing, "save_strategy": "steps",
        "save_total_limit": recipe.keep, "logging_steps": 1, "report_to": list(recipe.log_to), "seed": recipe.seed,
        "disable_tqdm": True, "remove_unused_columns": False, "dataloader_num_workers": 0,
        # Its default, made of date and host, would scatter a run that goes on over several folders.
        "run_name": out.name,
    }  # fmt: skip


def _vllm(recipe: Recipe) -> dict[str, Any]:
    vllm = recipe.vllm
    if vllm.mode == "off":
        return {"use_vllm": False}
    made: dict[str, Any] = {
        "use_vllm": True, "vllm_mode": vllm.mode, "vllm_importance_sampling_correction": vllm.importance_correction,
        "vllm_max_model_length": recipe.data.max_prompt_tokens + recipe.rollout.max_tokens,
    }  # fmt: skip
    if vllm.mode == "server":
        return made | {"vllm_server_host": vllm.host, "vllm_server_port": vllm.port}
    return made | {
        "vllm_gpu_memory_utilization": vllm.memory_share, "vllm_tensor_parallel_size": vllm.tensor_parallel,
        "vllm_enable_sleep_mode": vllm.sleep,
    }  # fmt: skip
