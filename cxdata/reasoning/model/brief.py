"""What the model is told of one sample: the question, and of each item its state and the sentences that bear on it."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["closed", "open"]
State = Literal["present", "absent", "not stated"]


class Item(NamedTuple):
    """One thing to judge: `key` is the option's letter or the candidate's name, `finding` what it stands for.

    `sentences` are those of the study's own report that bear on it, word for word; `place` is where a box lies, or
    where the source says that the finding lies; `option` is what an option says where that is not the finding.
    """

    key: str
    finding: str
    state: State
    sentences: tuple[str, ...] = ()
    place: str | None = None
    option: str | None = None


class Brief(NamedTuple):
    """One sample to write a trace for; the items in the order in which they are to be judged."""

    sample_id: str
    kind: Kind
    question: str
    items: tuple[Item, ...]
