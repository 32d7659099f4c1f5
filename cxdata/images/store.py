"""Stand-in: thrown away at the merge."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import NamedTuple



class Ask(NamedTuple):
    profile: str = "voi"
    max_side: int | None = None
    max_pixels: int | None = None
    lossless: bool = False


class Stored(NamedTuple):
    status: str
    width: int | None
    height: int | None
    stored_width: int | None
    stored_height: int | None
    render_profile: str | None
    data: bytes | None
    content_sha256: str | None


def _bad(status: str) -> Stored:
    return Stored(status, None, None, None, None, None, None, None)


def store(source: Path | bytes, ask: Ask) -> Stored:
    from PIL import Image

    if isinstance(source, Path) and not source.is_file():
        return _bad("missing")
    body = source if isinstance(source, bytes) else source.read_bytes()
    if not body:
        return _bad("empty")
    try:
        with Image.open(io.BytesIO(body)) as picture:
            width, height = picture.size
            if ask.max_side and picture.format == "JPEG":
                picture.draft("L", (ask.max_side, ask.max_side))
            grey = picture.convert("L")
    except (OSError, ValueError, SyntaxError):
        return _bad("truncated")
    if ask.max_side:
        share = min(1.0, ask.max_side / max(width, height))
        grey = grey.resize((max(1, round(width * share)), max(1, round(height * share))), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    grey.save(out, "PNG" if ask.lossless else "JPEG", **({} if ask.lossless else {"quality": 90}))
    data = out.getvalue()
    return Stored("ok", width, height, *grey.size, f"{ask.profile} stand-in", data, hashlib.sha256(data).hexdigest())
