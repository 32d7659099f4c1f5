"""Codes of samples without a trace: what was not told, and what a check found wrong. Each with its meaning."""

from __future__ import annotations

from typing import Final

UNTOLD: Final = {
    "no_report_no_box": "the study has no report in English, no box and no stated place",
    "report_affirms": "the report affirms what the label says is not there",
    "report_denies": "the report denies what the label says is there",
    "report_uncertain": "the report is in doubt about it",
    "silence_not_telling": "the evidence is silent about a finding whose silence tells nothing",
    "no_evidence": "no step would rest on evidence",
    "no_negative": "no finding can be weighed and turned down",
    "too_many_candidates": "more findings are present than a trace may weigh",
    "no_other_words": "two steps would say nearly the same",
}
"""Why the evidence writer leaves a sample out."""

STRUCTURE: Final = {
    "steps": "the steps are not one an option, or candidates, judgements and a closing step",
    "options_order": "the options are not judged once each, in order",
    "basis": "a judgement has no basis, one that is none, or another step has one",
    "candidates": "candidates and judgements differ, or there are more than eight",
    "no_candidate_denied": "no candidate is turned down",
    "verdict_differs": "a verdict is not what the label says",
    "candidate_not_askable": "a finding is turned down that is neither scored absent nor denied by the report",
    "final_differs": "the closing answer is not the key",
    "basis_differs": "a basis does not go with its verdict",
}
EVIDENCE: Final = {
    "evidence_missing": "a step rests on sentences, and none is given",
    "evidence_foreign": "a sentence does not stand in the study's own text",
    "evidence_silent": "no sentence given says of the finding what its step says",
    "report_contradicts": "the report says the contrary of a verdict",
    "no_box": "a step rests on a box that the picture does not have",
    "no_location": "a step rests on a place that the source does not state",
    "silent_not_salient": "a step rests on silence about a finding whose silence tells nothing",
}
WORDS: Final = {
    "think_form": "a think is empty, over 80 words, or holds a tag, a mark or an option's letter",
    "banned_word": "a think speaks of a report, of an earlier picture, or in a report's words",
    "identifier_mark": "a think or a sentence holds a mark of de-identification",
    "side_not_told": "a think names a side that its evidence does not",
    "site_not_told": "a think names a site that its evidence does not",
    "size_not_told": "a think names a size or a degree that its evidence does not",
    "number_not_told": "a think holds a number that its evidence does not",
    "finding_not_told": "a think names a finding that is neither asked about, nor a label, nor in the report",
    "think_contradicts": "a think says the contrary of its verdict",
    "silent_tells": "a silent or label-only think names a finding, a sign or a size",
    "near_equal": "two thinks of a trace say nearly the same",
}
ANSWERS: Final = {
    "answer_cut": "the model's answer was cut off at max_tokens",
    "answer_refused": "the model refused to answer",
    "answer_not_json": "the model's answer is no JSON object",
    "answer_not_schema": "the model's answer is JSON, but not thinks and verdicts",
    "request_refused": "the endpoint rejects the request",
}
"""Why the model writer has no trace of a sample that it asked for."""
CHECKED: Final = {**STRUCTURE, **EVIDENCE, **WORDS}
"""What a check found wrong in a trace that was written."""
CODES: Final = {**ANSWERS, **UNTOLD, **CHECKED}
