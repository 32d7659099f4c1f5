"""Recipes: every number of a run, checked before anything is loaded. The shipped ones lie in `recipes/`."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cxdata.model.errors import CxdataError, UsageError
from cxmind_train.gate import GateSettings
from cxmind_train.rewards.settings import Mode, Weights

Verb = Literal["sft", "stage1", "stage2"]
VERBS: Final = ("sft", "stage1", "stage2")
VERB_OF_STAGE: Final[dict[str, Verb]] = {"sft": "sft", "closed": "stage1", "open": "stage2"}
SHIPPED: Final = ("sft", "stage1", "stage2", "smoke")
BY_VERB: Final = "verbs"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Filter(_Strict):
    """Which rows of the stage folder are trained on; null takes all."""

    tasks: tuple[str, ...] | None = None
    findings: tuple[str, ...] | None = Field(default=None, description="asked about, by canonical name")
    sources: tuple[str, ...] | None = None
    levels: tuple[str, ...] | None = None
    gold: Literal["trace", "answer"] | None = Field(default=None, description="kind of the gold")
    contains: str | None = Field(default=None, description="words that the prompt must hold")
    most: int | None = Field(default=None, ge=1, description="the first so many of these rows")


class Data(_Strict):
    """What of the stage folder a run reads, and how large it may be."""

    filter: Filter | tuple[Filter, ...] = Field(default=Filter(), description="one, or several of which one is enough")
    max_rows: int | None = Field(default=None, ge=1)
    blank: bool = Field(default=False, description="a control: every picture is grey")
    shuffle: bool = Field(default=False, description="refused where the rows lie in the order of a curriculum")
    min_pixels: int = Field(default=262_144, ge=784, description="of a picture after the processor")
    max_pixels: int = Field(default=1_003_520, ge=784)
    max_prompt_tokens: int = Field(default=4096, ge=1, description="text and pictures; longer rows are left out")


class Rewards(_Strict):
    """The reward's mode and the shares of its parts in `fixed` mode."""

    mode: Mode = "fixed"
    format: float = 0.1
    think: float = 0.15
    process: float = 0.15
    bleu: float = 0.3

    def weights(self) -> Weights:
        """The shares as the reward takes them. Raises UsageError for shares that do not add up."""
        return Weights(self.format, self.think, self.process, self.bleu)


class Rollout(_Strict):
    """How completions are drawn and cut into updates, counted in prompts as the reference does."""

    prompts: int = Field(default=64, ge=1, description="of one generation")
    prompts_an_update: int = Field(default=16, ge=1)
    generations: int = Field(default=10, ge=2, description="completions of a prompt")
    per_device: int = Field(default=4, ge=1, description="completions on a device at a time")
    max_tokens: int = Field(default=4096, ge=1, description="of a completion")
    temperature: float = Field(default=1.0, gt=0)
    top_p: float = Field(default=0.99, gt=0, le=1)

    @model_validator(mode="after")
    def _fits(self) -> Rollout:
        if self.prompts % self.prompts_an_update:
            raise ValueError("prompts must be a multiple of prompts_an_update")
        return self


class Vllm(_Strict):
    """Generation by vLLM: in the trainer's own processes, or by a server that `trl vllm-serve` started."""

    mode: Literal["off", "colocate", "server"] = "off"
    memory_share: float = Field(default=0.6, gt=0, lt=1)
    tensor_parallel: int = Field(default=2, ge=1)
    host: str = "127.0.0.1"
    port: int = 8000
    sleep: bool = Field(default=False, description="colocate: give memory back while the model is updated")
    importance_correction: bool = True


class Policy(_Strict):
    """The policy loss of GRPO."""

    beta: float = Field(default=0.01, ge=0, description="coefficient of the KL term (k3)")
    bias_correction_kl: bool = False
    epsilon: float = 0.2
    epsilon_high: float = 0.3
    delta: float | None = Field(default=3.0, description="dual clip")
    loss: str = "bnpo"
    scale: str = "group"


class Optimiser(_Strict):
    """AdamW and its schedule."""

    learning_rate: float = Field(default=1e-6, gt=0)
    schedule: str = "constant"
    warmup_steps: int = Field(default=0, ge=0)
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0


class Lora(_Strict):
    """Low-rank adapters of the language model; the picture tower stays as it is."""

    rank: int = Field(default=64, ge=1)
    alpha: int = Field(default=128, ge=1)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    targets: str = r".*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"


class Sft(_Strict):
    """Sizes of supervised tuning."""

    batch: int = Field(default=16, ge=1, description="rows of an update")
    per_device: int = Field(default=1, ge=1)


class Device(_Strict):
    """What it runs on."""

    cpu: bool = False
    threads: int | None = Field(default=None, ge=1, description="of torch; null leaves it to torch")
    bf16: bool = True
    gradient_checkpointing: bool = True
    gpus: int = Field(default=4, ge=1, description="what `check` reckons the memory for")
    sharding: Literal["none", "zero3", "fsdp2"] = "zero3"


class Recipe(_Strict):
    """Everything that a run is made of, but its data, its model and its folder."""

    data: Data = Data()
    rewards: Rewards = Rewards()
    gate: GateSettings = GateSettings()
    rollout: Rollout = Rollout()
    vllm: Vllm = Vllm()
    policy: Policy = Policy()
    optimiser: Optimiser = Optimiser()
    sft: Sft = Sft()
    lora: Lora | None = None
    device: Device = Device()
    epochs: float = Field(default=1, gt=0)
    max_steps: int | None = Field(default=None, ge=1, description="updates; before epochs")
    save_steps: int = Field(default=10, ge=1)
    keep: int = Field(default=5, ge=1, description="checkpoints kept")
    log_to: tuple[Literal["tensorboard", "wandb"], ...] = ()
    seed: int = Field(default=1, ge=0)
    engine: dict[str, Any] = Field(default={}, description="further arguments of TRL's own config, as they stand")


def recipe_for(verb: Verb, name: str | None = None, changes: tuple[str, ...] = ()) -> Recipe:
    """The recipe of a verb: a shipped name or a file (none: the one named as the verb), with `KEY=VALUE` changes.

    A file holds keys of Recipe, and under `verbs` those that hold for one verb alone. Raises UsageError for a name
    that is none, an unknown key, a value that cannot be.
    """
    where, content = _content(name or verb)
    of_verb = content.pop(BY_VERB, {})
    if not isinstance(of_verb, dict) or set(of_verb) - set(VERBS):
        raise UsageError(f"`{BY_VERB}` holds a part for each of {', '.join(VERBS)} at most", where=where)
    content = merged(content, of_verb.get(verb) or {})
    for change in changes:
        content = merged(content, _change(change))
    try:
        return Recipe.model_validate(content)
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        mend = "docs/training.md names every key"
        raise UsageError(f"the recipe cannot be used: {told}", where=where, mend=mend) from None


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Both mappings, mappings within them likewise; `over` decides.

    >>> merged({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}})
    {'a': {'b': 3, 'c': 2}}
    """
    made = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(made.get(key), dict)
        made[key] = merged(made[key], value) if both else value
    return made


def _change(text: str) -> dict[str, Any]:
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise UsageError(f"{text!r} is no change of a recipe", mend="--set rollout.generations=8")
    told: dict[str, Any] = yaml.safe_load(value) if value else None  # type: ignore[assignment]
    for part in reversed(key.split(".")):
        told = {part: told}
    return told


def _content(name: str) -> tuple[str, dict[str, Any]]:
    path = Path(str(files("cxmind_train"))) / "recipes" / f"{name}.yaml" if name in SHIPPED else Path(name)
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = getattr(error, "strerror", None) or "it is no YAML file in UTF-8"
        mend = f"one of {', '.join(SHIPPED)}, or a YAML file"
        raise CxdataError(f"the recipe {name} cannot be read: {reason}", where=str(path), mend=mend) from None
    if not isinstance(content, dict):
        raise UsageError("a recipe is a mapping", where=str(path), mend="write it as KEY: VALUE")
    return str(path), content
