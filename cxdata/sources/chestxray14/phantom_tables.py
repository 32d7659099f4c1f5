"""The tables and lists of ChestX-ray14 with their official headers, whose fields are fewer or more than the rows'."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cxdata.phantom.choice import Choice
from cxdata.sources.chestxray14.phantom_cohort import NATIVE, Cohort, Picture

HEADER: Final = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,"
    "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]"
)
BOX_HEADER: Final = "Image Index,Finding Label,Bbox [x,y,w,h],,,"
_SPACING: Final = ("0.168", "0.143", "0.139", "0.171", "0.19431099999999998")


def label_table(cohort: Cohort, version: str) -> bytes:
    """The table of 2020, or that of 2017: a comma more on every line, follow-up numbers from names, ages too high."""
    old = version == "2017"
    rows = [_row(cohort, picture, old=old) for picture in cohort.pictures]
    for name in ("duplicate-row", "contradicting-rows"):
        if name in cohort.faults:
            row = _row(cohort, cohort.hit(name), old=old)
            place = rows.index(row) + 1
            rows.insert(place, [row[0], row[1] if name == "duplicate-row" else "Hernia", *row[2:]])
    bad = _row(cohort, cohort.hit("bad-name"), old=old)
    rows.append([bad[0][:9] + "abc.png", *bad[1:]])
    end = "," if old else ""
    return _lines([HEADER + end, *(",".join(row) + end for row in rows)], last_newline=True)


def boxes(cohort: Cohort) -> bytes:
    """Six fields a row under a header of nine, and the planted slips."""
    rows = [(p.name, finding, box) for p in cohort.pictures for finding, box in p.boxes.items()]
    lines = [_box_line(*row) for row in rows]
    if rows:
        name, finding, (x, y, w, h) = next(row for row in rows if row[0] == f"{cohort.faults['bad-box']}.png")
        lines += [_box_line(name, finding, (x, y, -w, h)), _box_line(name, finding, (x, y, w, h))]
    lines.append(_box_line(f"{cohort.stray}.png", "Mass", (10.5, 20.25, 30.0, 40.0)))
    return _lines([BOX_HEADER, *lines], last_newline=True)


def name_list(cohort: Cohort, split: str) -> bytes:
    """One name a line, without header and without a line's end after the last."""
    names = [picture.name for picture in cohort.of(split)]
    stray = [f"{cohort.stray}.png"] if split == "train" or not names else []  # a list is never empty
    return _lines([*names, *stray], last_newline=False)


def _row(cohort: Cohort, picture: Picture, *, old: bool) -> list[str]:
    choice = Choice(cohort.seed, f"row {picture.stem}")
    age, patient = picture.age, picture.patient
    if old:
        age = 411 if picture.stem == cohort.faults["old-age"] else age + choice.chance("older", 0.35)
    if picture.fault == "other-patient":
        patient += 1
    return [
        picture.name, picture.labels, str(picture.nnn if old else picture.order), str(patient), str(age), picture.sex,
        "" if picture.fault == "no-view" else picture.view, *map(str, picture.original),
        *[choice.pick("spacing", _SPACING)] * 2,
    ]  # fmt: skip


def _box_line(name: str, finding: str, box: tuple[float, float, float, float]) -> str:
    label = "Infiltrate" if finding == "Infiltration" else NATIVE[finding]
    return ",".join([name, label, *(f"{value:.15g}" for value in box)])


def _lines(lines: Iterable[str], *, last_newline: bool) -> bytes:
    return ("\n".join(lines) + ("\n" if last_newline else "")).encode()
