"""Render profiles: named, versioned recipes from the stored values of a DICOM film to 8-bit grey.

| profile | recipe |
|---|---|
| `voi` | modality LUT, VOI LUT or first window (none: `minmax`), polarity: what a viewer shows first |
| `minmax` | modality LUT, lowest to highest value, polarity |
| `mimic-jpg` | stored values, lowest to highest, cut to 8 bits, polarity, equalised: as MIMIC-CXR-JPG was made |
| `chexpert` | stored values by their highest, polarity, equalised: as CheXpert's JPGs and Plus' PNGs were made |
| `none` | stored values over the whole range of the stored bits, polarity |

Sources, each by the people who made the pictures: MIT-LCP/mimic-code issue 1013 (`mimic-jpg`);
stanfordmlgroup/chexpert-labeler issue 11, and Stanford-AIMI/chexpert-plus issue 3 with its paper (`chexpert`).

Polarity, where it is ours to say: inverted where the photometric interpretation is MONOCHROME1 or the presentation LUT
shape INVERSE. Both together invert once: in DX images the standard has INVERSE stand beside MONOCHROME1, as another
word for it (PS3.3 C.8.11.3). The two recipes of others look at the first alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cxdata.images.codes import BadPicture
from cxdata.images.grey_scale import (
    WHITE,
    Scale,
    eight_bits,
    equalising,
    modality,
    scale_of,
    through,
    values_of_interest,
)
from cxdata.model.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cxdata.images.facts import Facts

    Grey = NDArray[np.uint8]


class Rendered(NamedTuple):
    """A film as 8-bit grey (rows x columns, 0 black), and the steps that were taken, in words."""

    grey: Grey
    words: tuple[str, ...]


class Profile(NamedTuple):
    """A recipe. Its version goes up whenever the same film may come out otherwise."""

    name: str
    version: int
    render: Callable[[NDArray[Any], Facts], Rendered]


def render(pixels: NDArray[Any], facts: Facts, profile: Profile) -> Rendered:
    """The film by that profile. BadPicture `constant`: all its pixels, or all that come out, are the same."""
    film = profile.render(pixels, facts)
    if film.grey.min() == film.grey.max():
        raise BadPicture("constant", pixels.shape[::-1])
    return film


def profile_of(name: str) -> Profile:
    """The profile of that name. UsageError: there is none."""
    if name not in PROFILES:
        raise UsageError(f"no render profile {name!r}", mend=f"one of: {', '.join(PROFILES)}")
    return PROFILES[name]


def _voi(pixels: NDArray[Any], facts: Facts) -> Rendered:
    scale = scale_of(pixels, facts.padding)
    values, steps = modality(scale.values, facts)
    parts, interest = values_of_interest(values, _present(scale), facts)
    return _shown(pixels, eight_bits(parts), scale, facts, (*steps, *interest))


def _minmax(pixels: NDArray[Any], facts: Facts) -> Rendered:
    scale = scale_of(pixels, facts.padding)
    values, steps = modality(scale.values, facts)
    parts, _ = values_of_interest(values, _present(scale), facts._replace(voi_lut=None, windows=()))
    return _shown(pixels, eight_bits(parts), scale, facts, (*steps, "min..max"))


def _none(pixels: NDArray[Any], facts: Facts) -> Rendered:
    import numpy as np

    scale = scale_of(pixels)
    bits = facts.bits_stored
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if facts.is_signed else (0, 2**bits - 1)
    if scale.high > high:  # BitsStored is too small for what is stored
        bits = 8 * pixels.dtype.itemsize
        high = 2**bits - 1
    parts = (scale.values.astype(np.float64) - low) / (high - low)
    return _shown(pixels, eight_bits(parts), scale, facts._replace(padding=None), (f"{bits} bits",))


def _mimic_jpg(pixels: NDArray[Any], facts: Facts) -> Rendered:
    import numpy as np

    scale = scale_of(pixels)
    shifted = np.clip(scale.values.astype(np.float64) - scale.low, 0, scale.high - scale.low)
    table = (shifted / (scale.high - scale.low) * WHITE).astype(np.uint8)
    return _equalised(pixels, table, facts, "min..max cut")


def _chexpert(pixels: NDArray[Any], facts: Facts) -> Rendered:
    import numpy as np

    scale = scale_of(pixels)
    if scale.low < 0:  # the recipe would fold them over, so that dark and bright change places
        raise BadPicture("profile_unfit", pixels.shape[::-1])
    factor = np.float32(WHITE / scale.high)
    table = np.rint(scale.values.astype(np.float32) * factor).clip(0, WHITE).astype(np.uint8)
    return _equalised(pixels, table, facts, "by max")


def _equalised(pixels: NDArray[Any], table: Grey, facts: Facts, step: str) -> Rendered:
    from PIL import Image

    words = (step, "monochrome1", "equalised") if facts.is_monochrome1 else (step, "equalised")
    grey = through(pixels, WHITE - table if facts.is_monochrome1 else table)
    counts = Image.fromarray(grey).histogram()
    return Rendered(through(grey, equalising(counts)), words)


def _present(scale: Scale) -> NDArray[np.bool_]:
    return (scale.values >= scale.low) & (scale.values <= scale.high)


def _shown(pixels: NDArray[Any], table: Grey, scale: Scale, facts: Facts, steps: tuple[str, ...]) -> Rendered:
    """Polarity and padding: the last two steps of our own profiles. Padding is black whatever the polarity."""
    polarity = ("monochrome1",) * facts.is_monochrome1 + ("inverse",) * facts.is_inverse
    if polarity:
        table = WHITE - table
    if facts.padding is not None:
        table[(scale.values >= facts.padding[0]) & (scale.values <= facts.padding[1])] = 0
        polarity = (*polarity, f"padding {facts.padding[0]}..{facts.padding[1]}")
    return Rendered(through(pixels, table), (*steps, *polarity))


PROFILES: Final = {
    profile.name: profile
    for profile in (
        Profile("voi", 1, _voi),
        Profile("mimic-jpg", 1, _mimic_jpg),
        Profile("chexpert", 1, _chexpert),
        Profile("minmax", 1, _minmax),
        Profile("none", 1, _none),
    )
}
"""All profiles by name; the first is the default."""
