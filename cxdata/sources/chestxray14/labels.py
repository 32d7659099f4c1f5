"""The fourteen findings and No Finding: native spelling to canonical name."""

from __future__ import annotations

from typing import Final

from cxdata.sources.native import native_labels

LABELS: Final = native_labels(__file__)
CANONICAL: Final = LABELS.findings
IN_BOXES: Final = {**CANONICAL, "Infiltrate": "Infiltration"}  # the boxes' own word for it
