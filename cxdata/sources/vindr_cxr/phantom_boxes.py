"""The boxes of the synthetic readers: where the painter drew, each a little off in his own way."""

from __future__ import annotations

from typing import Final

from cxdata.phantom.choice import Choice
from cxdata.phantom.radiograph import Radiograph
from cxdata.sources.vindr_cxr.names import LOCAL
from cxdata.sources.vindr_cxr.phantom_cohort import Cohort, Corners, Picture, boxed_label, painted

ENLARGED: Final = 2
ELSEWHERE: Final[Corners] = (4.0, 4.0, 44.0, 36.0)  # a corner of the film where no sign is ever painted
OFF: Final = 0.05  # how far a reader's edge may lie from another's, as a share of the box


def draw(picture: Picture, film: Radiograph, cohort: Cohort) -> None:
    """Note the picture's size and every reader's boxes, in pixels of the enlarged film."""
    width, height = film.image.size
    picture.size = (width * ENLARGED, height * ENLARGED)
    for reader, labels in picture.seen.items():
        local = [label for label in labels if label in LOCAL]
        picture.boxes[reader] = [
            (label, box) for label in local for box in _boxes(picture, label, reader, film, cohort)
        ]


def _boxes(picture: Picture, label: str, reader: str, film: Radiograph, cohort: Cohort) -> list[Corners]:
    choice = Choice(cohort.seed, f"{picture.stem} {label} {reader}")
    if _is_elsewhere(picture, label, reader, cohort):
        return [ELSEWHERE]
    drawn = film.boxes.get(painted(label)) or next(iter(film.boxes.values()), ((40, 60, 90, 120),))
    exact = not reader
    return [_off(tuple(ENLARGED * edge for edge in box), picture.size, choice, i, exact=exact)
            for i, box in enumerate(drawn)]  # fmt: skip


def _off(box: tuple[int, ...], size: tuple[int, int], choice: Choice, number: int, *, exact: bool) -> Corners:
    x0, y0, x1, y1 = box
    steps = [0.0 if exact else choice.span(f"{number} {edge}", -OFF, OFF) for edge in range(4)]
    width, height = x1 - x0, y1 - y0
    edges = [x0 + steps[0] * width, y0 + steps[1] * height, x1 + steps[2] * width, y1 + steps[3] * height]
    limits = (size[0], size[1], size[0], size[1])
    left, top, right, bottom = (float(min(max(round(v), 0), limit)) for v, limit in zip(edges, limits, strict=True))
    return left, top, max(right, left + 1), max(bottom, top + 1)


def _is_elsewhere(picture: Picture, label: str, reader: str, cohort: Cohort) -> bool:
    """True for the last reader of the label that the faults `apart` and `no-agreement` tear."""
    torn = {boxed_label(picture, votes) for name, votes in (("apart", 3), ("no-agreement", 2))
            if cohort.faults.get(name) == picture.stem}  # fmt: skip
    return label in torn and reader == [r for r, labels in picture.seen.items() if label in labels][-1]
