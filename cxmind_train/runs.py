"""A run folder: `run.json`, `metrics.jsonl`, `checkpoint-N/`, `final/`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from cxdata.model.errors import CxdataError, RefusedError
from cxmind_train.files import write_json, write_text
from cxmind_train.models.named import CONFIG, FINAL, RUN_JSON

METRICS: Final = "metrics.jsonl"
MARK: Final = "cxmind.json"
"""Written into a checkpoint when it is whole; holds the step and the state of the gate."""
BOUND: Final = ("verb", "recipe", "data_digest", "model", "world_size")
"""What a run that goes on must have in common with its beginning."""
_CHECKPOINT: Final = re.compile(r"checkpoint-(\d+)")


class RunFolder:
    """One run. `begin` or `go_on` first; both refuse what would mix two runs."""

    def __init__(self, home: Path) -> None:
        self.home = home

    @property
    def metrics(self) -> Path:
        """A line a step."""
        return self.home / METRICS

    @property
    def final(self) -> Path:
        """The trained model."""
        return self.home / FINAL

    @property
    def is_finished(self) -> bool:
        """Whether the trained model is there."""
        return (self.final / CONFIG).is_file()

    def begin(self, record: dict[str, Any]) -> None:
        """Start an empty folder. Raises RefusedError where it holds a run or anything else."""
        held = sorted(path.name for path in self.home.iterdir() if path.name != "tiny") if self.home.is_dir() else []
        if held:
            what = "the folder holds a run" if RUN_JSON in held else f"the folder holds something else ({held[0]})"
            raise RefusedError(what, where=str(self.home), mend="--resume goes on with a run; or choose another --out")
        self._write(record)

    def go_on(self, record: dict[str, Any]) -> Path | None:
        """The last whole checkpoint to go on from, None for a run that has none yet.

        Lines of `metrics.jsonl` behind it are taken away. Raises RefusedError for a folder that holds another run.
        """
        before = self.record()
        changed = [key for key in BOUND if before.get(key) != record.get(key)]
        if changed:
            told = "; ".join(_difference(key, before.get(key), record.get(key)) for key in changed)
            mend = "use the same data, model and recipe, or another --out"
            raise RefusedError(f"the folder holds another run: {told}", where=str(self.home), mend=mend)
        last = self.last_checkpoint()
        self._cut_metrics(0 if last is None else int(last.name.split("-")[1]))
        return last

    def record(self) -> dict[str, Any]:
        """What `run.json` says. Raises CxdataError where there is none."""
        path = self.home / RUN_JSON
        try:
            told: dict[str, Any] = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            mend = "leave --resume out to begin anew"
            raise CxdataError("there is no run to go on with", where=str(self.home), mend=mend) from None
        return told

    def last_checkpoint(self) -> Path | None:
        """The whole checkpoint of the most steps."""
        whole = [(int(found[1]), path) for path in self.home.glob("checkpoint-*")
                 if (found := _CHECKPOINT.fullmatch(path.name)) and (path / MARK).is_file()]  # fmt: skip
        return max(whole)[1] if whole else None

    def _write(self, record: dict[str, Any]) -> None:
        write_json(self.home / RUN_JSON, record)

    def _cut_metrics(self, step: int) -> None:
        if not self.metrics.is_file():
            return
        kept = []
        for line in self.metrics.read_text("utf-8").splitlines():
            try:
                is_before = int(json.loads(line)["step"]) <= step
            except (ValueError, KeyError, TypeError):
                continue  # the last line of a run that was killed
            if is_before:
                kept.append(line + "\n")
        write_text(self.metrics, "".join(kept))


def _difference(key: str, before: Any, now: Any) -> str:
    if isinstance(before, dict) and isinstance(now, dict):
        parts = [part for part in now if before.get(part) != now[part]]
        return "; ".join(_difference(f"{key}.{part}", before.get(part), now[part]) for part in parts)
    return f"{key} is {before!r} there, {now!r} here"
