"""Rewards: pure functions of a completion and its gold, without torch. `score` is the one way in.

>>> score("<think>Clear.</think><answer>B</answer>", "<answer>B</answer>", "closed").total
1.0
"""

from __future__ import annotations

from collections.abc import Sequence

from cxdata.answers.gold import Gold, Stage, read_gold
from cxmind_train.rewards.fixed import score_fixed
from cxmind_train.rewards.reference import score_reference
from cxmind_train.rewards.scores import Scores
from cxmind_train.rewards.settings import DEFAULT, MODES, Mode, Weights

__all__ = ["DEFAULT", "MODES", "Gold", "Mode", "Scores", "Stage", "Weights", "read_gold", "score"]


def score(
    completion: str,
    gold: str,
    stage: Stage,
    mode: Mode = "fixed",
    *,
    scored_labels: Sequence[str] = (),
    ignored_labels: Sequence[str] = (),
    basis: Sequence[str | None] = (),
    weights: Weights = DEFAULT,
    is_gold_form: bool = False,
) -> Scores:
    """Score one completion. Labels and basis are those of the gold's row; `reference` mode has no use for them.

    `is_gold_form`: see `score_fixed`; a trainer leaves it off. Raises CxdataError for a gold that cannot be read.
    """
    if mode == "reference":
        return score_reference(completion, gold, stage)
    read = read_gold(gold, stage, tuple(scored_labels), tuple(ignored_labels), tuple(basis))
    return score_fixed(completion, read, weights, is_gold_form=is_gold_form)
