"""What answers prompts: transformers or vLLM, behind one small interface."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from cxmind_train.data.prompts import blocks

if TYPE_CHECKING:
    from PIL.Image import Image

BATCH: Final = 16
TOP_LOGPROBS: Final = 20


class Asked(NamedTuple):
    """One prompt: its text with `<image>` marks, and the pictures for them."""

    problem: str
    pictures: list[Image]


class Settings(NamedTuple):
    """How answers are drawn; temperature 0 takes the likeliest token."""

    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    batch: int = BATCH
    seed: int = 0


class Backend(Protocol):
    """Answers prompts, and tells how likely it finds each of some words next."""

    def answers(self, asked: Sequence[Asked]) -> list[str]:
        """An answer for each prompt."""
        ...

    def chances(self, asked: Sequence[Asked], begun: Sequence[str], words: Sequence[str]) -> list[list[float]]:
        """For each prompt and the answer begun, the probability of each of `words` next, to 1 among them."""
        ...


class Transformers:
    """Generation by transformers, on a graphics card where there is one."""

    def __init__(self, model: str, processor: Any, settings: Settings, threads: int | None = None) -> None:
        import torch
        from transformers import AutoModelForImageTextToText
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()
        if threads:
            torch.set_num_threads(threads)
        torch.manual_seed(settings.seed)
        on_gpu = torch.cuda.is_available()
        dtype = torch.bfloat16 if on_gpu else torch.float32
        self._model = AutoModelForImageTextToText.from_pretrained(model, dtype=dtype).eval()
        self._model.to("cuda" if on_gpu else "cpu")
        self._processor = processor
        self._settings = settings

    def answers(self, asked: Sequence[Asked]) -> list[str]:
        """An answer for each prompt, batches of nearly equal length together."""
        import torch

        found: list[str] = []
        for start in range(0, len(asked), self._settings.batch):
            inputs = self._inputs(asked[start : start + self._settings.batch])
            with torch.inference_mode():
                tokens = self._model.generate(**inputs, **self._sampling())
            drawn = tokens[:, inputs["input_ids"].shape[1] :]
            found += self._processor.batch_decode(drawn, skip_special_tokens=True)
        return found

    def chances(self, asked: Sequence[Asked], begun: Sequence[str], words: Sequence[str]) -> list[list[float]]:
        """One forward pass over prompt and begun answer."""
        import torch

        ids = [self._processor.tokenizer(word, add_special_tokens=False)["input_ids"][0] for word in words]
        found: list[list[float]] = []
        for start in range(0, len(asked), self._settings.batch):
            part = slice(start, start + self._settings.batch)
            inputs = self._inputs(asked[part], begun[part])
            with torch.inference_mode():
                logits = self._model(**inputs).logits[:, -1, ids].float()
            found += torch.softmax(logits, dim=-1).tolist()
        return found

    def _sampling(self) -> dict[str, Any]:
        drawn = self._settings.temperature > 0
        told: dict[str, Any] = {"max_new_tokens": self._settings.max_tokens, "do_sample": drawn}
        return told | ({"temperature": self._settings.temperature, "top_p": self._settings.top_p} if drawn else {})

    def _inputs(self, asked: Sequence[Asked], begun: Sequence[str] = ()) -> Any:
        texts = self._processor.apply_chat_template(
            [conversation(one) for one in asked], add_generation_prompt=True, tokenize=False
        )
        texts = [text + (begun[place] if begun else "") for place, text in enumerate(texts)]
        pictures = [one.pictures for one in asked]
        shown = {"images": pictures} if any(pictures) else {}
        made = self._processor(text=texts, padding=True, padding_side="left", return_tensors="pt", **shown)
        return made.to(self._model.device)


class Vllm:
    """Generation by vLLM in this process."""

    def __init__(self, model: str, processor: Any, settings: Settings, tensor_parallel: int = 1) -> None:
        from vllm import LLM

        self._settings = settings
        self._processor = processor
        self._llm = LLM(model=model, tensor_parallel_size=tensor_parallel, limit_mm_per_prompt={"image": 8})

    def answers(self, asked: Sequence[Asked]) -> list[str]:
        """An answer for each prompt."""
        from vllm import SamplingParams

        told = self._settings
        sampling = SamplingParams(
            max_tokens=told.max_tokens, temperature=told.temperature, top_p=told.top_p, seed=told.seed
        )
        return [one.outputs[0].text for one in self._llm.generate(self._prompts(asked), sampling, use_tqdm=False)]

    def chances(self, asked: Sequence[Asked], begun: Sequence[str], words: Sequence[str]) -> list[list[float]]:
        """From the log-probabilities of the next token; a word that is not among the likeliest has none."""
        import math

        from vllm import SamplingParams

        ids = [self._processor.tokenizer(word, add_special_tokens=False)["input_ids"][0] for word in words]
        sampling = SamplingParams(max_tokens=1, temperature=0, logprobs=TOP_LOGPROBS)
        found = []
        for one in self._llm.generate(self._prompts(asked, begun), sampling, use_tqdm=False):
            told = one.outputs[0].logprobs[0]
            weights = [math.exp(told[token].logprob) if token in told else 0.0 for token in ids]
            found.append([weight / (sum(weights) or 1.0) for weight in weights])
        return found

    def _prompts(self, asked: Sequence[Asked], begun: Sequence[str] = ()) -> list[dict[str, Any]]:
        made = []
        for place, one in enumerate(asked):
            text = self._processor.apply_chat_template(
                conversation(one), add_generation_prompt=True, tokenize=False
            ) + (begun[place] if begun else "")  # fmt: skip
            shown = {"multi_modal_data": {"image": one.pictures}} if one.pictures else {}
            made.append({"prompt": text, **shown})
        return made


def conversation(asked: Asked) -> list[dict[str, Any]]:
    """The prompt as one message, pictures in their places."""
    pictures = iter(asked.pictures)
    content = [
        {**block, "image": next(pictures)} if block["type"] == "image" else block for block in blocks(asked.problem)
    ]
    return [{"role": "user", "content": content}]


def quiet() -> None:
    """No telemetry, no warnings about forked tokenizers."""
    os.environ.update({"HF_HUB_DISABLE_TELEMETRY": "1", "TOKENIZERS_PARALLELISM": "false"})
