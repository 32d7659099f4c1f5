"""Small text files that are there whole or not at all."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from cxdata.model.errors import CxdataError


def write_text(path: Path, text: str) -> None:
    """Write under a temporary name, sync, rename. Raises CxdataError where the folder cannot be written."""
    temporary = path.with_name(f".tmp-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        what = f"cannot write {path.name}: {error.strerror or error}"
        raise CxdataError(what, where=str(path), mend="look at that folder and its disk") from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """The same for a value as JSON."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")
