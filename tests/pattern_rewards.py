"""The reference's way of computing, as plainly as it can be written: patterns over whole texts, a library a number.

The tests hold `reference` mode to it on short texts; `benchmarks/rewards.py` times it. Its patterns take exponential
time on long texts that are cut off: never give it one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Score = dict[str, float]
PAIRS = re.compile(r"<think>(.*?)</think>\s*<answer>(.*?)</answer>", re.DOTALL | re.IGNORECASE)
WHOLE = re.compile(r"(?:<think>.*?</think>\s*<answer>.*?</answer>\s*)+", re.DOTALL)
OPTION = re.compile(r"([A-G])\s*[)）.]?", re.IGNORECASE)


def closed(completion: str, gold: str) -> Score:
    mine, told = PAIRS.findall(completion), PAIRS.findall(gold)
    key = option(told[-1][1]) if told else ""
    chosen = option(mine[-1][1]) if mine else ""
    accuracy = float(chosen != "" and chosen == key)
    verdicts = [("✅" in a and option(a) == key) or ("❌" in a and option(a) != key) for _, a in mine]
    process = 0.5 if mine and key and all(verdicts) else 0.0
    thinks = [next((t.strip() for t, a in pairs if option(a) == key), "") for pairs in (mine, told)]
    reason = 0.0
    if accuracy and all(thinks):
        cut = [text.lower().replace(".", " .").split(" ") for text in thinks]
        reason = 0.3 * round(bleu(*cut), 4) + 0.7 * round(rouge(*thinks), 4)
    return _score(float(WHOLE.fullmatch(completion) is not None), accuracy, reason, process)


def option(answer: str) -> str:
    found = OPTION.search(answer.strip())
    return found.group(1).upper() if found else ""


def open_(completion: str, gold: str, f1: Callable[[set[str], set[str]], float]) -> Score:
    tight = re.sub(r"\s*(<|>|/)\s*", r"\1", completion.strip())
    truth = names(last(gold))
    mine, told = PAIRS.findall(completion), PAIRS.findall(gold)
    judged = [(t, a, re.sub("[✅❌]", "", a).strip().lower()) for t, a in mine[1:-1]]
    right = [("✅" in a and name in truth) or ("❌" in a and name not in truth) for _, a, name in judged]
    reasons = []
    for think, answer, name in judged:
        source = next((t.strip() for t, a in told if name in names(a)), "")
        if "✅" in answer and name in truth and source:
            cut = [text.lower().replace(".", " .").split() for text in (think.strip(), source)]
            reasons.append(0.3 * bleu(*cut) + 0.7 * rouge(think.strip(), source))
    return _score(
        float(WHOLE.fullmatch(tight) is not None), f1(set(names(last(completion))), set(truth)),
        sum(reasons) / len(reasons) if reasons else 0.0, 0.2 if len(mine) > 2 and all(right) else 0.0,
    )  # fmt: skip


def names(block: str) -> list[str]:
    return [entry.strip().lower() for entry in re.split(r"[,;\n]", block) if entry.strip()]


def last(text: str) -> str:
    found = re.findall(r"<answer>(.*?)</answer>", text, re.DOTALL)
    return found[-1] if found else ""


def set_f1(named: set[str], truth: set[str]) -> float:
    if not named and not truth:
        return 1.0
    return 2 * len(named & truth) / (len(named) + len(truth))


def sklearn_f1(named: set[str], truth: set[str]) -> float:
    """Micro F1 of one row, by scikit-learn."""
    from sklearn.metrics import f1_score
    from sklearn.preprocessing import MultiLabelBinarizer

    if not named or not truth:
        return float(not named and not truth)
    binarizer = MultiLabelBinarizer().fit([named | truth])
    rows = [binarizer.transform([one]) for one in (truth, named)]
    return float(f1_score(*rows, average="micro", zero_division=0))


def bleu(tokens: list[str], gold: list[str]) -> float:
    from nltk.translate.bleu_score import sentence_bleu

    return float(sentence_bleu([gold], tokens, weights=(1,)))


def rouge(text: str, gold: str) -> float:
    from rouge_score.rouge_scorer import RougeScorer

    scorer: Any = RougeScorer(["rougeL"], use_stemmer=True)
    return float(scorer.score(gold, text)["rougeL"].fmeasure)


def _score(form: float, answer: float, think: float, process: float) -> Score:
    total = 0.1 * form + 0.9 * answer + think + process
    return {"format": form, "answer": answer, "think": think, "process": process, "total": total}
