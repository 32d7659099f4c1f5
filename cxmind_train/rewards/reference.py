"""The reward in `reference` mode: the numbers of CX-Mind's public code (1e53969) with its quirks, in linear time.

What each quirk does, and what `fixed` does instead, stands in docs/rewards.md. Its patterns over whole texts are
replaced by searches that find the same: tests compare them with the patterns on short texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from cxdata.answers.gold import Stage
from cxdata.answers.marks import FALSE, TRUE
from cxmind_train.rewards.scores import Scores
from cxmind_train.rewards.settings import REFERENCE, ReferenceWeights
from cxmind_train.rewards.similarity import blend, bleu1, rouge_l

# Tags in any case, as the original finds its pairs.
_THINK: Final = re.compile(r"<think>", re.IGNORECASE)
_TURN: Final = re.compile(r"</think>\s*<answer>", re.IGNORECASE)
_END: Final = re.compile(r"</answer>", re.IGNORECASE)
_OPTION: Final = re.compile(r"[A-Ga-g]")
_MARKS: Final = re.compile(f"[{TRUE}{FALSE}]")
_SEPARATOR: Final = re.compile(r"[,;\n]")
# Space beside a bracket or a slash; a run is entered at its start alone, so that long runs cost their length.
_BESIDE_TAG: Final = re.compile(r"(?<!\s)\s+(?=[<>/])|(?<=[<>/])\s+")
_STRICT_TURN: Final = re.compile(r"</think>\s*<answer>")
_WORD: Final = re.compile(r"[a-z0-9]+")
_LONG: Final = 3  # letters: longer words are stemmed


class Pair(NamedTuple):
    """A think and its answer, as they stand."""

    think: str
    answer: str


def score_reference(completion: str, gold: str, stage: Stage, weights: ReferenceWeights = REFERENCE) -> Scores:
    """Score a completion as the original does; `bonus` is what it adds while its gate is open. Raises CxdataError."""
    return (_closed if stage == "closed" else _open)(completion, gold, weights)


def pairs_of(text: str) -> list[Pair]:
    """Every think with the answer that follows; a think reaches to the first `</think>` that an answer follows."""
    return list(_pairs(text))


def closed_format(text: str) -> float:
    """1 for a text that begins with a think, ends with an answer, and turns from one to the other somewhere."""
    return _format(text)


def open_format(text: str) -> float:
    """The same after space at the ends and around every bracket and slash is taken out."""
    return _format(_BESIDE_TAG.sub("", text.strip()))


def option_of(answer: str) -> str:
    """The first letter A to G of any word, in any case: `Pleural effusion` is E. Empty for none."""
    found = _OPTION.search(answer)
    return found[0].upper() if found else ""


def diseases_of(text: str) -> list[str]:
    """The entries between commas, semicolons and lines, in small letters."""
    return [entry.strip().lower() for entry in _SEPARATOR.split(text) if entry.strip()]


def last_answer(text: str) -> str:
    """What the last whole answer block holds, tags in small letters; empty for none."""
    last, at = "", text.find("<answer>")
    while at >= 0:
        end = text.find("</answer>", at)
        if end < 0:
            break
        last = text[at + len("<answer>") : end]
        at = text.find("<answer>", end)
    return last


def similarity(think: str, gold: str, stage: Stage, bleu_share: float = REFERENCE.bleu) -> float:
    """0.3 BLEU-1 + 0.7 ROUGE-L; closed rounds both to four places, and splits at single spaces."""
    tokens, gold_tokens = _bleu_tokens(think, stage), _bleu_tokens(gold, stage)
    bleu = bleu1(tokens, gold_tokens)
    rouge = rouge_l(_rouge_tokens(think), _rouge_tokens(gold))
    return blend(round(bleu, 4), round(rouge, 4), bleu_share) if stage == "closed" else blend(bleu, rouge, bleu_share)


def _closed(completion: str, gold: str, weights: ReferenceWeights) -> Scores:
    mine, told = pairs_of(completion), _gold_pairs(gold)
    chosen, key = option_of(mine[-1].answer if mine else ""), option_of(told[-1].answer if told else "")
    accuracy = float(bool(chosen) and chosen == key)
    think = _think_of(mine, key) if accuracy else ""
    gold_think = _think_of(told, key) if accuracy else ""
    reason = similarity(think, gold_think, "closed", weights.bleu) if think and gold_think else 0.0
    is_right = bool(mine) and bool(key) and all(_letter_is_right(pair.answer, key) for pair in mine)
    process = weights.closed_process if is_right else 0.0
    return _scores("closed", closed_format(completion), accuracy, reason, process, weights)


def _open(completion: str, gold: str, weights: ReferenceWeights) -> Scores:
    truth = diseases_of(last_answer(gold))
    f1 = _f1(set(diseases_of(last_answer(completion))), set(truth))
    mine, told = pairs_of(completion), _gold_pairs(gold)
    judged = [(pair, _unmarked(pair.answer)) for pair in mine[1:-1]]
    is_right = bool(judged) and all(_name_is_right(pair.answer, name, truth) for pair, name in judged)
    process = weights.open_process if is_right else 0.0
    hits = [(pair.think.strip(), name) for pair, name in judged if TRUE in pair.answer and name in truth]
    found = [(think, gold_think) for think, name in hits if (gold_think := _first_listing(told, name))]
    values = [similarity(think, gold_think, "open", weights.bleu) for think, gold_think in found]
    reason = sum(values) / len(values) if values else 0.0
    return _scores("open", open_format(completion), f1, reason, process, weights)


def _scores(
    stage: Stage, form: float, answer: float, reason: float, process: float, weights: ReferenceWeights
) -> Scores:
    base = weights.format * form + (1 - weights.format) * answer
    return Scores(stage, form, answer, reason, process, base, reason + process)


def _pairs(text: str) -> Iterator[Pair]:
    at = 0
    while begin := _THINK.search(text, at):
        turn = _TURN.search(text, begin.end())
        end = _END.search(text, turn.end()) if turn else None
        if turn is None or end is None:
            return
        yield Pair(text[begin.end() : turn.start()], text[turn.end() : end.start()])
        at = end.end()


@lru_cache(maxsize=4096)
def _gold_pairs(gold: str) -> tuple[Pair, ...]:
    return tuple(_pairs(gold))


def _format(text: str) -> float:
    body = text.rstrip()
    is_framed = body.startswith("<think>") and body.endswith("</answer>")
    return float(is_framed and _STRICT_TURN.search(body, len("<think>")) is not None)


def _think_of(pairs: Sequence[Pair], key: str) -> str:
    """The first think whose answer has the key's letter, however it was judged."""
    return next((pair.think.strip() for pair in pairs if option_of(pair.answer) == key), "")


def _letter_is_right(answer: str, key: str) -> bool:
    is_key = option_of(answer) == key
    return (TRUE in answer and is_key) or (FALSE in answer and not is_key)


def _name_is_right(answer: str, name: str, truth: Sequence[str]) -> bool:
    return (TRUE in answer and name in truth) or (FALSE in answer and name not in truth)


def _unmarked(answer: str) -> str:
    return _MARKS.sub("", answer).strip().lower()


def _first_listing(told: Sequence[Pair], name: str) -> str:
    """The think of the first gold block that lists the name: that of the candidates, most often."""
    return next((pair.think.strip() for pair in told if name in diseases_of(pair.answer)), "")


def _f1(named: set[str], truth: set[str]) -> float:
    if not named and not truth:
        return 1.0
    return 2 * len(named & truth) / (len(named) + len(truth))


def _bleu_tokens(text: str, stage: Stage) -> list[str]:
    spaced = text.lower().replace(".", " .")
    return spaced.split(" ") if stage == "closed" else spaced.split()


def _rouge_tokens(text: str) -> list[str]:
    return [_stem(word) for word in _WORD.findall(text.lower())]


@lru_cache(maxsize=1 << 16)
def _stem(word: str) -> str:
    stemmed: str = _stemmer().stem(word) if len(word) > _LONG else word
    return stemmed


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    from nltk.stem.porter import PorterStemmer

    return PorterStemmer()
