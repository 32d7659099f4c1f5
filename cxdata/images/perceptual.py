"""Perceptual fingerprints: near in bits where pictures look alike, whatever their encoding and size.

The hash is PDQ (Facebook, 2019, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm"): the signs
of 16 x 16 low frequencies of the brightness, 256 bits. The picture is first made 64 x 64, PDQ's own inner size, by an
anti-aliased filter: a picture and its half-size copy then differ in 0 to 4 bits instead of up to 26.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cxdata.model.errors import CxdataError

if TYPE_CHECKING:
    from PIL.Image import Image

VERSION: Final = 1
"""Goes up whenever the same picture may get another fingerprint."""
BANDS: Final = 9
"""The 256 bits are dealt to nine bands of 28 or 29: two fingerprints that differ in at most eight bits agree in one."""
SIDE: Final = 64
MIN_QUALITY: Final = 50
"""PDQ's own measure of how much a picture holds, 0 to 100; below this it holds too little to be known by."""


class Fingerprint(NamedTuple):
    """The bands of the hash, and PDQ's quality; of a picture that cannot be read both are None."""

    bands: tuple[int, ...] | None
    quality: int | None


UNREADABLE: Final = Fingerprint(None, None)


def check_installed() -> None:
    """Raise CxdataError with the command to copy where the library is missing."""
    try:
        import pdqhash  # noqa: F401
    except ImportError:
        raise CxdataError(
            "looking for near-duplicate pictures needs pdqhash, which is not installed",
            mend="pip install 'cxdata[duplicates]'",
        ) from None


def fingerprint(source: Path | bytes) -> Fingerprint:
    """The fingerprint of one picture file, or of its bytes."""
    from PIL import Image, UnidentifiedImageError

    try:
        with (
            warnings.catch_warnings(action="ignore", category=Image.DecompressionBombWarning),
            Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as picture,
        ):
            return _of(picture)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return UNREADABLE


def fingerprints_of_files(paths: Sequence[str]) -> list[Fingerprint]:
    """The fingerprints of picture files; made for a worker process."""
    return [fingerprint(Path(path)) for path in paths]


def fingerprints_of_stored(shard: str, start: int, count: int) -> list[Fingerprint]:
    """The fingerprints of the pictures stored in some rows of a shard's column `bytes`; made for a worker process."""
    import polars as pl

    stored = pl.scan_parquet(shard, glob=False).select("bytes").slice(start, count).collect()["bytes"]
    return [UNREADABLE if content is None else fingerprint(content) for content in stored]


def _of(picture: Image) -> Fingerprint:
    import numpy as np
    import pdqhash

    small = _grey(picture).resize((SIDE, SIDE), _lanczos())
    bits, quality = pdqhash.compute(np.stack([np.asarray(small)] * 3, axis=-1))
    return Fingerprint(tuple(_number(bits[band::BANDS]) for band in range(BANDS)), int(quality))


def _lanczos() -> Any:
    from PIL.Image import Resampling

    return Resampling.LANCZOS


def _grey(picture: Image) -> Image:
    """Eight bits of grey; deeper pictures from their darkest to their brightest value, which a plain cast would cut."""
    import numpy as np
    from PIL import Image

    # A JPEG may be decoded at an eighth of its size, which is all that is needed, and far faster.
    picture.draft("L", (8 * SIDE, 8 * SIDE))
    if not picture.mode.startswith(("I", "F")):
        return picture.convert("L")
    values = np.asarray(picture, dtype=np.float64)
    spread = float(np.ptp(values)) or 1.0
    return Image.fromarray(((values - values.min()) * (255 / spread)).astype(np.uint8))


def _number(bits: Any) -> int:
    return int("".join("1" if bit else "0" for bit in bits), 2)
