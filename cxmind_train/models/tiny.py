"""A tiny random Qwen2.5-VL with its own tokenizer, made from a config: for trying things on a processor.

No hub is asked. Its tokenizer learns its words from the rows it will be trained on. It says nothing of what a real
model learns.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import polars as pl

from cxmind_train.models.processors import image_only_processor, save_processor

SPECIALS: Final = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
    "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
VOCABULARY: Final = 2048
HIDDEN: Final = 64
HEADS: Final = 4
CORPUS_ROWS: Final = 4000
TAGS: Final = ("<think>", "</think>", "<answer>", "</answer>", "✅", "❌")


def make_tiny(folder: Path, texts: Iterable[str], limits: tuple[int, int], seed: int) -> Path:
    """Write a tiny model and its processor into `folder`; `texts` is what its tokenizer learns from."""
    tokenizer = _tokenizer(texts)
    processor = image_only_processor(tokenizer, limits, _template())
    model = _model(tokenizer, seed)
    model.save_pretrained(folder)
    save_processor(processor, folder)
    return folder


def corpus(frame: pl.DataFrame) -> list[str]:
    """Prompts and answers of the rows, for the tokenizer."""
    head = frame.head(CORPUS_ROWS)
    return [*head["problem"].to_list(), *head["answer"].to_list()]


def _tokenizer(texts: Iterable[str]) -> Any:
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast
    from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX

    made = Tokenizer(models.BPE())
    made.normalizer = normalizers.NFC()
    split = pre_tokenizers.Split(Regex(PRETOKENIZE_REGEX), behavior="isolated", invert=False)
    made.pre_tokenizer = pre_tokenizers.Sequence([
        split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])  # fmt: skip
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=list(SPECIALS), show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    made.train_from_iterator(texts, trainer)
    made.add_tokens(list(TAGS))
    return PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<|endoftext|>", eos_token="<|im_end|>", unk_token=None,
        additional_special_tokens=list(SPECIALS[1:]), padding_side="left", model_max_length=8192,
    )  # fmt: skip


def _template() -> str:
    return (files("trl") / "chat_templates" / "qwen2_5_vl.jinja").read_text("utf-8")


def _model(tokenizer: Any, seed: int) -> Any:
    import torch
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    torch.manual_seed(seed)
    id_of = tokenizer.convert_tokens_to_ids
    side = HIDDEN // HEADS
    third = side // 6
    text = {
        "vocab_size": len(tokenizer), "hidden_size": HIDDEN, "intermediate_size": 3 * HIDDEN, "num_hidden_layers": 2,
        "num_attention_heads": HEADS, "num_key_value_heads": 2, "max_position_embeddings": 8192,
        "tie_word_embeddings": False, "bos_token_id": id_of("<|endoftext|>"), "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "rope_parameters": {
            "rope_type": "default", "rope_theta": 10_000.0, "mrope_section": [side // 2 - 2 * third, third, third],
        },
    }  # fmt: skip
    vision = {
        "depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "out_hidden_size": HIDDEN,
        "fullatt_block_indexes": [1], "window_size": 56,
    }  # fmt: skip
    config = Qwen2_5_VLConfig(
        text_config=text, vision_config=vision, image_token_id=id_of("<|image_pad|>"),
        video_token_id=id_of("<|video_pad|>"), vision_start_token_id=id_of("<|vision_start|>"),
        vision_end_token_id=id_of("<|vision_end|>"),
    )  # fmt: skip
    model = Qwen2_5_VLForConditionalGeneration(config)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    return model
