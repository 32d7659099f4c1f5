"""The heavy libraries, asked for when they are needed and told by name, with the line that installs them, when not."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Final

from cxdata import __version__
from cxdata.model.errors import CxdataError

PINS: Final = {
    "torch": "2.13.0", "transformers": "5.17.0", "trl": "1.16.0", "accelerate": "1.15.0", "datasets": "5.2.0",
    "peft": "0.21.2", "vllm": "0.31.0", "torchvision": "0.28.0",
}  # fmt: skip
"""One set for processors and graphics cards: vLLM 0.31.0 wants torch 2.13.0 and transformers below 5.18."""
TRAINING: Final = ("torch", "transformers", "trl", "accelerate", "datasets")
EVALUATING: Final = ("torch", "transformers")
OF_EXTRA: Final = {
    "vllm": "gpu", "torchvision": "gpu", "deepspeed": "gpu", "tensorboard": "log", "wandb": "log",
}  # fmt: skip


def missing(*names: str) -> list[str]:
    """Which of these packages are not installed."""
    return [name for name in names if find_spec(name) is None]


def need(*names: str) -> None:
    """Raise CxdataError that names what is not installed and how to install it."""
    gone = missing(*names)
    if gone:
        raise CxdataError(f"not installed: {', '.join(gone)}", mend=pip_line(gone))


def pip_line(names: list[str]) -> str:
    """The command that installs these packages in the versions this was tried with."""
    pinned = [f"{name}=={PINS[name]}" if name in PINS else name for name in names]
    extras = sorted({OF_EXTRA.get(name, "train") for name in names})
    return f"pip install 'cxdata[{','.join(extras)}]'\nor:   pip install {' '.join(pinned)}"


def versions(names: tuple[str, ...] = (*PINS,)) -> dict[str, str]:
    """The installed versions of these packages."""
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return {**found, "cxdata": __version__}
