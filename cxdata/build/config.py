"""What a build was asked for. What stands here decides what the samples say; roots, out and workers do not."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cxdata.images.profiles import profile_of
from cxdata.images.store import Ask
from cxdata.model.errors import RefusedError, UsageError
from cxdata.model.hashing import digest
from cxdata.model.manifest import PolicyName
from cxdata.model.sample import Split

ImagesMode = Literal["none", "path", "embed"]
NOT_GIVEN: Final = {"tasks": "all", "label_policy": "the source's own", "split": "all", "limit": "none"}
"""What a key says when nothing was asked for."""


class BuildConfig(BaseModel):
    """The part of a request that a folder is bound to: another value of any of these is another build."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    options: dict[str, str] = Field(default={}, description="options of the source, each with its value")
    tasks: tuple[str, ...] | None = Field(default=None, description="tasks asked for; null: all that the source feeds")
    label_policy: PolicyName | None = Field(default=None, description="policy of the train split; null: the manifest's")
    split: Split | None = Field(default=None, description="only patients of this split; null: all")
    limit: int | None = Field(default=None, ge=1, description="only the patients with the lowest hash; null: all")
    seed: int = Field(default=0, ge=0, description="seed of every choice by hash")

    def digest(self) -> str:
        """sha256 of the config as canonical JSON."""
        return digest(self.model_dump(mode="json"))

    def refuse_unless_same(self, asked: BuildConfig, folder: str) -> None:
        """Raise RefusedError that names each key in which what is asked differs from this config of a folder."""
        before, now = self.model_dump(mode="json"), asked.model_dump(mode="json")
        changed = [key for key in now if now[key] != before[key]]
        if changed:
            differences = "; ".join(
                f"{key} is {_words(key, before[key])} there, {_words(key, now[key])} here" for key in changed
            )
            raise RefusedError(
                f"the folder holds a build of another config: {differences}",
                where=folder,
                mend="use the same values, or another --out",
            )


class PicturesConfig(BaseModel):
    """What becomes of pictures, apart from the samples: another value of any of these leaves samples/ as it is.

    Raises UsageError for what does not go together.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: ImagesMode = "path"
    render: str = Field(default="voi", description="render profile of DICOM files")
    max_side: int | None = Field(default=None, ge=1, description="longest side of a stored picture in pixels")
    max_pixels: int | None = Field(default=None, ge=1, description="most pixels of a stored picture")
    lossless: bool = Field(default=False, description="what is encoded anew becomes PNG, not JPEG")

    @model_validator(mode="after")
    def _goes_together(self) -> PicturesConfig:
        if self.max_side is not None and self.max_pixels is not None:
            raise UsageError("--max-side and --max-pixels do not go together", mend="choose one of them")
        profile_of(self.render)
        return self

    @property
    def ask(self) -> Ask:
        """What a stored picture shall be."""
        return Ask(self.render, self.max_side, self.max_pixels, self.lossless)

    def named(self) -> dict[str, Any]:
        """What pictures depend on: the mode, and all else only where they are stored."""
        return self.model_dump(mode="json") if self.mode == "embed" else {"mode": self.mode}

    def digest(self) -> str:
        """sha256 of what pictures depend on, as canonical JSON."""
        return digest(self.named())


def _words(key: str, value: Any) -> str:
    return NOT_GIVEN[key] if value is None else repr(value)
