"""A gold answer, read once: what is right, what was judged, and which of its thinks may be compared.

A gold is an answer alone (`<answer>B</answer>`) or a trace: judgements, then the closing block; an open trace begins
with its candidates. Which it is, the text itself says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from cxdata.answers.blocks import Pair, Parsed, parse
from cxdata.answers.letters import read_final_letters, read_letter_judgement
from cxdata.answers.marks import read_judgement
from cxdata.answers.names import LabelSpace, label_space, split_names
from cxdata.answers.thinks import has_sign
from cxdata.model.errors import CxdataError

Stage = Literal["closed", "open"]
GoldKind = Literal["trace", "answer"]
# A think that says where one looked, or that a label says so, teaches no wording worth copying.
COMPARED: Final = frozenset({"affirmed", "denied", "location"})


class Step(NamedTuple):
    """One judgement: of which letter or finding, true or false, and its think."""

    subject: str
    verdict: bool
    think: str


@dataclass(frozen=True, eq=False)
class Gold:
    """A gold answer. `final` holds letters (closed) or findings (open); `compared` the steps whose thinks count."""

    stage: Stage
    kind: GoldKind
    text: str
    parsed: Parsed
    final: frozenset[str]
    judged: tuple[Step, ...]
    compared: tuple[Step, ...]
    space: LabelSpace

    @property
    def has_judgements(self) -> bool:
        """Whether it is a trace that judges something, readable or not."""
        return self.kind == "trace" and len(self.parsed.pairs) > 1

    def basis_of(self, basis: Sequence[str | None]) -> dict[str, str]:
        """What the judgement of each letter or finding rests on; `basis` as `read_gold` takes it, empty: not known."""
        steps = steps_of(self.parsed, self.stage, self.space)
        aligned = _aligned(self.parsed, steps, basis) if basis else ()
        return {step.subject: of for step, of in zip(steps, aligned, strict=False) if step and of}


def middle(parsed: Parsed, stage: Stage) -> tuple[Pair, ...]:
    """The pairs that judge: all but the closing one and, in an open text, the candidates."""
    return parsed.pairs[1:-1] if stage == "open" else parsed.pairs[:-1]


def steps_of(parsed: Parsed, stage: Stage, space: LabelSpace) -> tuple[Step | None, ...]:
    """The judgements in order; None for a block that judges nothing readable."""
    read = _letter_step if stage == "closed" else _finding_step
    return tuple(read(pair, space) for pair in middle(parsed, stage))


@lru_cache(maxsize=4096)
def read_gold(
    text: str,
    stage: Stage,
    scored: tuple[str, ...] = (),
    ignored: tuple[str, ...] = (),
    basis: tuple[str | None, ...] = (),
) -> Gold:
    """Read a gold; `scored` and `ignored` are the row's labels (open), `basis` that of each step (trace), in order.

    Without `basis` a think is compared where it speaks of a finding, a sign or a size. Raises CxdataError, without the
    text, where there is no closing answer to be read or `basis` does not fit the steps.
    """
    parsed = parse(text)
    final = parsed.final
    if final is None:
        raise CxdataError("the gold has no closing answer", mend="write it as <answer>…</answer>, or as a whole trace")
    space = label_space(split_names(final), scored, ignored) if stage == "open" else label_space(())
    right = space.read(final) if stage == "open" else read_final_letters(final)
    if not right:
        form = "letters as in `B` or `A, C`" if stage == "closed" else "findings joined by `, `"
        raise CxdataError("the closing answer of the gold cannot be read", mend=f"write {form}")
    steps = steps_of(parsed, stage, space)
    judged = tuple(step for step in steps if step)
    kind: GoldKind = "trace" if any(pair.think is not None for pair in parsed.pairs) else "answer"
    return Gold(stage, kind, text, parsed, right, judged, _compared(parsed, steps, basis), space)


def _compared(parsed: Parsed, steps: Sequence[Step | None], basis: Sequence[str | None]) -> tuple[Step, ...]:
    if not basis:
        return tuple(step for step in steps if step and has_sign(step.think))
    aligned = _aligned(parsed, steps, basis)
    return tuple(step for step, of in zip(steps, aligned, strict=True) if step and of in COMPARED)


def _aligned(parsed: Parsed, steps: Sequence[Step | None], basis: Sequence[str | None]) -> Sequence[str | None]:
    """`basis` is given for all steps, the closing one and the candidates with them, or for the judgements alone."""
    if len(basis) == len(parsed.pairs):
        first = len(parsed.pairs) - 1 - len(steps)
        basis = basis[first : first + len(steps)]
    if len(basis) != len(steps):
        raise CxdataError("basis and steps of the gold differ in number", mend="give one basis for each step")
    return basis


def _letter_step(pair: Pair, space: LabelSpace) -> Step | None:
    judged = read_letter_judgement(pair.answer)
    return None if judged is None else Step(judged.letter, judged.verdict, pair.think or "")


def _finding_step(pair: Pair, space: LabelSpace) -> Step | None:
    judged = read_judgement(pair.answer)
    names = space.read(judged.subject) if judged else frozenset()
    if judged is None or len(names) != 1:
        return None
    return Step(next(iter(names)), judged.verdict, pair.think or "")
