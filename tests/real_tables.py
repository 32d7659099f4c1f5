"""Real tables of labels that the wheel of torchxrayvision holds: `pip download --no-deps torchxrayvision==1.5.7`.

CXDATA_TXV_WHEEL names the wheel. Tests that read it are skipped without; nothing of it is kept.
"""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from pathlib import Path

import pytest

WHEEL = Path(os.environ.get("CXDATA_TXV_WHEEL", "torchxrayvision-1.5.7-py3-none-any.whl"))
needs_labels = pytest.mark.skipif(not WHEEL.is_file(), reason="CXDATA_TXV_WHEEL names no wheel of torchxrayvision")


def labels_of(name: str) -> bytes:
    """The content of a table of the wheel, unpacked."""
    with zipfile.ZipFile(WHEEL) as wheel:
        body = wheel.read(f"torchxrayvision/data/{name}")
    if name.endswith(".gz"):
        return gzip.decompress(body)
    with zipfile.ZipFile(io.BytesIO(body)) as inner:
        return inner.read(inner.namelist()[0])
