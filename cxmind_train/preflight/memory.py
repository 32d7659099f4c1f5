"""How much memory a run will take on each graphics card: reckoned from sizes, not measured.

Weights, gradients and Adam's two moments are 4 bytes each a parameter (fp32 with bf16 arithmetic, as the recipes set),
shared among the cards by ZeRO-3 and FSDP; the shipped ZeRO-3 file keeps the moments in the machine's memory. vLLM that
sleeps while the model is updated gives its part back. The picture tensors follow from the source of TRL 1.16.0: it
keeps those of the whole generation batch of a card on the card.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from cxdata.images.tokens import Limits
from cxmind_train.config import Recipe

GIB: Final = 1024**3
CARD_GIB: Final = 80
FLOAT: Final = 4
HALF: Final = 2
PATCH_VALUES: Final = 1176  # 3 colours x 2 frames x 14 x 14 pixels
PATCHES_A_TOKEN: Final = 4
LOGIT_COPIES: Final = 2  # logits in fp32 and their gradient


class ModelSize(NamedTuple):
    """What of a model its memory depends on."""

    parameters: int
    hidden: int
    layers: int
    vocabulary: int


QWEN25_VL_7B: Final = ModelSize(8_292_166_656, 3584, 28, 152_064)
"""From the model's config.json and the sizes of its tensors on the hub."""


class Memory(NamedTuple):
    """GiB on each card, by part."""

    parts: dict[str, float]

    @property
    def total(self) -> float:
        """All parts."""
        return sum(self.parts.values())


def reckoned(recipe: Recipe, pictures: int, prompt_tokens: int, size: ModelSize = QWEN25_VL_7B) -> Memory:
    """Memory a card of a GRPO run: `pictures` and `prompt_tokens` are those of the largest row."""
    cards, rollout = recipe.device.gpus, recipe.rollout
    shared = cards if recipe.device.sharding != "none" else 1
    states = size.parameters * FLOAT / shared
    trained = 1.0 if recipe.lora is None else 0.02  # adapters are about a fiftieth of the model
    tokens = prompt_tokens + rollout.max_tokens
    local = rollout.prompts * rollout.generations / cards
    image_tokens = recipe.data.max_pixels // Limits().factor ** 2
    parts = {
        "weights": states, "gradients": states * trained,
        "Adam": 0.0 if recipe.device.sharding == "zero3" else 2 * states * trained,
        "reference model": states if recipe.policy.beta and recipe.lora is None else 0.0,
        "activations": rollout.per_device * tokens * size.hidden * size.layers * HALF,
        "logits": rollout.per_device * rollout.max_tokens * size.vocabulary * FLOAT * LOGIT_COPIES,
        "pictures of a generation": local * pictures * image_tokens * PATCHES_A_TOKEN * PATCH_VALUES * FLOAT,
    }  # fmt: skip
    if recipe.vllm.mode == "colocate" and not recipe.vllm.sleep:
        parts["vLLM"] = recipe.vllm.memory_share * CARD_GIB * GIB
    return Memory({name: round(value / GIB, 1) for name, value in parts.items()})
