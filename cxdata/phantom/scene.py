"""What is on a film so far: the grey picture, the masks that signs are drawn against, the boxes of what was drawn."""

from __future__ import annotations

from dataclasses import dataclass, field

from PIL import Image, ImageChops

from cxdata.phantom.choice import Choice
from cxdata.phantom.film import Film, Mask, Point, box_of, shade, within
from cxdata.phantom.habitus import Habitus

Box = tuple[int, int, int, int]


@dataclass
class Scene:
    """One picture being painted. `lungs` maps right and left to masks (a lateral film has one, under both names)."""

    film: Film
    body: Habitus
    choice: Choice
    grey: Image.Image
    trunk: Mask
    lungs: dict[str, Mask]
    heart: Mask
    mediastinum: Mask
    zones: dict[tuple[str, str], Point]
    lateral: bool
    boxes: dict[str, list[Box]] = field(default_factory=dict)

    @property
    def both_lungs(self) -> Mask:
        """Both lungs in one mask."""
        return self.lungs["right"] if self.lateral else ImageChops.lighter(self.lungs["right"], self.lungs["left"])

    def shade(self, mask: Mask, amount: float) -> None:
        """Brighten (or darken) the picture where the mask is."""
        self.grey = shade(self.grey, mask, amount)

    def draw(self, finding: str, mask: Mask, amount: float, inside: Mask | None = None) -> None:
        """Shade a sign and note its box; `inside` keeps it within a lung."""
        mask = mask if inside is None else within(mask, inside)
        self.shade(mask, amount)
        self.note(finding, mask)

    def note(self, finding: str, mask: Mask) -> None:
        """Note where a finding lies without shading."""
        box = box_of(mask)
        if box is not None:
            self.boxes.setdefault(finding, []).append(box)
