"""TRL's own preparation of an exported folder, for GRPO and for SFT, with a tiny Qwen2.5-VL processor made here.

Nothing is loaded from a hub. The processor is that of Qwen2.5-VL without videos, for which torchvision would be needed;
its tokenizer has the special tokens and a byte-level vocabulary learnt on a few words.
"""

from __future__ import annotations

import importlib.resources
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import datasets
import polars as pl
import pytest
from stage_folders import BINARY, row, standard_rows, write_stage

from cxdata.check.stage import validate_stage
from cxdata.check.stage_rules import TOKENS_OF_TEMPLATE
from cxdata.check.text_tokens import counted_by
from cxdata.export.formats import MAX_PIXELS, MIN_PIXELS
from cxdata.images.tokens import Limits, image_tokens

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
trl = pytest.importorskip("trl")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # of libraries that are not ours

SPECIALS = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
    "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
FILM = image_tokens(60, 40, Limits(MIN_PIXELS, MAX_PIXELS))
BOXES = row(
    5, problem="<image>\nWhere?", answer='<answer>[{"bbox_2d": [1, 2, 30, 40], "label": "Edema"}]</answer>',
    stage="sft", reward="boxes", task="abnormality_grounding", sample_id="openi/abnormality_grounding/5",
)  # fmt: skip


@pytest.fixture(scope="module")
def processor() -> Any:
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast, Qwen2_5_VLProcessor, Qwen2VLImageProcessorPil
    from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX
    from transformers.processing_utils import ProcessorMixin

    class PicturesOnly(Qwen2_5_VLProcessor):  # type: ignore[misc]
        def __init__(self, image_processor: Any = None, tokenizer: Any = None, chat_template: Any = None) -> None:
            self.image_token, self.video_token = "<|image_pad|>", "<|video_pad|>"
            self.image_token_id = tokenizer.convert_tokens_to_ids(self.image_token)
            self.video_token_id = tokenizer.convert_tokens_to_ids(self.video_token)
            ProcessorMixin.__init__(self, image_processor, tokenizer, chat_template=chat_template)

    made = Tokenizer(models.BPE())
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PRETOKENIZE_REGEX), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])  # fmt: skip
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320, special_tokens=list(SPECIALS), initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator(["What is shown? Edema Pneumonia <think>No line.</think><answer>A</answer>"] * 20, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<|endoftext|>", eos_token="<|im_end|>", padding_side="left",
        additional_special_tokens=list(SPECIALS[1:]),
    )  # fmt: skip
    template = (importlib.resources.files("trl") / "chat_templates" / "qwen2_5_vl.jinja").read_text()
    pictures = Qwen2VLImageProcessorPil(size={"shortest_edge": MIN_PIXELS, "longest_edge": MAX_PIXELS})
    return PicturesOnly(pictures, tokenizer, template)


def loaded(folder: Path) -> Any:
    datasets.disable_progress_bars()
    return datasets.load_dataset("parquet", data_dir="train", split="train", cache_dir=str(folder / "cache"))


@pytest.fixture(params=["path", "embed"])
def exported(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    rows = [*standard_rows(), BOXES]
    write_stage(tmp_path / "mix", "trl", embedded=request.param == "embed", splits={"train": rows})
    monkeypatch.chdir(tmp_path / "mix")
    return loaded(tmp_path)


def shown(text: str, tokenizer: Any) -> str:
    """A decoded prompt with one <image> where the pads of a picture stood."""
    pads = "<|image_pad|>" * FILM
    return text.replace(f"<|vision_start|>{pads}<|vision_end|>", "<image>").replace("<|endoftext|>", "")


def grpo(rows: list[dict[str, Any]], processor: Any) -> tuple[Any, Any, Any]:
    """What GRPOTrainer does with a batch before it generates (TRL 1.16, `_generate_and_score_completions`)."""
    prompts = [trl.data_utils.prepare_multimodal_messages(one["prompt"], images=one["images"]) for one in rows]
    trainer = SimpleNamespace(
        _is_vlm=True, environment_factories=None, processing_class=processor, tools=None, chat_template=None,
        chat_template_kwargs={},
    )  # fmt: skip
    return trl.GRPOTrainer._tokenize_prompts(trainer, prompts)


def test_grpo_reads_every_prompt_with_its_pictures_in_their_places(exported: Any, processor: Any) -> None:
    rows = [one for one in exported if one["images"]]
    assert len(rows) == 5
    ids, images, fields = grpo(rows, processor)
    assert [len(of_row) for of_row in images] == [1, 2, 1, 1, 1]
    for tokens, one in zip(ids, rows, strict=True):
        text = shown(processor.tokenizer.decode(tokens), processor.tokenizer)
        assert one["problem"] in text
        assert text.endswith("<|im_start|>assistant\n")
        assert list(tokens).count(processor.image_token_id) == FILM * len(one["images"])
    grid = torch.as_tensor(fields["image_grid_thw"])
    assert grid.shape == (6, 3)
    assert torch.as_tensor(fields["pixel_values"]).shape[0] == int(grid.prod(dim=1).sum())
    second = next(one for one in rows if one["problem"] == BINARY)
    assert [part["type"] for part in second["prompt"][0]["content"]] == ["text", "image", "text", "image", "text"]


def test_sft_learns_the_answer_alone(exported: Any, processor: Any) -> None:
    collate = trl.trainer.sft_trainer.DataCollatorForVisionLanguageModeling(processor, completion_only_loss=True)
    rows = [one for one in exported if one["images"]]
    batch = collate([dict(one) for one in rows])
    for ids, labels, one in zip(batch["input_ids"], batch["labels"], rows, strict=True):
        assert processor.tokenizer.decode(labels[labels != -100]).strip() == f"{one['answer']}<|im_end|>"
        assert one["problem"] in shown(processor.tokenizer.decode(ids), processor.tokenizer)
    assert any("bbox_2d" in one["answer"] for one in rows)


def test_sft_takes_a_row_of_text_by_itself_as_the_recipe_does(exported: Any, processor: Any) -> None:
    """The recipe's batches hold one row a device: rows with and without pictures never meet in one."""
    collate = trl.trainer.sft_trainer.DataCollatorForVisionLanguageModeling(processor, completion_only_loss=True)
    only = [one for one in exported if not one["images"]]
    assert len(only) == 1
    batch = collate([dict(only[0])])
    assert "pixel_values" not in batch
    assert only[0]["problem"] in processor.tokenizer.decode(batch["input_ids"][0])


def test_prompts_are_as_long_as_validate_counts_but_for_the_template(
    exported: Any, processor: Any, tmp_path: Path
) -> None:
    processor.tokenizer.backend_tokenizer.save(str(tmp_path / "tokenizer.json"))
    counted = counted_by(tmp_path / "tokenizer.json")
    rows = [one for one in exported if one["images"]]
    told = counted.of(pl.DataFrame({"problem": [one["problem"] for one in rows]}))
    ids, _, _ = grpo(rows, processor)
    empty = [[{"role": "user", "content": [{"type": "text", "text": ""}]}]]
    around = processor.apply_chat_template(empty, add_generation_prompt=True, tokenize=True, return_dict=True)
    template = len(around["input_ids"][0])
    for text, tokens, one in zip(told, ids, rows, strict=True):
        assert len(tokens) == FILM * len(one["images"]) + (text - TOKENS_OF_TEMPLATE) + template
    assert validate_stage(tmp_path / "mix", "trl", tokens=counted).ok
