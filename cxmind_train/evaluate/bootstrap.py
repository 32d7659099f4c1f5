"""Intervals by bootstrap over patients: the rows of a patient go together.

Each patient counts in each resample as often as a Poisson variable of mean 1 says (Hanley and MacGibbon, Am. J.
Epidemiol. 163, 2006; Chamandy et al., 2012), which for many patients is the usual resampling. The variables come from
a hash of patient and resample, so that they are the same everywhere and the same for two models: their difference is
paired.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from cxdata.model.hashing import hash_expr

if TYPE_CHECKING:
    import numpy as np

RESAMPLES: Final = 2000
LEVEL: Final = 0.95
Interval = tuple[float, float]
_CELLS: Final = 1 << 24  # weights spread over rows at a time, 64 MB of them
_MOST: Final = 8  # a Poisson variable of mean 1 is larger once in a million
_GOLDEN: Final = 0x9E3779B97F4A7C15
_MIXERS: Final = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1))


class Bootstrap:
    """Resamples of the patients of some rows. Give `interval` a statistic of weights."""

    def __init__(self, patients: Sequence[str], seed: int, resamples: int = RESAMPLES) -> None:
        import numpy as np

        self.rows = len(patients)
        frame = pl.DataFrame({"patient": list(patients)})
        self._of_row = frame["patient"].rank("dense").cast(pl.Int64).to_numpy() - 1
        distinct = frame.unique().sort("patient")
        hashes = distinct.select(hash_expr(seed, pl.col("patient"), "bootstrap")).to_series().to_numpy()
        self._weights = _poisson(hashes, resamples)
        self._ones = np.ones((1, len(distinct)))

    def interval(self, statistic: Callable[[Any], Any]) -> Interval | None:
        """The 2.5th and 97.5th percentile of `statistic(weights)`; weights are (resamples, rows), values one each.

        None where no resample gives a value.
        """
        import numpy as np

        at_once = max(1, _CELLS // max(self.rows, 1))
        parts = (
            self._weights[start : start + at_once, self._of_row] for start in range(0, len(self._weights), at_once)
        )
        values = np.concatenate([np.asarray(statistic(part), dtype=float) for part in parts])
        values = values[np.isfinite(values)]
        if not len(values):
            return None
        low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return float(low), float(high)

    def of_mean(self, values: Sequence[float]) -> Interval | None:
        """The interval of a mean over rows."""
        import numpy as np

        told = np.asarray(values, dtype=float)
        return self.interval(lambda weights: ratio(weights @ told, weights.sum(axis=1)))


def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Element by element; nan where nothing is below."""
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below > 0, above / np.where(below > 0, below, 1), np.nan)


def _poisson(hashes: np.ndarray, resamples: int) -> np.ndarray:
    """(resamples, patients) Poisson variables of mean 1, each from 53 bits of SplitMix64 of patient and resample."""
    import numpy as np

    steps = np.arange(1, resamples + 1, dtype=np.uint64)[:, None]
    with np.errstate(over="ignore"):
        bits = hashes.astype(np.uint64)[None, :] + steps * np.uint64(_GOLDEN)
        for shift, factor in _MIXERS:
            bits = (bits ^ (bits >> np.uint64(shift))) * np.uint64(factor)
    unit = (bits >> np.uint64(11)).astype(float) / 2.0**53
    return np.searchsorted(_cumulative(), unit, side="right").astype(np.float32)


def _cumulative() -> list[float]:
    from math import exp, factorial

    sums, total = [], 0.0
    for k in range(_MOST):
        total += exp(-1) / factorial(k)
        sums.append(total)
    return sums
