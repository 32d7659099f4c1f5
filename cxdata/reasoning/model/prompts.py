"""Prompts of our own, each with an id, and the requests that are made of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cxdata.model.errors import CxdataError
from cxdata.model.hashing import digest
from cxdata.model.yaml_text import parsed
from cxdata.reasoning.model.brief import Brief, Item, Kind

FILE: Final = Path(__file__).with_name("prompts.yaml")
ID_LENGTH: Final = 12
CANDIDATES: Final = "candidates"
CLOSING: Final = "closing"
THINK: Final = "think"
VERDICT: Final = "verdict"
_TEXT: Final[Mapping[str, Any]] = {"type": "string"}


class Prompts(BaseModel):
    """The texts of prompts.yaml: one for all, one more for each kind of question."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: int = Field(ge=1)
    system: str = Field(min_length=1)
    kinds: dict[Kind, str]


@cache
def prompts(path: Path = FILE) -> Prompts:
    """The prompts of a file. Raises CxdataError that names the file and every wrong field."""
    try:
        return Prompts.model_validate(parsed(path.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        raise CxdataError(f"the prompts cannot be read: {error}", where=str(path), mend="mend that file") from None


def system_text(kind: Kind) -> str:
    """What the model is told before every question of the kind."""
    return f"{prompts().system.rstrip()}\n\n{prompts().kinds[kind].rstrip()}\n"


@cache
def prompt_id(kind: Kind) -> str:
    """The kind and a hash of the texts and of the form in which an item is given: `closed-3f0a9c1be2d4`."""
    sample = Brief("", kind, "", (Item("A", "", "present", ("",), "", ""),))
    return f"{kind}-{digest([system_text(kind), told(sample), answer_schema(sample)])[:ID_LENGTH]}"


def messages(brief: Brief) -> list[dict[str, str]]:
    """The two messages of a request: what holds for all, and this sample as JSON."""
    said = json.dumps(told(brief), ensure_ascii=False)
    return [{"role": "system", "content": system_text(brief.kind)}, {"role": "user", "content": said}]


def told(brief: Brief) -> dict[str, Any]:
    """All that leaves the folder for one sample: no id, no picture, no sentence that bears on none of the items."""
    return {"question": brief.question, "items": [_told(item) for item in brief.items]}


def answer_schema(brief: Brief) -> dict[str, Any]:
    """The JSON Schema of an answer: a property for each item, in order, so that each is judged once.

    It keeps to what both vLLM and OpenAI's strict mode take: every property required, no other allowed.
    """
    judged = _object({THINK: _TEXT, VERDICT: {"type": "boolean"}})
    items = {item.key: judged for item in brief.items}
    first = {CANDIDATES: _TEXT} if brief.kind == "open" else {}
    return _object({**first, **items, CLOSING: _TEXT})


def response_format(brief: Brief) -> dict[str, Any]:
    """The schema as `response_format` of a chat completion."""
    return {"type": "json_schema", "json_schema": {"name": "trace", "strict": True, "schema": answer_schema(brief)}}


def _told(item: Item) -> dict[str, Any]:
    shown: dict[str, Any] = {"item": item.key}
    if item.option is not None:
        shown["option"] = item.option
    shown |= {"finding": item.finding, "state": item.state}
    if item.sentences:
        shown["sentences"] = list(item.sentences)
    if item.place is not None:
        shown["place"] = item.place
    return shown


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False,
    }  # fmt: skip
