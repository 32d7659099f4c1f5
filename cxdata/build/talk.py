"""What a build tells its user in words, beside its numbers: the `notes` of build.json, a line each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any

from cxdata.build.pictures import UNCHECKED
from cxdata.build.unreadable import UNREADABLE


def notes(content: Mapping[str, Any], without_rows: Sequence[str]) -> list[str]:
    """The lines, from build.json's content and the optional tables that hold a header and no rows.

    Tasks that were asked and gave no sample, samples whose picture cannot be read or was not looked at, cells that
    could not be read, and tables that count as not there.
    """
    return [
        *(_no_sample(task, content["funnel"]) for task in content["tasks_without_samples"]),
        *_pictures(content),
        *_cells(content["inputs"]),
        *(f"{name} has a header and no rows: it counts as not there" for name in without_rows),
    ]


def unreadable_pictures(samples: int, total: int) -> str:
    """How many samples show a picture that cannot be read, and how to leave them out."""
    verb = "shows" if samples == 1 else "show"
    return (
        f"{samples:,} of {total:,} samples {verb} a picture that cannot be read and stay in samples/; to leave them "
        "out, keep the samples whose image_ids all have status 'ok' in images/"
    )


def _no_sample(task: str, funnel: Iterable[Mapping[str, Any]]) -> str:
    """The task, and the step of its funnel from which on nothing is left."""
    steps = [(step["step"], step["count"]) for step in funnel if step["step"].startswith(f"{task}: ")]
    empty = [step.removeprefix(f"{task}: ") for step, _ in takewhile(lambda step: not step[1], reversed(steps))]
    return f"warning: {task} was asked and gave no sample" + (f"; none was left at: {empty[-1]}" if empty else "")


def _pictures(content: Mapping[str, Any]) -> Iterator[str]:
    samples = content["samples"]
    if samples[UNREADABLE]:
        yield "warning: " + unreadable_pictures(samples[UNREADABLE], samples["total"])
    other = content["pictures_of_other_size"]
    if other["size"]:
        yield _other_size(other["size"], other["shape"])
    if UNCHECKED in content["pictures"]:
        yield f"pictures were not checked (--images none): {UNREADABLE} is 0 for that reason"


def _other_size(size: int, shape: int) -> str:
    noun, verb = ("picture", "has") if size == 1 else ("pictures", "have")
    text = f"{size:,} {noun} {verb} another size than the table says; `scale` is to the table's, as boxes are"
    if not shape:
        return text
    return f"warning: {text}; {shape:,} of them another shape too: stretched or cut, boxes may not fit"


def _cells(inputs: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    nulled = {entry["file"]: entry["cells_nulled"] for entry in inputs if entry["cells_nulled"]}
    if nulled:
        total = sum(nulled.values())
        files = ", ".join(f"{file} {n:,}" for file, n in nulled.items())
        yield f"{total:,} {'cell' if total == 1 else 'cells'} could not be read and count as unknown: {files}"
