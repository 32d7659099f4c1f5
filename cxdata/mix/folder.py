"""A stage folder: `train`, `val` and `test` with data and nothing else, and what tells of them beside it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import polars as pl

from cxdata.build.atomic import cannot_write, write_atomically, write_text
from cxdata.build.writer import OPTIONS, Shard
from cxdata.export.schemas import as_table
from cxdata.model.errors import RefusedError
from cxdata.model.facets import SPLITS
from cxdata.model.hashing import file_sha256

MIX_JSON: Final = "mix.json"
BEGUN: Final = ".mix.json"  # the config of a mix that is not finished
OWN: Final = (*SPLITS, BEGUN, "images", MIX_JSON, "README.md", "croissant.json", "recipe.yaml", "dataset_info.json")


class StageFolder:
    """`OUT`: bound to the config of the mix that it holds."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def check(self, config: Mapping[str, Any], below: Path) -> None:
        """Raise RefusedError for a folder that holds another mix or something else, or lies below the builds."""
        if self.home.resolve().is_relative_to(below.resolve()):
            raise self._refused("a stage folder is never written below the builds", "choose another --out")
        held = sorted(path.name for path in self.home.iterdir()) if self.home.is_dir() else []
        if held and MIX_JSON not in held and BEGUN not in held:
            raise self._refused("the folder holds something that is no mix", "choose another --out, or empty it")
        strange = sorted(set(held) - set(OWN))
        if strange:
            raise self._refused(f"the folder holds {strange[0]}, which no mix wrote", "choose another --out")
        if held:
            self._refuse_unless_same(config)

    def begin(self, config: Mapping[str, Any]) -> None:
        """Empty the folder, which was checked, for this mix."""
        held = sorted(path.name for path in self.home.iterdir()) if self.home.is_dir() else []
        try:
            for name in held:
                self._remove(self.home / name)
            self.home.mkdir(parents=True, exist_ok=True)
            self.write_json(BEGUN, {"config": config})
        except OSError as error:
            raise cannot_write(self.home, error) from None

    def write(self, file: str, parts: Iterator[pl.DataFrame], form: str, schema: Any) -> Shard:
        """Write one file, a part in memory at a time."""
        rows = 0

        def write(temporary: Path) -> None:
            nonlocal rows
            import pyarrow.parquet as pq

            with pq.ParquetWriter(temporary, schema, **OPTIONS) as writer:
                for part in parts:
                    writer.write_table(as_table(part, form).combine_chunks())
                    rows += part.height

        path = self.home / file
        write_atomically(path, write)
        return Shard(file, rows, path.stat().st_size, file_sha256(path))

    def finish(self) -> None:
        """Say that the mix is whole."""
        (self.home / BEGUN).unlink(missing_ok=True)

    def write_json(self, name: str, value: Any) -> None:
        """Write a JSON file."""
        write_text(self.home / name, json.dumps(value, indent=1, ensure_ascii=False) + "\n")

    def write_text(self, name: str, text: str) -> None:
        """Write a text file."""
        write_text(self.home / name, text)

    def _refuse_unless_same(self, config: Mapping[str, Any]) -> None:
        try:
            name = MIX_JSON if (self.home / MIX_JSON).is_file() else BEGUN
            before = json.loads((self.home / name).read_text("utf-8"))["config"]
        except (OSError, ValueError, KeyError, TypeError):
            raise self._refused("what it says of its mix cannot be read", "choose another --out, or empty it") from None
        changed = [key for key in config if before.get(key) != config[key]]
        if changed:
            told = "; ".join(f"{key} is {before.get(key)!r} there, {config[key]!r} here" for key in changed)
            raise self._refused(f"the folder holds another mix: {told}", "use the same values, or another --out")

    def _remove(self, path: Path) -> None:
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _refused(self, what: str, mend: str) -> RefusedError:
        return RefusedError(what, where=str(self.home.absolute()), mend=mend)
