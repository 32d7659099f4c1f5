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
from cxdata.model.errors import CxdataError, RefusedError

STATE: Final = ".cxdata"
CONFIG: Final = f"{STATE}/config.json"
BUILD_JSON: Final = "build.json"
CROISSANT: Final = "croissant.json"
README: Final = "README.md"
SHARD_FOLDERS: Final = ("samples", "images", "rejects")


class BuildFolder:
    """`OUT/<slug>`: shards, and beside them `.cxdata/` with the ledger, the lock and a cache of hashes."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.state = home / STATE

    @contextmanager
    def opened(self, config: BuildConfig) -> Iterator[None]:
        """Hold the folder for one build: locked, bound to the config, without leftovers of a killed process.

        Raises RefusedError when another process holds it, when it holds something else, or a build of another config;
        CxdataError when it cannot be written.
        """
        with self.held():
            self._bind(config)
            remove_leftovers(self.home)
            yield

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder, locked, whatever build it is of. Raises as `opened` does."""
        lock = self._lock()
        try:
            self._hold(lock)
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
        self.write_text(name, json.dumps(value, indent=1, ensure_ascii=False) + "\n")

    def write_text(self, name: str, text: str) -> None:
        """Write a text file below the folder, atomically."""
        write_text(self.home / name, text)

    def retract(self) -> None:
        """Take back what the last build said of itself: while shards change there is no build.json."""
        for name in (BUILD_JSON, CROISSANT, README):
            (self.home / name).unlink(missing_ok=True)

    def remove_strays(self, named: set[str]) -> list[str]:
        """Delete the files in the shards' folders that the build does not name; returns their names."""
        files = [path for part in SHARD_FOLDERS for path in (self.home / part).rglob("*") if not path.is_dir()]
        strays = sorted({str(path.relative_to(self.home)) for path in files} - named)
        if strays:
            self.retract()
        for stray in strays:
            (self.home / stray).unlink()
        return strays

    def _lock(self) -> int:
        try:
            self._refuse_strangers()
            self.state.mkdir(parents=True, exist_ok=True)
            return os.open(self.state / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise cannot_write(self.home, error) from None

    def _refuse_strangers(self) -> None:
        if self.home.exists() and not self.home.is_dir():
            raise self._refused("the output is a file")
        if self.home.is_dir() and not self.state.is_dir() and any(self.home.iterdir()):
            raise self._refused("the output folder holds something that is not a build of this tool")

    def _hold(self, lock: int) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            mend = "wait for it, or choose another --out"
            raise self._refused("another build is writing to this folder", mend) from None
        except OSError as error:
            raise CxdataError(
                f"the folder cannot be locked: {os.strerror(error.errno or 0)}", where=str(self.home.absolute()),
                mend="its file system has no locks: choose another --out",
            ) from None  # fmt: skip

    def _bind(self, config: BuildConfig) -> None:
        """Refuse another config than that of the samples that are here; without samples there is nothing to protect."""
        if any((self.home / "samples").glob("*.parquet")):
            self._earlier_config().refuse_unless_same(config, str(self.home.absolute()))
        self.write_json(CONFIG, config.model_dump(mode="json"))

    def _earlier_config(self) -> BuildConfig:
        try:
            return BuildConfig.model_validate(self.read_json(CONFIG))
        except ValidationError:
            raise self._refused("the folder was made by a version of cxdata whose config is another") from None

    def _refused(self, what: str, mend: str = "choose another --out, or empty that folder") -> RefusedError:
        return RefusedError(what, where=str(self.home.absolute()), mend=mend)
