"""What others read Parquet with reads a build: the same columns, types and rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from conftest import build_source, write_phantom

from cxdata.build.pictures import IMAGES
from cxdata.build.units import PATIENTS
from cxdata.model.sample import arrow_schema, polars_schema, to_arrow
from cxdata.sources.discovery import sources

pytestmark = pytest.mark.slow

SCHEMAS: dict[str, tuple[dict[str, pl.DataType], Any]] = {
    "samples/*.parquet": (polars_schema(), arrow_schema()),
    "images/*.parquet": (IMAGES, to_arrow(IMAGES)),
    "patients.parquet": (PATIENTS, to_arrow(PATIENTS, nullable={"split_official"})),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readers")
    source = sources()["mimic"]
    build_source(source, write_phantom(source, folder / "data", patients=20), folder / "b", images="path")
    return folder / "b"


def rows_in(home: Path, files: str) -> int:
    import pyarrow.parquet as pq

    return sum(pq.read_metadata(file).num_rows for file in home.glob(files))


@pytest.mark.parametrize("files", SCHEMAS)
def test_polars(home: Path, files: str) -> None:
    frame = pl.scan_parquet(home / files)
    assert dict(frame.collect_schema()) == SCHEMAS[files][0]
    assert frame.collect().height == rows_in(home, files) > 0


@pytest.mark.parametrize("files", SCHEMAS)
def test_pyarrow_dataset(home: Path, files: str) -> None:
    import pyarrow.dataset as ds

    data = ds.dataset(sorted(map(str, home.glob(files))), format="parquet")
    assert data.schema.equals(SCHEMAS[files][1], check_metadata=False)
    assert data.count_rows() == rows_in(home, files)
    key = data.schema.names[0]
    column = data.to_table(columns=[key])[key].to_pylist()
    assert sorted(column) == pl.scan_parquet(home / files).select(pl.col(key).sort()).collect()[key].to_list()


@pytest.mark.parametrize("files", SCHEMAS)
def test_datasets(home: Path, files: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    from datasets import load_dataset

    data = load_dataset("parquet", data_files=str(home / files), split="train", cache_dir=str(tmp_path / "cache"))
    schema: pa.Schema = SCHEMAS[files][1]
    assert data.column_names == schema.names
    assert {field.name: field.type for field in data.features.arrow_schema} == {
        field.name: field.type for field in schema
    }
    assert data.num_rows == rows_in(home, files)
    frame = pl.read_parquet(home / files)
    assert data.to_list() == frame.to_dicts()
