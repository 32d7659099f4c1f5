"""A stage folder: what `mix.json` says of it, and where its rows lie."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from cxdata.model.errors import CxdataError
from cxdata.model.hashing import digest

MIX_JSON: Final = "mix.json"
Split = Literal["train", "val", "test"]


@dataclass(frozen=True)
class StageFolder:
    """A folder that `cxdata mix` wrote."""

    home: Path
    record: dict[str, Any]

    @property
    def stage(self) -> str:
        """Closed, open or sft."""
        return str(self.record["stage"])

    @property
    def prompt_kind(self) -> str:
        """How its prompts ask for the answer: interleaved or plain."""
        return str(self.record.get("config", {}).get("prompt", "interleaved"))

    def files(self, split: Split) -> list[Path]:
        """The files of a split, in order; none is an empty list."""
        return sorted((self.home / split).glob("*.parquet"))

    def digest(self, splits: Sequence[Split] = ("train", "val", "test")) -> str:
        """sha256 over the sums of the files of these splits, as `mix` wrote them down."""
        told = self.record.get("files", [])
        sums = [[file["file"], file["sha256"]] for file in told if file["file"].split("/")[0] in splits]
        return digest(sorted(sums))


def stage_folder(home: Path) -> StageFolder:
    """Read `mix.json`. Raises CxdataError for a folder without one, or with one that cannot be read."""
    path = home / MIX_JSON
    mend = "name a folder that `cxdata mix` wrote"
    try:
        record = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise CxdataError("this is no stage folder: it has no mix.json", where=str(home), mend=mend) from None
    except (OSError, ValueError):
        raise CxdataError("mix.json cannot be read", where=str(path), mend="mix anew") from None
    if not isinstance(record, dict) or record.get("stage") not in ("closed", "open", "sft"):
        raise CxdataError("mix.json names no stage", where=str(path), mend=mend)
    return StageFolder(home, record)
