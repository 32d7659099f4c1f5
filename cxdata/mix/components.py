"""Connected components of a graph, by expressions: who is whose, through any number of pairs."""

from __future__ import annotations

import polars as pl


def components(nodes: pl.Series, pairs: pl.DataFrame) -> pl.DataFrame:
    """The component of every node that stands in a pair.

    `nodes` are distinct, in the order in which they may name a component; `pairs` has two columns of nodes. Returns
    `node`, `name` (the first node of its component). Each round every component takes the name of its first neighbour,
    and names are followed to their end, so that a chain of n pairs takes about log n rounds.
    """
    index = nodes.to_frame("node").with_row_index("i")
    left, right = (_indices(pairs[column], index) for column in pairs.columns[:2])
    first = _merged(pl.int_range(index.height, dtype=pl.UInt32, eager=True), left, right)
    named = index.with_columns(name=nodes.gather(first))
    return named.filter(pl.col("i").is_in(pl.concat([left, right]).implode())).select("node", "name")


def _indices(column: pl.Series, index: pl.DataFrame) -> pl.Series:
    return column.to_frame("node").join(index, on="node", how="left", maintain_order="left")["i"]


def _merged(name: pl.Series, left: pl.Series, right: pl.Series) -> pl.Series:
    """For each node the index of the first of its component, until no pair joins two names."""
    while (edges := _open(name, left, right)).height:
        lower = edges.group_by("a").agg(pl.col("b").min()).filter(pl.col("b") < pl.col("a"))
        name = _followed(name.scatter(lower["a"], name.gather(lower["b"])))
        left, right = edges["a"], edges["b"]
    return name


def _open(name: pl.Series, left: pl.Series, right: pl.Series) -> pl.DataFrame:
    """The pairs of names that still differ, both ways round."""
    one = pl.DataFrame({"a": name.gather(left), "b": name.gather(right)}).filter(pl.col("a") != pl.col("b"))
    return pl.concat([one, one.select(a="b", b="a")]).unique()


def _followed(name: pl.Series) -> pl.Series:
    while not (further := name.gather(name)).equals(name):
        name = further
    return name
