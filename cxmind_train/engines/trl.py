"""TRL's trainers, each a little changed: the gate, resume, and what a checkpoint holds.

Private methods of TRL 1.16.0 and transformers 5.17.0 are overridden here; `tests/test_trl_pins.py` fails when the
source of one of them changes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import torch
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR
from trl import GRPOTrainer, SFTTrainer

from cxmind_train.engines.trl_rewards import ANSWER, BONUS, PARTS
from cxmind_train.files import write_json
from cxmind_train.gate import Gate
from cxmind_train.runs import MARK

PRIVATE: Final = {
    "trl.GRPOTrainer": ("_calculate_rewards", "_save_checkpoint", "_load_optimizer_and_scheduler", "_prepare_inputs",
                        "_get_train_sampler", "log"),
    "transformers.Trainer": ("_load_from_checkpoint", "_save_checkpoint", "_get_output_dir"),
}  # fmt: skip
"""What is overridden, called or relied upon, and promised by nobody."""


class _Checkpoints:
    """Weights that come back whole, and a mark that is written when a checkpoint is whole."""

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Take every tensor, by its name in the file of the class.

        transformers 5.17.0 looks the names of the hub up in a model that has its own: of Qwen2.5-VL's tensors only
        lm_head is found, the others stay as they were, and a warning is all that is said.
        """
        trainer: Any = self
        bare = trainer.accelerator.unwrap_model(model if model is not None else trainer.model)
        if trainer.is_fsdp_enabled or trainer.is_deepspeed_enabled or hasattr(bare, "peft_config"):
            super()._load_from_checkpoint(resume_from_checkpoint, model)  # type: ignore[misc]
            return
        held = type(bare).from_pretrained(resume_from_checkpoint, dtype=bare.dtype)
        bare.load_state_dict(held.state_dict(), strict=True)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        super()._save_checkpoint(model, trial)  # type: ignore[misc]
        trainer: Any = self
        if trainer.args.should_save:
            step = trainer.state.global_step
            home = Path(trainer._get_output_dir(trial=trial)) / f"{PREFIX_CHECKPOINT_DIR}-{step}"
            write_json(home / MARK, {"step": step, **self._kept()})

    def _kept(self) -> dict[str, Any]:
        return {}


class GatedGRPOTrainer(_Checkpoints, GRPOTrainer):
    """GRPO whose bonus counts while the gate is open; one gate for all processes, saved with the checkpoint."""

    def __init__(self, *args: Any, gate: Gate, **kwargs: Any) -> None:
        self.gate = gate
        super().__init__(*args, **kwargs)

    def _calculate_rewards(self, inputs: Any, prompts: Any, completions: Any, completion_ids_list: Any) -> Any:
        """The matrix (completions of all processes x parts), the same on each: so the gate needs no message more."""
        rewards = super()._calculate_rewards(inputs, prompts, completions, completion_ids_list)
        if not self.model.training:
            return rewards
        accuracy = torch.nanmean(rewards[:, PARTS.index(ANSWER)]).item()
        is_open = self.gate.update(accuracy)
        told = {"open": float(is_open), "average": self.gate.average, "accuracy": accuracy}
        for name, value in told.items():
            self._metrics["train"][f"gate/{name}"].append(float("nan") if value is None else value)
        if not is_open:
            rewards[:, PARTS.index(BONUS)] = 0.0
        return rewards

    def _kept(self) -> dict[str, Any]:
        return {"gate": self.gate.state()}

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        super()._load_optimizer_and_scheduler(checkpoint)
        if checkpoint is not None:
            self.gate.restore(json.loads((Path(checkpoint) / MARK).read_text("utf-8"))["gate"])


class TracedSFTTrainer(_Checkpoints, SFTTrainer):
    """Supervised tuning on gold answers, with the same checkpoints."""
