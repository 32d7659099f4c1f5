"""BLEU-1 and ROUGE-L of two lists of tokens.

BLEU-1 (Papineni et al., ACL 2002) is one clipped fraction and one exponent; ROUGE-L (Lin, ACL 2004) the F-measure of a
longest common subsequence, which rapidfuzz finds by machine words. Tests hold both to NLTK and to rouge-score.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from rapidfuzz.distance import LCSseq


def bleu1(tokens: Sequence[str], gold: Sequence[str]) -> float:
    """Share of tokens that the gold holds, each as often as there at most, times the brevity penalty; 0 for none.

    >>> bleu1(["left", "apex"], ["left", "base"])
    0.5
    """
    mine, there = Counter(tokens), Counter(gold)
    shared = sum(map(min, mine.values(), map(there.__getitem__, mine)))
    if not shared:
        return 0.0
    brevity = 1.0 if len(tokens) >= len(gold) else math.exp(1 - len(gold) / len(tokens))
    return brevity * shared / len(tokens)


def rouge_l(tokens: Sequence[str], gold: Sequence[str]) -> float:
    """F-measure of the longest common subsequence; 0 where a list is empty.

    >>> rouge_l(["no", "left", "effusion"], ["left", "effusion", "seen"])
    0.6666666666666666
    """
    if not tokens or not gold:
        return 0.0
    return 2 * LCSseq.similarity(tokens, gold) / (len(tokens) + len(gold))


def blend(bleu: float, rouge: float, bleu_share: float) -> float:
    """0.3 BLEU-1 + 0.7 ROUGE-L at the usual share."""
    return bleu_share * bleu + (1 - bleu_share) * rouge
