"""The folder of one build: what stands where, who may write in it, and what it is bound to."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from cxdata.build.atomic import cannot_write, remove_leftovers, write_text
from cxdata.build.config import BuildConfig
from cxdata.model.errors import RefusedError

STATE: Final = ".cxdata"
BUILD_JSON: Final = "build.json"
SHARD_FOLDERS: Final = ("samples", "images", "rejects")


class BuildFolder:
    """`OUT/<slug>`: shards, and beside them `.cxdata/` with the ledger, the lock and a cache of hashes."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.state = home / STATE

    @contextmanager
    def opened(self, config: BuildConfig) -> Iterator[None]:
        """Hold the folder for one build: locked, bound to the config, without leftovers of a killed process.

        Raises RefusedError when another process holds it, when it holds something else, or a build of another config.
        """
        self._refuse_strangers()
        try:
            self.state.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.state / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise cannot_write(self.home, error) from None
        try:
            self._hold(lock)
            self._bind(config)
            remove_leftovers(self.home)
            yield
        finally:
            os.close(lock)

    def read_json(self, name: str) -> Any:
        """The JSON of a file below the folder; None when it is not there or was cut off."""
        try:
            return json.loads((self.home / name).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None

    def write_json(self, name: str, value: Any) -> None:
        """Write a JSON file below the folder, atomically, keys in the given order."""
        write_text(self.home / name, json.dumps(value, indent=1, ensure_ascii=False) + "\n")

    def remove_strays(self, named: set[str]) -> list[str]:
        """Delete the files in the shards' folders that the build does not name; returns their names."""
        files = [path for part in SHARD_FOLDERS for path in (self.home / part).rglob("*") if path.is_file()]
        strays = sorted(
            str(path.relative_to(self.home)) for path in files if str(path.relative_to(self.home)) not in named
        )
        for stray in strays:
            (self.home / stray).unlink()
        return strays

    def _refuse_strangers(self) -> None:
        if self.home.exists() and not self.home.is_dir():
            raise RefusedError("the output is a file", where=str(self.home), mend="choose another --out")
        if self.home.is_dir() and not self.state.is_dir() and any(self.home.iterdir()):
            raise RefusedError(
                "the output folder holds something that is not a build",
                where=str(self.home),
                mend="choose another --out",
            )

    def _hold(self, lock: int) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RefusedError(
                "another build is writing to this folder",
                where=str(self.home),
                mend="wait for it, or choose another --out",
            ) from None

    def _bind(self, config: BuildConfig) -> None:
        name = f"{STATE}/config.json"
        earlier = self.read_json(name)
        if earlier is None:
            self.write_json(name, config.model_dump(mode="json"))
            return
        try:
            config.refuse_unless_same(BuildConfig.model_validate(earlier), str(self.home))
        except ValidationError:
            raise RefusedError(
                "the folder was made by a version of cxdata with another config", where=str(self.home),
                mend="choose another --out",
            ) from None  # fmt: skip
