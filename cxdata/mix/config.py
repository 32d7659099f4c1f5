"""What a mix is: which sources, tasks and rows, in what balance and order. The shipped ones lie in `manifests/`."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cxdata.model.errors import CxdataError, UsageError
from cxdata.model.hashing import digest
from cxdata.model.sample import Population, Reference, Stage
from cxdata.model.tags import Tag
from cxdata.model.yaml_text import parsed

SHIPPED: Final = "_manifests"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Caps(_Strict):
    """The most rows of train, by source, by task, and by the finding that is asked about or the key."""

    source: dict[str, int] = {}
    task: dict[str, int] = {}
    finding: int | None = Field(default=None, ge=1, description="of each finding in each task")


class Balance(_Strict):
    """How choice questions are made even; the rules are those of docs/mixes.md."""

    key_share: float = Field(
        default=0.30, gt=0, le=1, description="share of its questions in which a finding is the key"
    )
    sick_share: float = Field(
        default=0.5, ge=0, le=1, description="of a finding's No, from studies with another pathology"
    )
    fewest: int = Field(default=200, ge=1, description="Yes or No of a finding, below which it is left out of train")
    fewest_share: float = Field(
        default=0.02, ge=0, le=1, description="the same as a share of the rows of the task and source, if less"
    )
    guess_over_chance: float = Field(default=0.02, ge=0, description="what a guess by the options alone may win")


class Order(_Strict):
    """The order of train."""

    replay: float = Field(default=0.2, ge=0, le=1, description="share of easier levels' rows among those of a level")


class MixConfig(_Strict):
    """One mix. A stage folder is bound to it."""

    stage: Stage
    tasks: tuple[str, ...] | None = Field(default=None, description="null: every task")
    stages: tuple[Stage, ...] = Field(description="rows of these stages")
    sources: tuple[str, ...] | None = Field(default=None, description="null, and no tags: every build of the folder")
    tags: tuple[Tag, ...] | None = Field(default=None, description="sources that carry one of these tags, beside them")
    external: tuple[str, ...] = Field(default=(), description="sources whose patients are all test")
    languages: tuple[str, ...] = ("en",)
    populations: tuple[Population, ...] = ("adult", "unknown")
    references: tuple[Reference, ...] = ("R1", "R2", "R3", "R4")
    text_only: bool = Field(default=False, description="rows without a picture")
    balanced: bool = Field(default=True, description="whether the rules of `balance` are applied")
    balance: Balance = Balance()
    caps: Caps = Caps()
    weights: dict[str, float] = Field(default={}, description="share kept of a source's or a task's rows of train")
    val_rows: int | None = Field(default=2000, ge=1)
    test_rows: int | None = Field(default=None, ge=1)
    order: Order = Order()
    prompt: Literal["interleaved", "plain", "traced"] = "interleaved"
    seed: int = Field(default=0, ge=0)

    def digest(self) -> str:
        """sha256 of the config as canonical JSON."""
        return digest(self.model_dump(mode="json"))


def shipped(name: str) -> dict[str, Any]:
    """A collection that comes with the package: closed, open, sft or cx-set."""
    folder = Path(str(files("cxdata"))) / SHIPPED
    if not folder.is_dir():  # a checkout: the folder lies beside the package
        folder = Path(str(files("cxdata"))).parent / "manifests"
    return _read(folder / f"{name}.yaml")


def mix_config(stage: Stage, file: Path | None = None, **changes: Any) -> MixConfig:
    """The config of a file, else the one shipped for the stage, with changes (None: no change).

    Raises UsageError for a file that cannot be read, a name that is none, a value that cannot be, another stage.
    """
    content = _read(file) if file is not None else shipped(stage)
    where = str(file) if file is not None else f"manifests/{stage}.yaml"
    content |= {key: value for key, value in changes.items() if value is not None}
    try:
        config = MixConfig.model_validate(content)
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise UsageError(f"the mix cannot be used: {told}", where=where, mend="docs/mixes.md names every key") from None
    if config.stage != stage:
        raise UsageError(
            f"the mix is one for the stage {config.stage}", where=where, mend=f"--stage {config.stage}, or another file"
        )
    return config


def _read(path: Path) -> dict[str, Any]:
    try:
        content = parsed(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CxdataError(f"{path.name} cannot be read: {error}", where=str(path), mend="name a YAML file") from None
    if not isinstance(content, dict):
        raise UsageError(f"{path.name} holds no mapping", where=str(path), mend="write it as KEY: VALUE")
    return content
