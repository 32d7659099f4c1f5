"""What `--model` and `--from` name: a run, a folder with a model, a hub name, or `tiny`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cxdata.model.errors import CxdataError
from cxmind_train.data.rows import Rows
from cxmind_train.models.tiny import corpus, make_tiny

TINY: Final = "tiny"
FINAL: Final = "final"
RUN_JSON: Final = "run.json"
CONFIG: Final = "config.json"


def is_run(path: Path) -> bool:
    """Whether a run lies there."""
    return (path / RUN_JSON).is_file()


def model_path(name: str) -> str:
    """Where the weights of a model lie. Raises CxdataError for a run that is not finished, a folder without a model."""
    path = Path(name)
    if is_run(path):
        if not (path / FINAL / CONFIG).is_file():
            raise CxdataError(
                "the run is not finished", where=name, mend="go on with it: the same command and --resume"
            )
        return str(path / FINAL)
    if path.is_dir() and not (path / CONFIG).is_file():
        raise CxdataError("there is no model in this folder", where=name, mend="name a run, or a folder with a model")
    return name


def resolved_model(name: str, rows: Rows, limits: tuple[int, int], seed: int, out: Path) -> str:
    """The same, with `tiny` made below `out` from the rows."""
    if name != TINY:
        return model_path(name)
    home = out / TINY
    if not (home / CONFIG).is_file():
        make_tiny(home, corpus(rows.frame), limits, seed)
    return str(home)
