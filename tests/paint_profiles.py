"""Paint docs/images/render-profiles.png: painted DICOM films under every render profile, side by side.

PYTHONPATH=.:tests python tests/paint_profiles.py
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from dicom_films import Pixels, file_of, film
from PIL import Image, ImageDraw, ImageFont

from cxdata.images.profiles import PROFILES
from cxdata.images.store import Ask, store
from cxdata.phantom.jpeg import png_bytes
from cxdata.phantom.radiograph import paint

OUT = Path(__file__).parents[1] / "docs" / "images" / "render-profiles.png"
CELL, TITLE = (190, 226), 20


def exposed() -> Pixels:
    """A painted chest as a detector sees it, 12 bits: the body in a third of the range, bright metal, a dark edge."""
    grey = paint(["Cardiomegaly", "Pleural Effusion"], "PA", "profiles").image
    values = 900 + 5 * np.asarray(grey).astype(np.int64)
    values[:, :8] = 60
    values[-26:-18, 20:60] = 4000
    return values.astype(np.uint16)


def films() -> dict[str, bytes]:
    """Three films of that chest by what their headers say."""
    pixels = exposed()
    window = {"WindowCenter": 1500, "WindowWidth": 1100}
    return {
        "MONOCHROME2, window": file_of(film(pixels, **window)),
        "MONOCHROME1, no window": file_of(film(4095 - pixels, PhotometricInterpretation="MONOCHROME1")),
        "signed, sigmoid": file_of(
            film(
                (pixels.astype(np.int32) - 2048).astype(np.int16),
                RescaleSlope=1, RescaleIntercept=2048, VOILUTFunction="SIGMOID", **window,
            )
        ),
    }  # fmt: skip


def sheet() -> Image.Image:
    """A row a film, a column a profile."""
    kinds = films()
    made = Image.new("L", (len(PROFILES) * CELL[0], len(kinds) * (CELL[1] + TITLE)))
    pen, font = ImageDraw.Draw(made), ImageFont.load_default(11)
    for row, (title, data) in enumerate(kinds.items()):
        for column, name in enumerate(PROFILES):
            stored = store(data, Ask(name, lossless=True))
            x, y = column * CELL[0], row * (CELL[1] + TITLE)
            pen.text((x + 4, y + CELL[1]), f"{name}: {title}" if column == 0 else name, fill=230, font=font)
            if stored.data is None:
                pen.text((x + 4, y + CELL[1] // 2), stored.status, fill=230, font=font)
                continue
            picture = Image.open(io.BytesIO(stored.data))
            picture.thumbnail((CELL[0] - 6, CELL[1] - 4))
            made.paste(picture, (x + 3, y))
    return made


if __name__ == "__main__":
    grey = sheet().point([value // 8 * 8 for value in range(256)])
    OUT.write_bytes(png_bytes(grey.quantize(32, dither=Image.Dither.NONE)))
