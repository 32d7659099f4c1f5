"""Boxes: each of the gold's is matched with one of the completion's at most; surplus boxes count against it.

Rule: medicine, section 7. Half of the reward is F1 at an overlap (IoU) of .5, half the same sum with each match worth
its overlap, so that a box that moves nearer earns more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cxdata.answers.blocks import Fault, parse
from cxdata.answers.boxes import AnswerBox, read_boxes, read_final_boxes
from cxdata.answers.names import label_space
from cxdata.model.errors import CxdataError
from cxmind_train.rewards.scores import Scores
from cxmind_train.rewards.settings import DEFAULT, Weights

ENOUGH: Final = 0.5
MOST_BOXES: Final = 64  # a completion with more names no place; matching costs the product of both numbers


def score_boxes(completion: str, gold: str, weights: Weights = DEFAULT) -> Scores:
    """Score a completion. The form is an answer block, with a think or without, that can be read as boxes.

    Raises CxdataError for a gold that cannot be read.
    """
    truth = read_final_boxes(gold)
    if truth is None:
        raise CxdataError("the boxes of the gold cannot be read", mend="write what cxdata.answers.boxes renders")
    parsed = parse(completion)
    said = None if parsed.final is None else read_boxes(parsed.final)
    form = float(said is not None and parsed.faults <= {Fault.NO_THINK})
    answer = 0.0 if said is None or len(said) > MOST_BOXES else box_reward(said, truth)
    return Scores("boxes", form, answer, None, None, weights.format * form + (1 - weights.format) * answer, 0.0)


def box_reward(said: Sequence[AnswerBox], truth: Sequence[AnswerBox]) -> float:
    """The mean of F1 at .5 and of the overlaps' F1; where neither has a box, 1."""
    if not said and not truth:
        return 1.0
    overlaps = matched(said, truth)
    both = len(said) + len(truth)
    hits = sum(overlap >= ENOUGH for overlap in overlaps)
    return (2 * hits / both + 2 * sum(overlaps) / both) / 2


def mean_iou(said: Sequence[AnswerBox], truth: Sequence[AnswerBox]) -> float:
    """The overlap of each box of the gold with its match, 0 where it has none; 1 where neither has a box."""
    if not truth:
        return float(not said)
    return sum(matched(said, truth)) / len(truth)


def matched(said: Sequence[AnswerBox], truth: Sequence[AnswerBox]) -> list[float]:
    """Overlaps of the pairs of one name, largest first, each box in one pair at most."""
    space = label_space(tuple(box.label for box in truth))
    names = [space.name_of(box.label) for box in said]
    wanted = [space.name_of(box.label) for box in truth]
    pairs = sorted(
        (-overlap, i, j)
        for i, mine in enumerate(said)
        for j, other in enumerate(truth)
        if names[i] == wanted[j] and (overlap := iou(mine, other)) > 0
    )
    left, right, found = set[int](), set[int](), []
    for overlap, i, j in pairs:
        if i not in left and j not in right:
            left.add(i)
            right.add(j)
            found.append(-overlap)
    return found


def iou(a: AnswerBox, b: AnswerBox) -> float:
    """Area of the intersection over that of the union.

    >>> iou(AnswerBox("Mass", 0, 0, 2, 2), AnswerBox("Mass", 1, 0, 3, 2))
    0.3333333333333333
    """
    width, height = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (_area(a) + _area(b) - shared)


def _area(box: AnswerBox) -> float:
    return (box.x1 - box.x0) * (box.y1 - box.y0)
