"""OpenI's ids: reports are `CXR1` in the XML and `1` elsewhere, pictures `CXR1_IM-…` there and `1_IM-…` elsewhere.

Report 1 alone differs: its pictures are `CXR1_1_IM-0001-3001` in the XML and the PNG archive, `1_IM-0001-3001` in the
DICOM archive and Kaggle's copy. Image ids here are the XML's, whatever the distribution.
"""

from __future__ import annotations

from typing import Final

import polars as pl

SLUG: Final = "openi"


def study_id(number: pl.Expr) -> pl.Expr:
    """A report number as the XML's id, `CXR1`."""
    return pl.concat_str(pl.lit("CXR"), number)


def image_id(stem: pl.Expr) -> pl.Expr:
    """The image id of a picture's name in the XML, `openi:CXR1_1_IM-0001-3001`."""
    return pl.concat_str(pl.lit(f"{SLUG}:"), stem)


def stem_of_file(name: pl.Expr) -> pl.Expr:
    """The XML's name of a picture file, `CXR2_IM-0652-1001` of `2_IM-0652-1001.dcm.png`; null when it is none."""
    bare = name.str.extract(r"^(?:.*/)?(?:CXR)?(\d+(?:_1)?_IM-\d+(?:-\d+)*)(?:\.dcm)?(?:\.png)?$")
    return pl.concat_str(pl.lit("CXR"), bare.str.replace(r"^1_IM-", "1_1_IM-"))


def number_of(stem: pl.Expr) -> pl.Expr:
    """The report number that a picture's name begins with."""
    return stem.str.extract(r"^CXR(\d+)_")


# By the part of the download that holds the pictures: what a picture is called there. Archives are unpacked flat, by
# report or otherwise, so the path says the name alone.
_PLAIN: Final = {"png": "**/{}.png", "normalized": "**/{}.dcm.png", "dcm": "**/{}.dcm"}
PARTS: Final = tuple(_PLAIN)


def image_path(stem: pl.Expr, part: str) -> pl.Expr:
    """Where a picture lies below the root of a part (one of `PARTS`): by its name, `**/CXR2_IM-0652-1001.png`."""
    return pl.format(_PLAIN[part], stem if part == "png" else _dicom_stem(stem))


def _dicom_stem(stem: pl.Expr) -> pl.Expr:
    return stem.str.strip_prefix("CXR").str.replace("^1_1_IM-", "1_IM-")
