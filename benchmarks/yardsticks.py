"""Other readers of negation, given the spans that ours found, so that negation is what is compared.

Each takes a sentence with its spans and says of each span whether it is negated or in doubt, or spoken of as history or
hypothesis. Only what is installed is weighed: medspaCy 1.3.1 needs numpy below 2, so it wants a virtual environment of
its own (`pip install medspacy==1.3.1 negspacy polars pydantic pyyaml`).
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Sequence
from typing import Any

from cxdata.model.vocabulary import vocabulary
from cxdata.reports.lexicon import lexicon
from cxdata.reports.reader import has_exception, named, normal_names, strongest
from cxdata.reports.scope import ABSENT, PRESENT, UNCERTAIN, UNSAID, Mention
from cxdata.reports.words import words

Span = tuple[int, int]
Judge = Callable[[str, Sequence[Span]], list[str]]


def judges() -> dict[str, Judge]:
    """The yardsticks that are installed, by name."""
    found: dict[str, Judge] = {}
    for name, package, make in (("medspaCy ConText", "medspacy", context), ("negspaCy", "negspacy", negex)):
        try:
            importlib.import_module(package)
        except ImportError:
            continue
        found[name] = make()
    return found


def context() -> Judge:
    """ConText of medspaCy with its own English rules."""
    import spacy

    importlib.import_module("medspacy.context")
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    rules = nlp.add_pipe("medspacy_context")

    def judge(sentence: str, spans: Sequence[Span]) -> list[str]:
        doc = nlp.make_doc(sentence)
        for index, token in enumerate(doc):
            token.is_sent_start = index == 0
        found = [doc.char_span(start, end, label="FINDING", alignment_mode="expand") for start, end in spans]
        states = []
        for alone in found:  # spans may lie over each other, which entities of one text may not
            doc.ents = (alone,)
            rules(doc)
            states.append(_context_state(doc.ents[0]._))
        return states

    return judge


def negex() -> Judge:
    """NegEx of negspaCy with its English clinical terms; it knows no doubt."""
    import spacy

    importlib.import_module("negspacy.negation")
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    rules = nlp.add_pipe("negex", config={"chunk_prefix": ["no"]})

    def judge(sentence: str, spans: Sequence[Span]) -> list[str]:
        doc = nlp.make_doc(sentence)
        for index, token in enumerate(doc):
            token.is_sent_start = index == 0
        states = []
        for start, end in spans:
            doc.ents = (doc.char_span(start, end, label="FINDING", alignment_mode="expand"),)
            rules(doc)
            states.append(ABSENT if doc.ents[0]._.negex else PRESENT)
        return states

    return judge


def pipeline_seconds(sentences: Sequence[str]) -> float:
    """Processor seconds a sentence of medspaCy's own pipeline, with the vocabulary's names and synonyms as targets.

    It does the same job as ours: find findings in text and judge them. Its sentence splitter's debug log is off.
    """
    medspacy = importlib.import_module("medspacy")
    rule = importlib.import_module("medspacy.target_matcher").TargetRule
    importlib.import_module("loguru").logger.remove()
    nlp = medspacy.load()
    spellings = [(text, one.name) for one in vocabulary().findings for text in (one.name, *one.synonyms)]
    nlp.get_pipe("medspacy_target_matcher").add([rule(text, name) for text, name in spellings])
    nlp(sentences[0])
    start = time.process_time()
    for sentence in sentences:
        nlp(sentence)
    return (time.process_time() - start) / len(sentences)


def read_by(judge: Judge, sentence: str) -> dict[str, str]:
    """The states of the findings that our spotting names, judged by a yardstick.

    What is stated absent ("heart size is normal") stays so where the yardstick changes nothing, and is left out where
    it does, as in ours.
    """
    known = lexicon()
    told = words(sentence)
    mentions = [mention for clause in named(sentence, known) for mention in clause]
    if not mentions:
        return {}
    spans = sorted({_span(mention, told.starts, told.ends) for mention in mentions})
    states = dict(zip(spans, judge(sentence, spans), strict=True))
    for mention in mentions:
        mention.state = _with(mention.stated, states[_span(mention, told.starts, told.ends)])
    excepted = has_exception(told.forms, known.phrases.find(told.forms))
    return {mention.finding: mention.state for mention in strongest(mentions, excepted, normal_names())}


def _span(mention: Mention, starts: Sequence[int], ends: Sequence[int]) -> Span:
    return starts[mention.at], ends[mention.end - 1]


def _with(stated: str, judged: str) -> str:
    if judged == PRESENT:
        return stated
    return UNSAID if stated == ABSENT else judged


def _context_state(told: Any) -> str:
    if told.is_historical or told.is_hypothetical or told.is_family:
        return UNSAID
    if told.is_negated:
        return ABSENT
    return UNCERTAIN if told.is_uncertain else PRESENT
