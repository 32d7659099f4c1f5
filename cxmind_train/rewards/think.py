"""The think part in `fixed` mode: each judgement's think beside the gold's think of the same option or finding."""

from __future__ import annotations

from collections import Counter

from cxdata.answers.blocks import Parsed
from cxdata.answers.gold import Gold, Step, steps_of
from cxdata.answers.thinks import content, denies, has_near_equals, is_foul
from cxmind_train.rewards.similarity import blend, bleu1, rouge_l


def think_score(parsed: Parsed, gold: Gold, answer: float, bleu_share: float) -> float | None:
    """Mean similarity over the steps that the gold compares, times `answer`; None where it compares none.

    A step that is missing, judged twice or judged the other way counts 0, as does a think that denies where the gold
    affirms, or affirms where it denies. All is 0 where the form is wrong, and where
    one of the thinks compared is empty, over 80 words or holds marks or letters, or two of them are nearly the same.
    Rule: medicine, section 7; the factor keeps a fine text with a wrong answer from being paid.
    """
    if not gold.compared:
        return None
    if not answer or not parsed.is_well_formed:
        return 0.0
    steps = steps_of(parsed, gold.stage, gold.space)
    judged = Counter(step.subject for step in steps if step)
    own = {step.subject: step for step in steps if step and judged[step.subject] == 1}
    pairs = [(own[step.subject], step) for step in gold.compared if _agrees(own.get(step.subject), step)]
    thinks = [mine.think for mine, _ in pairs]
    if any(map(is_foul, thinks)) or has_near_equals(thinks):
        return 0.0
    return answer * sum(_similarity(mine, told, bleu_share) for mine, told in pairs) / len(gold.compared)


def _agrees(mine: Step | None, told: Step) -> bool:
    return mine is not None and mine.verdict == told.verdict


def _similarity(mine: Step, told: Step, bleu_share: float) -> float:
    if denies(mine.think) != denies(told.think):
        return 0.0
    tokens, gold = content(mine.think).forms, content(told.think).forms
    return blend(bleu1(tokens, gold), rouge_l(tokens, gold), bleu_share)
