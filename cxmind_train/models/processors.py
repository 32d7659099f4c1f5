"""Processors of the Qwen2.5-VL family, with and without torchvision.

Their video part needs torchvision, which a machine without a graphics card can do without: there the processor is made
of picture processor and tokenizer alone. It is saved under the family's own name, since transformers 5.17.0 gives a
bare tokenizer, without a word, for a class name that it does not know.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

from cxdata.model.errors import CxdataError
from cxmind_train.requirements import missing

PUBLIC_NAME: Final = "Qwen2_5_VLProcessor"
CONFIG: Final = "processor_config.json"
VIDEO_CONFIG: Final = "video_preprocessor_config.json"


def load_processor(model: str, limits: tuple[int, int]) -> Any:
    """The processor of a model (a folder or a hub name), with these least and most pixels of a picture.

    Raises CxdataError for a model that has none for pictures.
    """
    from transformers import AutoProcessor
    from transformers.processing_utils import ProcessorMixin

    maker = _image_only() if missing("torchvision") or _is_image_only(model) else AutoProcessor
    try:
        processor = maker.from_pretrained(model)
    except (OSError, ValueError) as error:
        told = str(error).splitlines()[0]
        raise CxdataError(f"no processor: {told}", where=model, mend="name a folder with a whole model") from None
    if not isinstance(processor, ProcessorMixin):
        raise CxdataError("the model has no processor for pictures", where=model, mend="take a Qwen2.5-VL")
    processor.image_processor.size = {"shortest_edge": limits[0], "longest_edge": limits[1]}
    processor.tokenizer.padding_side = "left"
    return processor


def image_only_processor(tokenizer: Any, limits: tuple[int, int], template: str) -> Any:
    """A processor of these parts, without torchvision."""
    from transformers import Qwen2VLImageProcessorPil

    pictures = Qwen2VLImageProcessorPil(size={"shortest_edge": limits[0], "longest_edge": limits[1]})
    return _image_only()(image_processor=pictures, tokenizer=tokenizer, chat_template=template)


def save_processor(processor: Any, folder: Path) -> None:
    """Save under the family's own class name."""
    processor.save_pretrained(folder)
    path = folder / CONFIG
    content = json.loads(path.read_text("utf-8"))
    content["processor_class"] = PUBLIC_NAME
    path.write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def _is_image_only(model: str) -> bool:
    """Whether a folder holds a processor that was saved without a video part."""
    home = Path(model)
    if not (home / CONFIG).is_file() or (home / VIDEO_CONFIG).is_file():
        return False
    return "video_processor" not in json.loads((home / CONFIG).read_text("utf-8"))


@cache
def _image_only() -> Any:
    """The class, made once: transformers is imported when it is asked for."""
    from transformers import Qwen2_5_VLProcessor
    from transformers.processing_utils import ProcessorMixin

    class ImageOnlyProcessor(Qwen2_5_VLProcessor):
        """Dropping the argument drops the requirement: `ProcessorMixin.get_attributes` reads this signature."""

        def __init__(
            self, image_processor: Any = None, tokenizer: Any = None, chat_template: Any = None, **kwargs: Any
        ) -> None:
            self.image_token, self.video_token = "<|image_pad|>", "<|video_pad|>"
            self.image_token_id = tokenizer.convert_tokens_to_ids(self.image_token)
            self.video_token_id = tokenizer.convert_tokens_to_ids(self.video_token)
            ProcessorMixin.__init__(self, image_processor, tokenizer, chat_template=chat_template)

        @property
        def model_input_names(self) -> list[str]:
            return [name for name in super().model_input_names if name != "second_per_grid_ts"]

    return ImageOnlyProcessor
