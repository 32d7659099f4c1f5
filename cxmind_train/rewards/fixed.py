"""The reward in `fixed` mode, the default: what is well formed, right, and weighed as it should be."""

from __future__ import annotations

from typing import Final

from cxdata.answers.blocks import parse
from cxdata.answers.closed import closed_accuracy, closed_process
from cxdata.answers.gold import Gold
from cxdata.answers.open_labels import open_f1, open_process
from cxmind_train.rewards.scores import Scores
from cxmind_train.rewards.settings import DEFAULT, Weights
from cxmind_train.rewards.think import think_score

_ANSWER: Final = {"closed": closed_accuracy, "open": open_f1}
_PROCESS: Final = {"closed": closed_process, "open": open_process}


def score_fixed(completion: str, gold: Gold, weights: Weights = DEFAULT, *, is_gold_form: bool = False) -> Scores:
    """Score a completion. `total` is in [0, 1]; parts that the gold cannot judge are dropped and the rest rescaled.

    `is_gold_form` lets a text that is the gold, character by character, pass without a think where the gold has none:
    for scoring gold, never for training, where a model would learn to leave its thinks out.
    """
    parsed = parse(completion)
    is_same = is_gold_form and gold.kind == "answer" and completion.strip() == gold.text.strip()
    form = float(parsed.is_well_formed or is_same)
    answer = _ANSWER[gold.stage](parsed, gold)
    think = think_score(parsed, gold, answer, weights.bleu)
    process = _PROCESS[gold.stage](parsed, gold) if gold.has_judgements else None
    told = [(share, part) for share, part in ((weights.think, think), (weights.process, process)) if part is not None]
    rest = 1 - weights.think - weights.process
    whole = rest + sum(share for share, _ in told)
    base = rest / whole * (weights.format * form + (1 - weights.format) * answer)
    bonus = sum(share * part for share, part in told) / whole
    return Scores(gold.stage, form, answer, think, process, base, bonus)
