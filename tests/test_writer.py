from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cxdata.build import writer
from cxdata.build.atomic import cannot_write, write_atomically, write_text
from cxdata.build.writer import GROUP_ROWS, group_rows, write_shard
from cxdata.model.errors import CxdataError
from cxdata.model.sample import to_arrow

ROWS = 5_000
SCHEMA: dict[str, pl.DataType] = {
    "id": pl.String(), "n": pl.Int64(), "words": pl.List(pl.String()), "maybe": pl.String(),
    "boxes": pl.List(pl.Struct({"label": pl.String(), "x0": pl.Float64()})),
}  # fmt: skip


def frame(rows: int = ROWS) -> pl.DataFrame:
    numbers = range(rows)
    return pl.DataFrame(
        {
            "id": [f"row-{i * 7919 % rows:06d}" for i in numbers],
            "n": list(numbers),
            "words": [[f"word {k}" for k in range(i % 4)] for i in numbers],
            "maybe": [None if i % 3 else f"text {i % 11}" for i in numbers],
            "boxes": [[{"label": "x", "x0": i / 7}] * (i % 3) for i in numbers],
        },
        schema=SCHEMA,
    )


def test_order_and_chunks_of_the_rows_do_not_matter(tmp_path: Path) -> None:
    rows = frame()
    parts = [rows[start : start + 37] for start in range(0, ROWS, 37)]
    forms = [rows, rows.reverse(), rows.sample(fraction=1.0, shuffle=True, seed=5), pl.concat(parts[::-1])]
    assert forms[3].n_chunks() > 100
    shards = [write_shard(tmp_path / f"{i}", "a.parquet", form, ["id"]) for i, form in enumerate(forms)]
    assert len(set(shards)) == 1
    assert pl.read_parquet(tmp_path / "3" / "a.parquet").equals(rows.sort("id"))


def test_a_shard_says_what_was_written(tmp_path: Path) -> None:
    shard = write_shard(tmp_path, "deep/er/a.parquet", frame(), ["id"])
    assert (shard.file, shard.rows) == ("deep/er/a.parquet", ROWS)
    assert (tmp_path / shard.file).stat().st_size == shard.size_bytes
    assert [path.name for path in (tmp_path / "deep" / "er").iterdir()] == ["a.parquet"]


def test_rows_without_a_total_order_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CxdataError, match="two rows share n, maybe"):
        write_shard(tmp_path, "a.parquet", frame().with_columns(n=pl.col("n") // 2), ["n", "maybe"])
    assert not list(tmp_path.iterdir())


def test_types_are_the_plain_ones_of_the_schema(tmp_path: Path) -> None:
    write_shard(tmp_path, "a.parquet", frame(), ["id"], to_arrow(SCHEMA))
    schema = pq.read_schema(tmp_path / "a.parquet")
    assert schema.field("id").type == pa.string()
    assert schema.field("words").type.value_type == pa.string()
    assert schema.field("boxes").type.value_type.names == ["label", "x0"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"n": pl.col("n").cast(pl.Int32)}, "a column of type int64 holds int32"),
        ({"maybe": pl.lit(1.5)}, "a column of type string holds double"),
        ({"more": pl.lit("x")}, "its columns are not those of the schema"),
    ],
)
def test_another_schema_is_refused(tmp_path: Path, change: dict[str, pl.Expr], word: str) -> None:
    with pytest.raises(CxdataError, match=word):
        write_shard(tmp_path, "a.parquet", frame().with_columns(**change), ["id"], to_arrow(SCHEMA))
    assert not list(tmp_path.iterdir())


def test_a_null_where_none_may_be_is_refused_by_column(tmp_path: Path) -> None:
    schema = to_arrow(SCHEMA, nullable={"words", "boxes"})
    with pytest.raises(CxdataError, match="holds nulls") as error:
        write_shard(tmp_path, "a.parquet", frame(), ["id"], schema)
    assert "column maybe" in str(error.value)
    write_shard(tmp_path, "a.parquet", frame().with_columns(maybe=pl.lit("x")), ["id"], schema)
    assert not pq.read_schema(tmp_path / "a.parquet").field("maybe").nullable


def test_no_rows_make_a_file_with_the_schema(tmp_path: Path) -> None:
    assert write_shard(tmp_path, "a.parquet", frame(0), ["id"], to_arrow(SCHEMA)).rows == 0
    assert pl.read_parquet(tmp_path / "a.parquet").schema == pl.Schema(SCHEMA)


def test_row_groups_are_cut_by_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = pl.DataFrame({"id": [f"{i:04d}" for i in range(1000)], "bytes": [b"x" * 1000] * 1000})
    monkeypatch.setattr(writer, "GROUP_BYTES", 100_000)
    write_shard(tmp_path, "a.parquet", rows, ["id"])
    groups = pq.ParquetFile(tmp_path / "a.parquet").metadata
    sizes = [groups.row_group(i).num_rows for i in range(groups.num_row_groups)]
    assert sum(sizes) == 1000
    assert set(sizes[:-1]) == {98}, "a row is 1,000 bytes, 4 of the id and 8 a column"


@pytest.mark.parametrize(
    ("column", "bytes_a_row"),
    [
        (pl.Series("c", ["é" * 500] * 4), 1000),
        (pl.Series("c", [b"x" * 1000] * 4), 1000),
        (pl.Series("c", [["a" * 400, "b" * 600]] * 4), 1000),
        (pl.Series("c", [[{"x": 1.0}] * 125] * 4), 1000),
        (pl.Series("c", [1, 2, 3, 4]), 0),
        (pl.Series("c", [None, None, "x" * 2000, "x" * 2000]), 1000),
    ],
    ids=["text", "bytes", "lists of text", "lists", "numbers", "nulls"],
)
def test_bytes_of_a_row(column: pl.Series, bytes_a_row: int) -> None:
    assert group_rows(column.to_frame()) == min(GROUP_ROWS, writer.GROUP_BYTES // (bytes_a_row + 8))


def test_a_row_group_holds_a_row_and_not_too_many() -> None:
    assert group_rows(pl.DataFrame({"c": [b"x" * 2 * writer.GROUP_BYTES]})) == 1
    assert group_rows(pl.DataFrame({"c": [1]})) == GROUP_ROWS
    assert group_rows(pl.DataFrame({"c": []}, schema={"c": pl.String})) == GROUP_ROWS


def test_every_column_has_a_page_index_statistics_and_zstd(tmp_path: Path) -> None:
    write_shard(tmp_path, "a.parquet", frame(), ["id"])
    group = pq.ParquetFile(tmp_path / "a.parquet").metadata.row_group(0)
    for i in range(group.num_columns):
        column = group.column(i)
        assert column.has_offset_index, column.path_in_schema
        assert column.has_column_index, column.path_in_schema
        assert column.is_stats_set, column.path_in_schema
        assert column.compression == "ZSTD"


def test_a_failed_write_leaves_the_file_before_it(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "before")

    def broken(temporary: Path) -> None:
        temporary.write_text("half")
        raise ValueError("a mistake of ours")

    with pytest.raises(ValueError, match="a mistake of ours"):
        write_atomically(path, broken)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a.txt", "before")]


def test_a_text_that_is_there_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "é\n")
    before = path.stat().st_ino
    write_text(path, "é\n")
    assert path.stat().st_ino == before
    write_text(path, "other")
    assert path.read_text() == "other"


def test_each_failure_of_the_system_has_words_of_its_own() -> None:
    said = {str(cannot_write(Path("x"), OSError(number, "")).mend) for number in (28, 122, 27, 30, 13, 20)}
    assert len(said) == 6
    assert all("--out" in mend for mend in said)


# Real rows of real tasks, in one file each: their joins, windows and hashes run on as many threads as polars has.
SCRIPT = """
import json, sys
from pathlib import Path
import polars as pl
from conftest import build_source
from cxdata.build import units
from cxdata.sources.discovery import sources
units.PATIENTS_A_SHARD = 1 << 20
out, tasks = Path(sys.argv[1]), ("disease_binary", "disease_multi_choice")
result = build_source(sources()["mimic"], out / "data", out / sys.argv[2], images="none", tasks=tasks)
print(json.dumps([pl.thread_pool_size(), result["shards"]]))
"""
TABLES = "import sys, pathlib, mimic_size; mimic_size.write_tables(pathlib.Path(sys.argv[1], 'data'), 0.65)"


@pytest.mark.slow
def test_the_same_bytes_of_300_000_rows_whatever_the_threads(tmp_path: Path) -> None:
    run_python(TABLES, tmp_path)
    results = [json.loads(run_python(SCRIPT, tmp_path, threads)) for threads in ("1", "2", "4")]
    assert [threads for threads, _ in results] == [1, 2, 4], "polars took the number of threads"
    assert max(shard["rows"] for shard in results[0][1]) > 300_000
    assert results[0][1] == results[1][1] == results[2][1]


def run_python(script: str, out: Path, threads: str = "2") -> str:
    here = Path(__file__).parent
    path = f"{here}{os.pathsep}{here.parent / 'benchmarks'}"
    env = {**os.environ, "PYTHONPATH": path, "POLARS_MAX_THREADS": threads}
    command = [sys.executable, "-c", script, str(out), threads]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
