"""Golds out of traces: which rows of a mix have one, and at most how many silent steps.

Steps that rest on silence or on a label alone carry no think reward; they are at most 30 % of the steps of each split's
traces (the project's rules, `medicine.md`, section 6). Rows with the largest share of them are answered without a
trace, fewest first kept, ties by hash: no row is lost for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import polars as pl

from cxdata.build.builds import Build
from cxdata.mix.lookup import looked_up
from cxdata.mix.pool import FILE, PLACE
from cxdata.model.errors import CxdataError, RefusedError
from cxdata.model.hashing import hash_expr
from cxdata.reasoning.trace import BASES, SILENT
from cxdata.reasoning.traces import FOLDER, traces_of

TraceMode = Literal["evidence", "model", "none"]
MOST_SILENT: Final = 0.30
OVER: Final = "trace_silent"
TIMES: Final = "times"  # a row that is replayed stands several times in a mix


class Found(NamedTuple):
    """The writer whose traces a mix takes (none: no traces), and their files by the number of the samples' file."""

    writer: TraceMode
    files: dict[int, Path]


class Golds(NamedTuple):
    """The rows that are answered by a trace (file, place), the files of traces, and what mix.json tells of them."""

    rows: pl.DataFrame
    files: dict[int, Path]
    told: dict[str, Any]


def find(
    builds: Sequence[Build], samples: Sequence[Path], asked: TraceMode | None, say: Callable[[str], None]
) -> Found:
    """The traces to take. Without being asked for any, those of the evidence writer that are there and current.

    Raises RefusedError for traces that were asked for and were written for other samples, CxdataError where there are
    none of those asked for.
    """
    if asked == "none":
        return Found("none", {})
    writer: TraceMode = asked or "evidence"
    held = {build.home: traces for build in builds if (traces := traces_of(build, writer))}
    stale = sorted(str(home) for home, traces in held.items() if not traces.is_current)
    mend = f"cxdata reason --writer {writer} {stale[0] if stale else builds[0].home}"
    if stale and asked:
        raise RefusedError("the traces were written for other samples", where=", ".join(stale), mend=mend)
    if stale:
        say(f"traces of {len(stale)} builds were written for other samples and are left out: {mend}")
    files = {number: path.parents[1] / FOLDER / writer / path.name for number, path in enumerate(samples)}
    current = {home for home, traces in held.items() if traces.is_current}
    there = {number: path for number, path in files.items() if path.parents[2] in current and path.is_file()}
    if asked and not there:
        raise CxdataError(f"no build has traces by the writer {writer}", where=str(builds[0].home), mend=mend)
    return Found(writer if there else "none", there)


def golds(
    found: Found, splits: Mapping[str, pl.DataFrame], samples: Sequence[Path], seed: int, without: pl.DataFrame
) -> Golds:
    """Which rows have a gold of a trace; `splits` hold file and place, `without` those of rows that may have none."""
    chosen, told = [_nothing()], dict.fromkeys(BASES, 0)
    left_out = 0
    for rows in splits.values():
        counted = _counted(found, rows.join(without, on=[FILE, PLACE], how="anti"), samples)
        kept = _within(counted, seed)
        left_out += int(counted[TIMES].sum()) - int(kept[TIMES].sum())
        for basis in BASES:
            told[basis] += int((kept[basis] * kept[TIMES]).sum())
        chosen.append(kept.select(FILE, PLACE, TIMES))
    every, steps = pl.concat(chosen), sum(told.values())
    share = sum(told[basis] for basis in SILENT) / steps if steps else 0.0
    return Golds(every.select(FILE, PLACE), found.files, {
        "writer": found.writer, "rows": int(every[TIMES].sum()), "steps": told, "silent_share": round(share, 4),
        "answered_without": {OVER: left_out} if left_out else {},
    })  # fmt: skip


def with_steps(rows: pl.DataFrame, of: Golds) -> pl.DataFrame:
    """The rows, in order, with `steps`, null where there is no trace; `rows` has file, place and sample_id."""
    wanted = rows.select(FILE, PLACE, "sample_id").join(of.rows, on=[FILE, PLACE], how="semi")
    read = [
        pl.scan_parquet(of.files[int(str(number))], glob=False).select("sample_id", "steps")
        .join(part.select("sample_id").lazy(), on="sample_id", how="semi").collect(engine="streaming")
        for (number,), part in wanted.partition_by(FILE, as_dict=True).items()
    ]  # fmt: skip
    if not read:
        return rows
    return rows.join(pl.concat(read), on="sample_id", how="left", maintain_order="left")


def _nothing() -> pl.DataFrame:
    return pl.DataFrame(schema={FILE: pl.UInt32, PLACE: pl.get_index_type(), TIMES: pl.UInt32})


def _counted(found: Found, rows: pl.DataFrame, samples: Sequence[Path]) -> pl.DataFrame:
    """File, place and id of the rows that have a trace, and its steps by basis."""
    basis = pl.col("steps").list.eval(pl.element().struct.field("basis"))
    counts = [basis.list.count_matches(name).alias(name) for name in BASES]
    bases = {name: pl.UInt32() for name in BASES}
    kinds = {FILE: pl.UInt32(), PLACE: pl.get_index_type(), TIMES: pl.UInt32(), "sample_id": pl.String(), **bases}
    read = [pl.DataFrame(schema=kinds)]
    for (number,), part in rows.select(FILE, PLACE).partition_by(FILE, as_dict=True).items():
        path = found.files.get(int(str(number)))
        if path is None:
            continue
        times = part.group_by(PLACE).agg(pl.len().alias(TIMES))
        held = looked_up(part, samples, ("sample_id",)).join(times, on=PLACE).lazy()
        traces = pl.scan_parquet(path, glob=False).select("sample_id", *counts)
        joined = held.join(traces, on="sample_id")
        read.append(joined.select(pl.col(name).cast(kind) for name, kind in kinds.items()).collect(engine="streaming"))
    return pl.concat(read)


def _within(counted: pl.DataFrame, seed: int) -> pl.DataFrame:
    """As many rows as the share of silent steps allows, those with the smallest share of their own first."""
    silent, steps = (pl.sum_horizontal(names) * pl.col(TIMES) for names in (SILENT, BASES))
    order = hash_expr(seed, pl.col("sample_id"), "trace gold")
    ranked = counted.with_columns(_silent=silent, _steps=steps).sort(
        pl.col("_silent") / pl.col("_steps"), order, "sample_id"
    )
    share = pl.col("_silent").cum_sum() / pl.col("_steps").cum_sum()
    return ranked.filter(share <= MOST_SILENT).drop("_silent", "_steps")
