"""What a run says while it goes: a line a step in `metrics.jsonl`, and on the console."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any, Final

from transformers import PrinterCallback, TrainerCallback
from transformers.utils.logging import disable_progress_bar

NAMES: Final = {
    "reward": "reward", "rewards/accuracy/mean": "accuracy", "rewards/format/mean": "format",
    "rewards/think/mean": "think", "rewards/process/mean": "process", "rewards/base/mean": "base",
    "rewards/bonus/mean": "bonus", "reward_std": "reward_std", "frac_reward_zero_std": "groups_without_spread",
    "gate/open": "gate_open", "gate/average": "gate_average", "loss": "loss", "kl": "kl", "entropy": "entropy",
    "grad_norm": "grad_norm", "learning_rate": "learning_rate", "completions/mean_length": "completion_tokens",
    "completions/clipped_ratio": "cut_off", "step_time": "seconds", "epoch": "epoch",
    "mean_token_accuracy": "token_accuracy",
}  # fmt: skip
SHOWN: Final = ("reward", "accuracy", "format", "gate_open", "loss", "token_accuracy", "seconds")
EVERY_S: Final = 5.0  # seconds between plain lines


class Metrics(TrainerCallback):
    """Appends to `metrics.jsonl` of the main process: `step` and the numbers of NAMES that the step has."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        """One line, flushed, so that a run that is killed has told what it did."""
        told = {mine: logs[theirs] for theirs, mine in NAMES.items() if logs and logs.get(theirs) is not None}
        if not state.is_world_process_zero or not (told.keys() & {"reward", "loss"}):
            return
        if "gate_open" in told:
            told["gate_open"] = bool(told["gate_open"])
        with self._file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"step": state.global_step, **told}) + "\n")


class Console(TrainerCallback):
    """A bar on a terminal, a plain line now and then elsewhere, both on stderr."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._bar: Any = None
        self._task: Any = None
        self._said = 0.0

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Draw the bar where there is a terminal."""
        if not state.is_world_process_zero or not sys.stderr.isatty():
            return
        from rich.console import Console as Terminal
        from rich.progress import Progress

        self._bar = Progress(console=Terminal(stderr=True), transient=True)
        self._bar.start()
        self._task = self._bar.add_task(self._label, total=state.max_steps, completed=state.global_step)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        """Tell the step's main numbers."""
        named = {mine: logs[theirs] for theirs, mine in NAMES.items() if logs and logs.get(theirs) is not None}
        told = "  ".join(f"{name} {float(named[name]):.3f}" for name in SHOWN if name in named)
        if not state.is_world_process_zero or not told:
            return
        if self._bar is not None:
            self._bar.update(self._task, completed=state.global_step, description=f"{self._label}: {told}")
        elif time.monotonic() - self._said > EVERY_S or state.global_step == state.max_steps:
            self._said = time.monotonic()
            sys.stderr.write(f"{self._label}: step {state.global_step}/{state.max_steps}  {told}\n")

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()


def quieten(trainer: Any) -> None:
    """Take away what transformers would print of each step on stdout, and its bars of shards written."""
    trainer.remove_callback(PrinterCallback)
    disable_progress_bar()
