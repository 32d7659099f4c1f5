"""Does a trace say what its label and its study say, in the words that it may use?

A check never mends: a trace that fails is no trace, and the codes say why (`cxdata.reasoning.codes`).
"""

from __future__ import annotations

from cxdata.reasoning.checks.evidence import evidence_codes
from cxdata.reasoning.checks.structure import structure_codes
from cxdata.reasoning.checks.words import word_codes
from cxdata.reasoning.study import Study
from cxdata.reasoning.trace import Question, Trace

VERSION = 1
"""Goes up whenever the same trace may be judged otherwise."""


def codes(trace: Trace, asked: Question, study: Study) -> list[str]:
    """What is wrong with a trace, codes in the order of CODES, each once; empty for a good one.

    Where the form is wrong the rest is not looked at: what belongs to which step is not known then.
    """
    wrong = structure_codes(trace, asked, study)
    if not wrong:
        wrong = [*evidence_codes(trace, asked, study), *word_codes(trace, asked, study)]
    return list(dict.fromkeys(wrong))
