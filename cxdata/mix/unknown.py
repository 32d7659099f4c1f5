"""What a mix leaves out when it takes no risk with sources that may share patients (`--unknown-overlap drop`)."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from cxdata.mix.patients import Resolved


class LeftOut(NamedTuple):
    """Whole sources (slugs, sorted), and patient keys of the others."""

    sources: tuple[str, ...]
    patient_keys: pl.Series


def left_out(resolved: Resolved) -> LeftOut:
    """Of each unknown pair the source with fewer patients; where lists tell of all but some, only those patients."""
    sizes = dict(resolved.patients.explode("sources").group_by("sources").len().iter_rows())
    gone: set[str] = set()
    whole = [pair for pair in resolved.unknown if not pair.partial]
    ordered = [sorted((pair.source, pair.other), key=lambda slug: (sizes[slug], slug)) for pair in whole]
    for smaller, larger in sorted(ordered, key=lambda pair: (sizes[pair[0]], pair)):
        if not gone & {smaller, larger}:
            gone.add(smaller)
    partly = [pair for pair in resolved.unknown if pair.partial and not gone & {pair.source, pair.other}]
    doubted = sorted({slug for pair in partly for slug in (pair.source, pair.other)})
    of_doubted = resolved.patients.filter(pl.col("sources").list.set_intersection(doubted).list.len() > 0)
    keys = of_doubted.join(resolved.unmatched, on="patient_key", how="semi")["patient_key"]
    return LeftOut(tuple(sorted(gone)), keys)
