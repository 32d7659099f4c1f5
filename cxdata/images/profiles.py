from __future__ import annotations

PROFILES = {"voi": 1, "mimic-jpg": 1, "chexpert": 1, "minmax": 1, "none": 1}
