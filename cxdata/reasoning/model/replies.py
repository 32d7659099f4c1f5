"""What an answer of the model says: its steps as they stand, or why it has none. Nothing is mended here."""

from __future__ import annotations

import json
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cxdata.reasoning.model.prompts import CANDIDATES, CLOSING, THINK, VERDICT

Code = Literal["answer_cut", "answer_refused", "answer_not_json", "answer_not_schema", "request_refused"]
"""Codes of `cxdata.reasoning.codes.ANSWERS`."""


class Said(NamedTuple):
    """One member of an answer: the item that it judges, or the first or closing think, whose verdict is None."""

    key: str
    think: str
    verdict: bool | None


class Reply(NamedTuple):
    """An answer as it came: the text, why it ended, and the tokens that it took, in and out."""

    content: str | None
    finish: str | None
    tokens_in: int = 0
    tokens_out: int = 0


class _Part(BaseModel):
    """Of what the endpoint sends, the members that are read; it may send others."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class _Message(_Part):
    content: str | None = None
    refusal: str | None = None


class _Choice(_Part):
    message: _Message
    finish_reason: str | None = None


class _Usage(_Part):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Completion(_Part):
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


def reply(answer: Any) -> Reply:
    """The first choice of a chat completion; a Reply without content where the JSON is none."""
    try:
        completion = _Completion.model_validate(answer)
    except ValidationError:
        return Reply(None, None)
    choice, usage = completion.choices[0], completion.usage or _Usage()
    finish = "refusal" if choice.message.refusal else choice.finish_reason
    return Reply(choice.message.content, finish, usage.prompt_tokens, usage.completion_tokens)


def said(reply: Reply) -> tuple[Said, ...] | Code:
    """The members of an answer in its own order, or the code of what is wrong with its form.

    Which items it judges, in which order and how, is not looked at: that is the checker's business.
    """
    if reply.finish in ("refusal", "content_filter"):
        return "answer_refused"
    if reply.finish == "length":
        return "answer_cut"
    try:
        members = json.loads(reply.content or "", object_pairs_hook=_Pairs, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return "answer_not_json"
    if not isinstance(members, _Pairs):
        return "answer_not_json"
    found = [_said(key, value) for key, value in members]
    whole = tuple(one for one in found if one is not None and _is_text(one.key) and _is_text(one.think))
    return whole if len(whole) == len(found) else "answer_not_schema"


class _Pairs(list[tuple[str, Any]]):
    """The members of a JSON object as they stand, doubles too."""


def _said(key: str, value: Any) -> Said | None:
    if isinstance(value, str) and key in (CANDIDATES, CLOSING):
        return Said(key, value, None)
    if not isinstance(value, _Pairs) or sorted(name for name, _ in value) != [THINK, VERDICT]:
        return None
    judged = dict(value)
    think, verdict = judged[THINK], judged[VERDICT]
    return Said(key, think, verdict) if isinstance(think, str) and isinstance(verdict, bool) else None


def _is_text(text: str) -> bool:
    """Whether it can be written: JSON may escape half of a pair of surrogates, which is no character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _no_constant(name: str) -> Any:
    raise ValueError  # NaN and Infinity are no JSON
