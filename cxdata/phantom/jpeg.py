"""Pictures as files: the same picture gives the same bytes, and nothing but the picture goes in."""

from __future__ import annotations

import io

from PIL import Image


def jpeg_bytes(image: Image.Image, quality: int = 95) -> bytes:
    """A baseline JPEG without metadata."""
    return _bytes(image, "JPEG", quality=quality)


def png_bytes(image: Image.Image) -> bytes:
    """A PNG without metadata."""
    return _bytes(image, "PNG", compress_level=6)


def coarse_png(image: Image.Image, drawn_px: int = 256) -> bytes:
    """A PNG of a square picture in coarse dots, `drawn_px` a side: large as the real ones, and small on disk."""
    drawn = image.resize((drawn_px, drawn_px), Image.Resampling.BOX)
    return png_bytes(drawn.resize(image.size, Image.Resampling.NEAREST))


def black_like(image: Image.Image) -> Image.Image:
    """A picture of that size that shows nothing: one of the ways in which real archives are broken."""
    return Image.new("L", image.size)


def _bytes(image: Image.Image, kind: str, **settings: int) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **settings)
    return stream.getvalue()
