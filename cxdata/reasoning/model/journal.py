"""Every answer as it came, a line each, in a file that is only ever added to: what is there is never asked again.

A line is written at once and made safe on disk with others. One that was torn by a crash is cut off when the file is
opened; a whole line that cannot be read is an error, for somebody changed the file.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from cxdata.build.atomic import cannot_write
from cxdata.model.errors import CxdataError
from cxdata.reasoning.model.replies import Code, Reply, Said, said

FORMAT: Final = 1
BATCH: Final = 64  # lines, at most, that a loss of power may take
BATCH_S: Final = 5.0  # and seconds
ATTEMPTS: Final = 3  # how often a sample is asked, at most, when its answers have no form


class Entry(NamedTuple):
    """One answer: of which sample, to which request (a hash of it), made with which seed; None: it was rejected."""

    sample_id: str
    request: str
    seed: int
    reply: Reply | None

    @property
    def said(self) -> tuple[Said, ...] | Code:
        """The members of the answer, or what is wrong with it."""
        return "request_refused" if self.reply is None else said(self.reply)


class State(NamedTuple):
    """Where a request stands: how many answers it has, and whether the last of them settles it."""

    attempts: int
    is_settled: bool


class Journal:
    """The answers to the requests of one binding: prompts, model, revision, sampling."""

    def __init__(self, path: Path, binding: Mapping[str, Any]) -> None:
        self.path = path
        self._header = {"journal": FORMAT, "binding": dict(binding)}
        self._states: dict[tuple[str, str], State] = {}
        self._places: dict[tuple[str, str], int] = {}
        self._unsynced, self._synced_at = 0, time.monotonic()
        self._file = self._opened()

    def __enter__(self) -> Self:
        """The journal itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Make every line safe and let the file go."""
        try:
            self.sync()
        finally:
            os.close(self._file)

    def state(self, sample_id: str, request: str) -> State:
        """Where a request stands."""
        return self._states.get((sample_id, request), State(0, is_settled=False))

    def entry(self, sample_id: str, request: str) -> Entry | None:
        """The last answer to a request; None where it has none."""
        place = self._places.get((sample_id, request))
        if place is None:
            return None
        with self.path.open("rb") as stream:
            stream.seek(place)
            return _entry(stream.readline())

    def append(self, entry: Entry) -> None:
        """Keep an answer. Raises CxdataError when the file cannot be written."""
        line = _line(_as_json(entry))
        place = os.lseek(self._file, 0, os.SEEK_END)
        self._write(line)
        self._note(entry, place)
        self._unsynced += 1
        if self._unsynced >= BATCH or time.monotonic() - self._synced_at > BATCH_S:
            self.sync()

    def _opened(self) -> int:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise cannot_write(self.path, error) from None
        try:
            self._file = file
            self._read()
        except BaseException:
            os.close(file)
            raise
        return file

    def _read(self) -> None:
        place = 0
        with self.path.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                if not line.endswith(b"\n"):
                    break  # torn: the process was killed within it
                self._take(number, line, place)
                place += len(line)
        os.ftruncate(self._file, place)
        if place == 0:
            self._write(_line(self._header))

    def _take(self, number: int, line: bytes, place: int) -> None:
        try:
            if number == 1:
                is_ours = json.loads(line) == self._header
            else:
                self._note(_entry(line), place)
                is_ours = True
        except (ValueError, TypeError, KeyError):
            is_ours = False
        if not is_ours:
            raise CxdataError(
                "a line of the journal of answers cannot be read", where=f"{self.path}, line {number}",
                mend="the file was changed: bring it back from a copy, or delete it to ask for every answer anew",
            )  # fmt: skip

    def _note(self, entry: Entry, place: int) -> None:
        key = entry.sample_id, entry.request
        attempts = self._states[key].attempts + 1 if key in self._states else 1
        found = entry.said
        is_settled = not isinstance(found, str) or found == "request_refused" or attempts >= ATTEMPTS
        self._states[key] = State(attempts, is_settled)
        self._places[key] = place

    def _write(self, line: bytes) -> None:
        try:
            while line:
                line = line[os.write(self._file, line) :]
        except OSError as error:
            raise cannot_write(self.path, error) from None

    def sync(self) -> None:
        """Make every line safe on disk. Raises CxdataError when it cannot be."""
        try:
            os.fsync(self._file)
        except OSError as error:
            raise cannot_write(self.path, error) from None
        self._unsynced, self._synced_at = 0, time.monotonic()


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def _as_json(entry: Entry) -> dict[str, Any]:
    head = {"id": entry.sample_id, "request": entry.request, "seed": entry.seed}
    return {**head, "reply": None if entry.reply is None else list(entry.reply)}


def _entry(line: bytes) -> Entry:
    """The entry of a line; ValueError, TypeError or KeyError where it is none."""
    value = json.loads(line)
    reply = value["reply"]
    return Entry(str(value["id"]), str(value["request"]), int(value["seed"]), None if reply is None else Reply(*reply))
