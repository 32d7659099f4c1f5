"""A film: millimetres on the patient to pixels, soft masks, and shadows that add up as X-ray shadows do.

Millimetres: origin in the middle of the film, x to the image's right (the patient's left on a frontal film), y down.
A mask is an 8-bit picture of the film's size; 255 is wholly inside.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Point = tuple[float, float]
Mask = Image.Image

PX_PER_MM = 0.84


class Film:
    """A sheet of width x height pixels; `shift_mm` and `turn` move the patient, not the film."""

    def __init__(self, width_px: int, height_px: int, shift_mm: Point = (0.0, 0.0)) -> None:
        self.size = (width_px, height_px)
        self.origin = (width_px / 2 + shift_mm[0] * PX_PER_MM, height_px / 2 + shift_mm[1] * PX_PER_MM)

    def at(self, points: Sequence[Point]) -> list[Point]:
        """Millimetres to pixels."""
        (ox, oy), k = self.origin, PX_PER_MM
        return [(ox + x * k, oy + y * k) for x, y in points]

    def blank(self) -> Mask:
        """A mask with nothing in it."""
        return Image.new("L", self.size)

    def area(self, points: Sequence[Point], soft_mm: float = 1.0) -> Mask:
        """The inside of an outline."""
        mask = self.blank()
        ImageDraw.Draw(mask).polygon(self.at(points), fill=255)
        return soften(mask, soft_mm)

    def spot(self, centre: Point, rx_mm: float, ry_mm: float | None = None, soft_mm: float = 1.0) -> Mask:
        """The inside of an ellipse."""
        mask = self.blank()
        ImageDraw.Draw(mask).ellipse(self._box(centre, rx_mm, ry_mm or rx_mm), fill=255)
        return soften(mask, soft_mm)

    def ring(self, centre: Point, radius_mm: float, wall_mm: float, soft_mm: float = 0.8) -> Mask:
        """The wall of a circle."""
        mask = self.blank()
        box = self._box(centre, radius_mm, radius_mm)
        ImageDraw.Draw(mask).ellipse(box, outline=255, width=max(1, round(wall_mm * PX_PER_MM)))
        return soften(mask, soft_mm)

    def strokes(self, lines: Sequence[Sequence[Point]], width_mm: float, soft_mm: float = 0.8) -> Mask:
        """Lines of one width, each through its points."""
        return self.bars([(lines, width_mm, 255)], soft_mm)

    def bars(self, groups: Sequence[tuple[Sequence[Sequence[Point]], float, int]], soft_mm: float = 0.8) -> Mask:
        """Groups of lines with a width and a level each, in one mask; a later group covers an earlier one."""
        mask = self.blank()
        pen = ImageDraw.Draw(mask)
        for lines, width_mm, level in groups:
            joint = "curve" if width_mm > 9 else None  # a notch in a thin line does not outlive the blur
            for line in lines:
                pen.line(self.at(line), fill=level, width=max(1, round(width_mm * PX_PER_MM)), joint=joint)
        return soften(mask, soft_mm)

    def dots(self, centres: Sequence[Point], radius_mm: float, soft_mm: float = 0.8) -> Mask:
        """Small discs."""
        mask = self.blank()
        pen = ImageDraw.Draw(mask)
        for centre in centres:
            pen.ellipse(self._box(centre, radius_mm, radius_mm), fill=255)
        return soften(mask, soft_mm)

    def _box(self, centre: Point, rx_mm: float, ry_mm: float) -> tuple[float, float, float, float]:
        ((x, y),) = self.at([centre])
        return (x - rx_mm * PX_PER_MM, y - ry_mm * PX_PER_MM, x + rx_mm * PX_PER_MM, y + ry_mm * PX_PER_MM)


def soften(mask: Mask, soft_mm: float) -> Mask:
    """The mask with an edge about that wide. Only what holds something is blurred, wide edges at half the size."""
    radius, box = soft_mm * PX_PER_MM, mask.getbbox()
    if radius <= 0 or box is None:
        return mask
    margin = int(3 * radius) + 2
    box = (
        max(box[0] - margin, 0),
        max(box[1] - margin, 0),
        min(box[2] + margin, mask.width),
        min(box[3] + margin, mask.height),
    )
    mask.paste(_blur(mask.crop(box), radius), box)
    return mask


def _blur(part: Mask, radius: float) -> Mask:
    if radius <= 2:
        return part.filter(ImageFilter.BoxBlur(radius))
    small = part.reduce(2).filter(ImageFilter.GaussianBlur(radius / 2))
    return small.resize(part.size, Image.Resampling.BILINEAR)


def shade(base: Image.Image, mask: Mask, amount: float) -> Image.Image:
    """Grey levels added (amount > 0: denser, brighter) or taken away where the mask is."""
    step = mask.point(_ramp(round(abs(amount))))
    return ImageChops.add(base, step) if amount > 0 else ImageChops.subtract(base, step)


@lru_cache(maxsize=256)
def _ramp(amount: int) -> tuple[int, ...]:
    return tuple(value * amount // 255 for value in range(256))


def join(*masks: Mask) -> Mask:
    """Inside any of the masks."""
    whole = masks[0]
    for mask in masks[1:]:
        whole = ImageChops.lighter(whole, mask)
    return whole


def within(mask: Mask, limit: Mask) -> Mask:
    """The part of a mask that lies in another."""
    return ImageChops.multiply(mask, limit)


def without(mask: Mask, taken: Mask, share: float = 1.0) -> Mask:
    """A mask less a share of another."""
    return ImageChops.subtract(mask, taken.point(_ramp(round(255 * share))))


def box_of(mask: Mask, level: int = 70) -> tuple[int, int, int, int] | None:
    """x0, y0, x1, y1 in pixels around what is at least `level` in the mask; None when nothing is."""
    return mask.point([255 * (value >= level) for value in range(256)]).getbbox()


def smooth(points: Sequence[Point], closed: bool = False) -> list[Point]:
    """A Catmull-Rom curve through the points, five pieces between two of them."""
    first, last = (points[-1], points[0]) if closed else (points[0], points[-1])
    around = [first, *points, last, *(points[1:2] if closed else ())]
    curve = [_mix(around[i : i + 4], weights) for i in range(len(around) - 3) for weights in _WEIGHTS]
    return curve if closed else [*curve, last]


def _catmull_rom(t: float) -> tuple[float, float, float, float]:
    return (-t + 2 * t**2 - t**3) / 2, (2 - 5 * t**2 + 3 * t**3) / 2, (t + 4 * t**2 - 3 * t**3) / 2, (t**3 - t**2) / 2


_WEIGHTS = tuple(_catmull_rom(step / 5) for step in range(5))


def _mix(near: Sequence[Point], weights: tuple[float, float, float, float]) -> Point:
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = near
    a, b, c, d = weights
    return (a * ax + b * bx + c * cx + d * dx, a * ay + b * by + c * cy + d * dy)
