"""The recipe beside a stage folder: where its rows lie, what its columns are called, how the reference was launched.

Read in EasyR1 (b44b311, examples/config.yaml and verl/trainer/config.py), verl (b178a3c, verl/trainer/config), TRL
(f2cd577, trl/scripts) and LLaMA-Factory (data/README.md). All paths are relative: a recipe is run in its stage folder.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import yaml

from cxdata.export.formats import FORMATS, MAX_PIXELS, MIN_PIXELS
from cxdata.model.errors import UsageError

MODEL: Final = "Qwen/Qwen2.5-VL-7B-Instruct"
PROMPT_TOKENS: Final = 4096
ANSWER_TOKENS: Final = 4096
ROLLOUTS: Final = 10
ROLLOUT_PROMPTS: Final = 64
UPDATE_PROMPTS: Final = 16
SEED: Final = 1
DATASET_INFO: Final = "dataset_info.json"
REWARD_NOTE: Final = (
    "The reward is yours to name: cxmind_train.rewards.score is a pure function of completion and gold."
)


class Launch(NamedTuple):
    """GPUs and epochs of a stage, and the model that it starts from."""

    gpus: int
    epochs: int
    model: str


LAUNCHES: Final = {
    "closed": Launch(4, 1, MODEL),
    "open": Launch(8, 2, "path/to/the/weights/of/stage/closed"),
    "sft": Launch(4, 1, MODEL),
}
COMMANDS: Final = {
    "easyr1": "python3 -m verl.trainer.main config=recipe.yaml",
    "verl": 'python3 -m verl.trainer.main_ppo --config-path="$PWD" --config-name=recipe',
    "trl": "trl grpo --config recipe.yaml",
    "llamafactory": "llamafactory-cli train recipe.yaml",
}


def recipe(form: str, stage: str, *, embedded: bool, files: Mapping[str, Sequence[str]]) -> str:
    """The text of recipe.yaml. Raises UsageError for a format or stage that is none.

    `files` are the Parquet files of each split in order, relative to the stage folder: verl takes no folder.
    """
    if form not in FORMATS or stage not in LAUNCHES:
        what = f"there is no recipe for format {form!r} and stage {stage!r}"
        raise UsageError(what, mend=f"formats: {', '.join(FORMATS)}; stages: {', '.join(LAUNCHES)}")
    launch = LAUNCHES[stage]
    made = {
        "easyr1": lambda: _easyr1(launch, embedded=embedded, has_val=bool(files.get("val"))),
        "verl": lambda: _verl(launch, files),
        "trl": lambda: _trl_sft(launch) if stage == "sft" else _trl(launch),
        "llamafactory": lambda: _llamafactory(launch, has_val=bool(files.get("val"))),
    }[form]()
    return _head(form, stage) + yaml.safe_dump(made, sort_keys=False, width=110)


def beside(form: str, splits: Sequence[str]) -> dict[str, str]:
    """Texts of the further files of a format, by name: LLaMA-Factory's list of datasets. They lie beside `train/`."""
    if form != "llamafactory":
        return {}
    told = {
        f"cxdata_{split}": {
            "file_name": split, "formatting": "sharegpt", "columns": {"messages": "messages", "images": "images"},
            "tags": {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"},
        }
        for split in splits
    }  # fmt: skip
    return {DATASET_INFO: json.dumps(told, indent=2) + "\n"}


def _head(form: str, stage: str) -> str:
    command = "trl sft --config recipe.yaml" if (form, stage) == ("trl", "sft") else COMMANDS[form]
    lines = [f"In this folder: {command}", "Rows lie in the order of the curriculum: nothing may shuffle them."]
    if form in ("easyr1", "verl") or (form == "trl" and stage != "sft"):
        lines.append(REWARD_NOTE)
    if stage == "sft" and form in ("easyr1", "verl"):
        lines.append(
            "This mix is for instruction tuning. cxmind_train.rewards.rows.score_row scores texts and boxes too."
        )
    if form == "llamafactory" and stage != "sft":
        lines.append("This trainer tunes on the gold answers; it does not reinforce.")
    return "".join(f"# {line}\n" for line in lines)


def _easyr1(launch: Launch, *, embedded: bool, has_val: bool) -> dict[str, Any]:
    """Behind the @ stands `train` for each folder: rows read from files are one split, which is called so."""
    offload = {"offload_params": True, "offload_optimizer": True}
    return {
        "data": {
            "train_files": "train@train", "val_files": "val@train" if has_val else "test@train",
            "prompt_key": "problem", "answer_key": "answer", "image_key": "images",
            "image_dir": None if embedded else ".", "max_prompt_length": PROMPT_TOKENS,
            "max_response_length": ANSWER_TOKENS, "rollout_batch_size": ROLLOUT_PROMPTS, "format_prompt": None,
            "shuffle": False, "seed": SEED, "min_pixels": MIN_PIXELS, "max_pixels": MAX_PIXELS,
            "filter_overlong_prompts": True,
        },
        "algorithm": {
            "adv_estimator": "grpo", "use_kl_loss": True, "kl_penalty": "low_var_kl", "kl_coef": 1e-2,
            "online_filtering": False,
        },
        "worker": {
            "actor": {
                "global_batch_size": UPDATE_PROMPTS, "max_grad_norm": 1.0,
                "model": {"model_path": launch.model}, "optim": {"lr": 1e-6, "weight_decay": 1e-2, "strategy": "adamw"},
                "offload": offload,
            },
            "rollout": {
                "n": ROLLOUTS, "temperature": 1.0, "top_p": 0.99, "gpu_memory_utilization": 0.6,
                "tensor_parallel_size": 2,
            },
            "reward": {"reward_function": None},
        },
        "trainer": {
            "total_epochs": launch.epochs, "n_gpus_per_node": launch.gpus, "nnodes": 1, "val_freq": 3, "save_freq": 10,
            "save_limit": 5,
        },
    }  # fmt: skip


def _verl(launch: Launch, files: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    offload = {"param_offload": True, "optimizer_offload": True}
    return {
        "defaults": ["ppo_trainer", "_self_"],
        "hydra": {"searchpath": ["pkg://verl.trainer.config"]},
        "data": {
            "train_files": list(files.get("train", ())), "val_files": list(files.get("val") or files.get("test", ())),
            "prompt_key": "prompt", "image_key": "images", "reward_fn_key": "data_source",
            "max_prompt_length": PROMPT_TOKENS, "max_response_length": ANSWER_TOKENS,
            "train_batch_size": ROLLOUT_PROMPTS, "shuffle": False, "validation_shuffle": False, "seed": SEED,
            "filter_overlong_prompts": True, "truncation": "error",
        },
        "actor_rollout_ref": {
            "model": {"path": launch.model},
            "actor": {
                "ppo_mini_batch_size": UPDATE_PROMPTS, "use_dynamic_bsz": True, "use_kl_loss": True,
                "kl_loss_coef": 1e-2, "kl_loss_type": "low_var_kl", "grad_clip": 1.0,
                "optim": {"lr": 1e-6, "weight_decay": 1e-2}, "fsdp_config": offload,
            },
            "ref": {"fsdp_config": {"param_offload": True}},
            "rollout": {
                "name": "vllm", "n": ROLLOUTS, "temperature": 1.0, "top_p": 0.99, "dtype": "bfloat16",
                "gpu_memory_utilization": 0.6, "tensor_model_parallel_size": 2,
            },
        },
        "algorithm": {"adv_estimator": "grpo", "use_kl_in_reward": False},
        "custom_reward_function": {"path": None, "name": "compute_score"},
        "trainer": {
            "total_epochs": launch.epochs, "n_gpus_per_node": launch.gpus, "nnodes": 1, "test_freq": 3, "save_freq": 10,
            "max_actor_ckpt_to_keep": 5,
        },
    }  # fmt: skip


def _trl(launch: Launch) -> dict[str, Any]:
    """TRL counts completions where EasyR1 counts prompts: 16 prompts of 10 rollouts are an update, 64 a generation."""
    per_device = 4
    steps = UPDATE_PROMPTS * ROLLOUTS // (per_device * launch.gpus)
    return {
        **_trl_both(launch), "reward_funcs": [], "shuffle_dataset": False, "num_generations": ROLLOUTS,
        "generation_batch_size": ROLLOUT_PROMPTS * ROLLOUTS, "per_device_train_batch_size": per_device,
        "gradient_accumulation_steps": steps, "max_completion_length": ANSWER_TOKENS, "temperature": 1.0,
        "top_p": 0.99, "beta": 1e-2, "use_vllm": True, "vllm_mode": "colocate", "vllm_tensor_parallel_size": 2,
        "vllm_gpu_memory_utilization": 0.6, "vllm_max_model_length": PROMPT_TOKENS + ANSWER_TOKENS,
    }  # fmt: skip


def _trl_sft(launch: Launch) -> dict[str, Any]:
    """Without `train_sampling_strategy` the trainer draws rows at random."""
    return {
        **_trl_both(launch), "shuffle_dataset": False, "train_sampling_strategy": "sequential", "max_length": None,
        "per_device_train_batch_size": 1, "gradient_accumulation_steps": UPDATE_PROMPTS // launch.gpus,
    }  # fmt: skip


def _trl_both(launch: Launch) -> dict[str, Any]:
    return {
        "model_name_or_path": launch.model, "output_dir": "run", "datasets": [{"path": "parquet", "data_dir": "train"}],
        "num_train_epochs": launch.epochs, "learning_rate": 1e-6, "weight_decay": 1e-2, "max_grad_norm": 1.0,
        "bf16": True, "save_steps": 10, "save_total_limit": 5, "seed": SEED,
    }  # fmt: skip


def _llamafactory(launch: Launch, *, has_val: bool) -> dict[str, Any]:
    val = {"eval_dataset": "cxdata_val", "eval_strategy": "steps", "eval_steps": 500} if has_val else {}
    return {
        "stage": "sft", "do_train": True, "finetuning_type": "full", "model_name_or_path": launch.model,
        "template": "qwen2_vl", "dataset_dir": ".", "media_dir": ".", "dataset": "cxdata_train", **val,
        "cutoff_len": PROMPT_TOKENS + ANSWER_TOKENS, "image_min_pixels": MIN_PIXELS, "image_max_pixels": MAX_PIXELS,
        "disable_shuffling": True, "output_dir": "run", "num_train_epochs": launch.epochs, "learning_rate": 1e-6,
        "weight_decay": 1e-2, "max_grad_norm": 1.0, "bf16": True, "per_device_train_batch_size": 1,
        "gradient_accumulation_steps": UPDATE_PROMPTS // launch.gpus, "seed": SEED,
    }  # fmt: skip
