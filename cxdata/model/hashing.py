"""Stable choice by hash: no random generator anywhere, so that a choice never depends on order, threads or versions.

A choice is XXH64 (seed 0, https://xxhash.com) of the UTF-8 text `seed \\x1f sample_id \\x1f purpose`, pinned by test
vectors. `polars.Expr.hash` may change between versions and is not used.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import polars as pl
import polars_hash  # noqa: F401  registers the namespace `nchash`

SEPARATOR = "\x1f"


def stable_hash(seed: int, key: str, purpose: str) -> int:
    """XXH64 of one (seed, key, purpose), as an unsigned 64-bit integer."""
    return int(pl.select(hash_expr(seed, pl.lit(key), purpose)).item())


def hash_expr(seed: int, key: pl.Expr, purpose: str | pl.Expr) -> pl.Expr:
    """XXH64 of (seed, key, purpose) for each row, UInt64; key and purpose are strings, null gives null."""
    aim = pl.lit(purpose) if isinstance(purpose, str) else purpose
    text = pl.concat_str(pl.lit(str(seed)), key, aim, separator=SEPARATOR)
    return text.pipe(_xxh64)


def pick_expr(seed: int, key: pl.Expr, purpose: str, n: int) -> pl.Expr:
    """One of 0 … n-1 for each row, UInt32, chosen by hash."""
    return (hash_expr(seed, key, purpose) % n).cast(pl.UInt32)


def unit_expr(seed: int, key: pl.Expr, purpose: str) -> pl.Expr:
    """A number in [0, 1) for each row, chosen by hash; the top 53 bits of the hash."""
    return (hash_expr(seed, key, purpose) // 2**11).cast(pl.Float64) / 2**53


def bucket_expr(key: pl.Expr, n: int) -> pl.Expr:
    """The shard, 0 … n-1, of a patient key; independent of the seed, so that another seed cuts the files alike."""
    return pick_expr(0, key, "shard", n)


def _xxh64(text: pl.Expr) -> pl.Expr:
    namespace: Any = text
    hashed: pl.Expr = namespace.nchash.xxhash64()
    return hashed


def file_sha256(path: Any, chunk_bytes: int = 1 << 20) -> str:
    """sha256 of a file's bytes, as hex. Raises OSError as `open` does."""
    state = hashlib.sha256()
    with open(path, "rb") as stream:
        while chunk := stream.read(chunk_bytes):
            state.update(chunk)
    return state.hexdigest()


def digest(value: Any) -> str:
    """sha256 of a value as canonical JSON (sorted keys, no spaces), as hex."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def frame_digest(frame: pl.DataFrame, by: Sequence[str]) -> str:
    """sha256 of a frame's schema and rows, in the order of `by`; equal frames give equal digests."""
    state = hashlib.sha256(json.dumps([(name, str(kind)) for name, kind in frame.schema.items()]).encode())
    for row in frame.sort(by, maintain_order=True).iter_rows():
        state.update(json.dumps(row, default=str).encode())
    return state.hexdigest()
