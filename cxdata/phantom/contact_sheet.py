"""A contact sheet: one small picture for each finding, with its name, to be looked at by a person."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from cxdata.phantom.cohort import FOURTEEN
from cxdata.phantom.jpeg import png_bytes
from cxdata.phantom.radiograph import paint

NAME_HEIGHT = 22


class Tile(NamedTuple):
    """One picture of the sheet: what is present, from which view, under which study key."""

    findings: tuple[str, ...]
    view: str
    key: str

    @property
    def title(self) -> str:
        """Findings and view in words."""
        return f"{', '.join(self.findings) or 'no finding'} ({self.view})"


def contact_sheet(
    tiles: Sequence[Tile], columns: int = 6, cell_px: tuple[int, int] = (190, 226), seed: int = 0
) -> Image.Image:
    """All tiles in a grid, each shrunk into a cell of `cell_px`, its title below."""
    rows = -(-len(tiles) // columns)
    sheet = Image.new("L", (columns * cell_px[0], rows * (cell_px[1] + NAME_HEIGHT)))
    for i, tile in enumerate(tiles):
        corner = (i % columns * cell_px[0], i // columns * (cell_px[1] + NAME_HEIGHT))
        _put(sheet, tile, corner, cell_px, seed)
    return sheet


def _put(sheet: Image.Image, tile: Tile, corner: tuple[int, int], cell_px: tuple[int, int], seed: int) -> None:
    picture = paint(tile.findings, tile.view, tile.key, seed=seed).image.filter(ImageFilter.MedianFilter(3))
    picture.thumbnail((cell_px[0] - 6, cell_px[1] - 4))
    x, y = corner
    sheet.paste(picture, (x + (cell_px[0] - picture.width) // 2, y + cell_px[1] - picture.height))
    font = ImageFont.load_default(11)
    ImageDraw.Draw(sheet).text((x + 4, y + cell_px[1] + 4), tile.title, fill=230, font=font)


def save_sheet(tiles: Sequence[Tile], path: Path, columns: int = 6) -> None:
    """Write the sheet as a PNG of 32 grey levels, its grain smoothed, so that it stays small."""
    sheet = contact_sheet(tiles, columns).point([v // 8 * 8 for v in range(256)])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png_bytes(sheet.quantize(32, dither=Image.Dither.NONE)))


def mimic_tiles() -> list[Tile]:
    """Each label of MIMIC-CXR on a PA film, the commonest on AP and lateral films, and the odd views."""
    plain = [Tile((), view, "sheet") for view in ("PA", "AP", "LATERAL", "DECUBITUS", "ABDOMEN")]
    front = [Tile((finding,), "PA", f"sheet {finding}") for finding in FOURTEEN[1:]]
    mixed = [
        ("Edema", "AP"),
        ("Cardiomegaly", "AP"),
        ("Pneumothorax", "AP"),
        ("Support Devices", "AP"),
        ("Pleural Effusion", "AP"),
    ]
    mixed += [
        ("Edema", "LATERAL"),
        ("Cardiomegaly", "LATERAL"),
        ("Pleural Effusion", "LATERAL"),
        ("Consolidation", "LATERAL"),
        ("Lung Lesion", "LATERAL"),
        ("Support Devices", "LATERAL"),
    ]
    both = [Tile(("Edema", "Cardiomegaly"), "AP", "sheet failure")]
    return plain + front + [Tile((finding,), view, f"sheet {view} {finding}") for finding, view in mixed] + both


if __name__ == "__main__":
    save_sheet(mimic_tiles(), Path("docs/images/phantom-mimic.png"))
