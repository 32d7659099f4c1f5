"""A prompt as content blocks, its pictures where their marks stand, and how many tokens it costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from cxdata.export.formats import MARK
from cxdata.images.tokens import Limits, image_tokens
from cxdata.model.errors import CxdataError
from cxmind_train.data.rows import Rows

TEMPLATE_TOKENS: Final = 32
MARKS_A_PICTURE: Final = 2  # vision_start and vision_end
BYTES_A_TOKEN: Final = 3  # the estimate that `cxdata validate` uses where there is no tokenizer


def blocks(problem: str) -> list[dict[str, Any]]:
    """`<image>` marks as picture blocks, what stands between as text: TRL puts pictures before a plain string.

    >>> blocks("<image>Edema?")
    [{'type': 'image'}, {'type': 'text', 'text': 'Edema?'}]
    """
    made: list[dict[str, Any]] = []
    for place, text in enumerate(problem.split(MARK)):
        if place:
            made.append({"type": "image"})
        if text:
            made.append({"type": "text", "text": text})
    return made


def message(problem: str) -> list[dict[str, Any]]:
    """A prompt as a conversation of one message."""
    return [{"role": "user", "content": blocks(problem)}]


def prompt_tokens(rows: Rows, limits: Limits, count: Callable[[str], int] | None = None) -> list[int]:
    """Tokens of each row's prompt: the pictures by the processor's arithmetic on their size, the text by `count`.

    Without `count` the text is estimated, a token for three bytes. Raises CxdataError where marks and pictures of a
    row differ in number.
    """
    count = count or (lambda text: -(-len(text.encode()) // BYTES_A_TOKEN))
    found = []
    for row, problem in enumerate(rows.frame["problem"]):
        sizes = rows.sizes(row)
        if problem.count(MARK) != len(sizes):
            raise CxdataError(
                f"a prompt has {problem.count(MARK)} marks for {len(sizes)} pictures",
                where=f"{rows.folder.home}, {rows.frame['sample_id'][row]}",
                mend="cxdata validate tells more; mix anew",
            )  # fmt: skip
        shown = sum(image_tokens(*size, limits) + MARKS_A_PICTURE for size in sizes)
        found.append(shown + count(problem.replace(MARK, "")) + TEMPLATE_TOKENS)
    return found


def longest(tokens: Sequence[int]) -> int:
    """The longest of these, 0 for none."""
    return max(tokens, default=0)
