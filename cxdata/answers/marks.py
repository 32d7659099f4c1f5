"""The marks of a judgement: ✅ for true, ❌ for false."""

from __future__ import annotations

from typing import Final, NamedTuple

from cxdata.answers.memory import remember_short

TRUE: Final = "✅"
FALSE: Final = "❌"
# Emoji fonts append this invisible character to a mark; it changes nothing that is meant.
VARIATION_SELECTOR: Final = "\ufe0f"


class Judged(NamedTuple):
    """What was judged, as text without its mark, and how."""

    subject: str
    verdict: bool


def plain(text: str) -> str:
    """The text without variation selectors and without space at its ends."""
    return text.replace(VARIATION_SELECTOR, "").strip()


def count_marks(text: str) -> int:
    """How many marks of either kind the text holds."""
    return text.count(TRUE) + text.count(FALSE)


@remember_short
def read_judgement(block: str) -> Judged | None:
    """The one mark of an answer block, at its end or its start, and what it judges.

    None where there is no mark, more than one, one in the middle, or nothing beside it: `B ✅ ❌` judges nothing.
    """
    text = plain(block)
    if count_marks(text) != 1:
        return None
    mark = TRUE if TRUE in text else FALSE
    if not (text.startswith(mark) or text.endswith(mark)):
        return None
    subject = text.replace(mark, "").strip()
    return Judged(subject, mark == TRUE) if subject else None


def without_true(text: str) -> str | None:
    """The text of an entry of the closing block, whose one ✅ may stay; None where another mark stands in it."""
    text = plain(text)
    if count_marks(text) == 0:
        return text
    judged = read_judgement(text)
    return judged.subject if judged and judged.verdict else None
