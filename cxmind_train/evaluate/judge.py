"""A judging model beside the counted numbers: how far an answer in words states what the gold states.

It is asked at an endpoint of this machine alone: answers and golds may be texts of restricted sources.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from cxdata.model.errors import CxdataError, RefusedError
from cxdata.reasoning.model.client import Client, PassingError, UnwantedError
from cxdata.reasoning.model.endpoint import endpoint

TIMEOUT_S: Final = 120.0
TRIES: Final = 3
HIGHEST: Final = 10
ASKED: Final = (
    "Two texts speak of the same chest X-ray. How far does the answer state the findings of the reference, and nothing "
    "that contradicts it? Reply with one whole number alone, from 0 (not at all) to 10 (all of them).\n\n"
    "Reference:\n{gold}\n\nAnswer:\n{said}"
)
_NUMBER: Final = re.compile(r"\s*(10|\d)(?:\s*/\s*10)?\s*\.?\s*")


class Judgement(NamedTuple):
    """Scores in [0, 1], None where the model gave no number, and why calls had no answer."""

    scores: list[float | None]
    failures: list[str]


def judge(pairs: Sequence[tuple[str, str]], url: str, model: str) -> Judgement:
    """Scores of (answer, gold) pairs, one call each at temperature 0.

    Raises RefusedError for an endpoint that is not this machine, CxdataError where it has no answer for any pair.
    """
    where = endpoint(url)
    if not where.is_local:
        raise RefusedError("a judge is asked on this machine alone", where=str(where), mend="serve the model here")
    scores: list[float | None] = []
    failures: list[str] = []
    with Client(where, TIMEOUT_S) as client:
        for said, gold in pairs:
            scores.append(_number(_asked(client, model, said, gold, failures)))
    if pairs and len(failures) == len(pairs):
        raise CxdataError(f"the judge gave no answer: {failures[0]}", where=str(where), mend="is the model served?")
    return Judgement(scores, failures)


def _asked(client: Client, model: str, said: str, gold: str, failures: list[str]) -> str:
    content = ASKED.replace("{gold}", gold).replace("{said}", said)
    body = {"model": model, "temperature": 0, "max_tokens": 8, "messages": [{"role": "user", "content": content}]}
    why = ""
    for _ in range(TRIES):
        try:
            return str(client.post("/chat/completions", body)["choices"][0]["message"]["content"] or "")
        except PassingError as error:
            why = error.reason
        except UnwantedError as error:
            why = f"status {error.status}"
            break
        except (KeyError, IndexError, TypeError):
            why = "an answer of another form"
            break
    failures.append(why)
    return ""


def _number(reply: str) -> float | None:
    found = _NUMBER.fullmatch(reply)
    return None if found is None else int(found[1]) / HIGHEST
