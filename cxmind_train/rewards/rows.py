"""The reward of a row of a stage folder: which one its column `reward` names, and what of the row it needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cxdata.answers.gold import Stage
from cxdata.model.errors import CxdataError
from cxmind_train.rewards import Mode, Scores, Weights, score
from cxmind_train.rewards.boxes import score_boxes
from cxmind_train.rewards.free_text import score_text
from cxmind_train.rewards.sets import score_words
from cxmind_train.rewards.settings import DEFAULT

STAGE_OF_REWARD: Final[dict[str, Stage]] = {"closed": "closed", "open_labels": "open"}
BY_TEXT: Final = {"free_text": score_text, "boxes": score_boxes}


def score_row(completion: str, row: Mapping[str, Any], mode: Mode = "fixed", weights: Weights = DEFAULT) -> Scores:
    """Score a completion of a row with `answer`, `reward`, `scored_labels`, `ignored_labels` and, where there, its
    `gold_basis`. Answers of plain prompts have no tags: choices are compared in words, lists of findings as they stand.
    `mode` is for closed and open questions.

    Raises CxdataError for a row without a reward and a gold that cannot be read.
    """  # noqa: D205 - one sentence
    reward, gold = str(row["reward"]), str(row["answer"])
    if reward in BY_TEXT:
        return BY_TEXT[reward](completion, gold, weights)
    stage = STAGE_OF_REWARD.get(reward)
    if stage is None:
        raise CxdataError(
            f"rows with the reward {reward!r} cannot be scored", where=str(row.get("sample_id")),
            mend="leave them out: --set data.filter.tasks=[...]",
        )  # fmt: skip
    if stage == "closed" and "<answer>" not in gold:
        return score_words(completion, gold, weights)
    if "<answer>" not in gold:
        completion, gold = _in_a_block(completion), f"<answer>{gold}</answer>"
    return score(
        completion, gold, stage, mode, scored_labels=row["scored_labels"] or (),
        ignored_labels=row["ignored_labels"] or (), basis=row.get("gold_basis") or (), weights=weights,
    )  # fmt: skip


def _in_a_block(text: str) -> str:
    return text if "<answer>" in text else f"<think>-</think><answer>{text}</answer>"
