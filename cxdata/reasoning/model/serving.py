"""Which model answers, and in which revision: what the endpoint says, else what the user says, else nothing."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from cxdata.model.errors import CxdataError, UsageError
from cxdata.reasoning.model.client import Client, PassingError, UnwantedError

_SNAPSHOT: Final = re.compile(r"/snapshots/([0-9a-f]{40})(?:/|$)")  # the hub's cache: a folder for each commit


class Served(NamedTuple):
    """A model by the name that the endpoint gives it; `revision` is None where nobody says."""

    model: str
    revision: str | None


def served(client: Client, model: str | None, revision: str | None) -> Served:
    """The model to ask. With both names given nothing is asked of the endpoint.

    Raises CxdataError when nobody answers; UsageError when the endpoint serves several models and none is named, or
    does not serve the named one, or serves another revision.
    """
    if model and revision:
        return Served(model, revision)
    cards = _cards(client)
    known = ", ".join(cards)
    if model is None and len(cards) != 1:
        raise UsageError("the endpoint serves several models", where=str(client.endpoint), mend=f"--model, of: {known}")
    name = model or next(iter(cards))
    if name not in cards:
        what = f"the endpoint does not serve {name!r}"
        raise UsageError(what, where=str(client.endpoint), mend=f"--model, of: {known}")
    said = _revision(cards[name])
    if said and revision and said != revision:
        what = f"the endpoint serves revision {said} of {name}, not {revision}"
        raise UsageError(what, where=str(client.endpoint), mend="leave --revision out, or serve the other one")
    return Served(name, said or revision)


def _cards(client: Client) -> dict[str, dict[str, Any]]:
    try:
        listed = client.get("/models")
    except (PassingError, UnwantedError) as failure:
        reason = failure.reason if isinstance(failure, PassingError) else f"status {failure.status}"
        raise CxdataError(
            f"the endpoint does not answer: {reason}", where=str(client.endpoint),
            mend="start a model there (vllm serve MODEL --port 8000), or name another --endpoint",
        ) from None  # fmt: skip
    data = listed.get("data") if isinstance(listed, dict) else None
    cards = {card["id"]: card for card in data or () if isinstance(card, dict) and isinstance(card.get("id"), str)}
    if not cards:
        raise CxdataError(
            "the endpoint lists no model",
            where=str(client.endpoint),
            mend="name the base of an OpenAI-compatible API",
        )
    return cards


def _revision(card: dict[str, Any]) -> str | None:
    """What a model's card says of its revision; vLLM says it only by the folder that the model was read from."""
    said, root = card.get("revision"), card.get("root")
    if isinstance(said, str) and said:
        return said
    found = _SNAPSHOT.search(root) if isinstance(root, str) else None
    return found[1] if found else None
