"""Members of the zip of report texts, without `zipfile`'s objects: these cost more than inflating 227,835 small texts.

What this quick reading does not know (a zip whose directory is unusual in any way) is left to `zipfile`.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from functools import lru_cache
from io import RawIOBase
from pathlib import Path
from shlex import quote
from typing import Final, NamedTuple

from cxdata.model.errors import CxdataError, Where

GET: Final = (
    "get it again: wget -N -c --user YOUR_NAME --ask-password "
    "https://physionet.org/files/mimic-cxr/2.1.0/mimic-cxr-reports.zip"
)
_ENTRY: Final = struct.Struct("<4s4xHH4xIIIHHH8xI")
_END: Final = struct.Struct("<4s6xHII")
_END64: Final = struct.Struct("<4s28xQQQ")
_LOCAL: Final = struct.Struct("<4s22xHH")
_TAIL_BYTES: Final = (1 << 16) + 98  # the longest comment, and the end records of both kinds
_SPARE_BYTES: Final = 512  # room for a local extra field longer than the directory's
_UNKNOWN: Final = 0xFFFFFFFF  # the value stands in an extra field


class Entry(NamedTuple):
    """Where a member lies in the zip, and what its bytes must come to."""

    flags: int
    method: int
    crc: int
    packed_bytes: int
    size_bytes: int
    offset: int


def zip_index(path: str) -> dict[str, Entry]:
    """The zip's directory by name, read once for each process and state of the file.

    Raises CxdataError when the zip is broken, cut short or gone.
    """
    try:
        state = Path(path).stat()
        return _read_index(path, state.st_size, state.st_mtime_ns)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        what = f"{Path(path).name} is cut short, broken or cannot be opened"
        # `wget -c` goes on at the end of whatever is there, a saved web page as well
        raise CxdataError(what, where=Where("mimic", path), mend=f"delete it: rm {quote(path)}\n{GET}") from error


def member_bytes(stream: RawIOBase, entry: Entry | None) -> bytes | None:
    """One member's bytes, checked by length and CRC; None when it is not there, damaged, encrypted or packed oddly."""
    if entry is None or entry.flags & 1 or entry.method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return None
    try:
        raw = _packed(stream, entry)
        data = raw if entry.method == zipfile.ZIP_STORED else zlib.decompress(raw, -15, max(entry.size_bytes, 1))
    except (OSError, zlib.error, struct.error):
        return None
    return data if len(data) == entry.size_bytes and zlib.crc32(data) == entry.crc else None


def _packed(stream: RawIOBase, entry: Entry) -> bytes:
    stream.seek(entry.offset)
    # the local header's length is known only from itself; one read takes both in nearly every case
    raw = stream.read(_LOCAL.size + _SPARE_BYTES + entry.packed_bytes) or b""
    signature, name_bytes, extra_bytes = _LOCAL.unpack_from(raw)
    if signature != b"PK\3\4":
        return b""
    start = _LOCAL.size + name_bytes + extra_bytes
    if start + entry.packed_bytes > len(raw):
        stream.seek(entry.offset + start)
        return stream.read(entry.packed_bytes) or b""
    return raw[start : start + entry.packed_bytes]


@lru_cache(maxsize=1)
def _read_index(path: str, size_bytes: int, _mtime_ns: int) -> dict[str, Entry]:
    index = _quick_index(path, size_bytes)
    if index is None:
        with zipfile.ZipFile(path) as archive:
            return {name: _entry(info) for name, info in archive.NameToInfo.items()}
    return index


def _entry(info: zipfile.ZipInfo) -> Entry:
    return Entry(info.flag_bits, info.compress_type, info.CRC, info.compress_size, info.file_size, info.header_offset)


def _quick_index(path: str, size_bytes: int) -> dict[str, Entry] | None:
    """The directory; None when anything in it is unusual."""
    with Path(path).open("rb") as stream:
        stream.seek(max(size_bytes - _TAIL_BYTES, 0))
        tail = stream.read()
        found = _directory_place(tail, max(size_bytes - _TAIL_BYTES, 0))
        if found is None:
            return None
        count, length, start = found
        stream.seek(start)
        directory = stream.read(length)
    return _entries(directory, count)


def _directory_place(tail: bytes, tail_start: int) -> tuple[int, int, int] | None:
    """Count of entries, length and start of the directory, which must end where the end record begins."""
    end = tail.rfind(b"PK\5\6")
    if end < 0 or end + 22 > len(tail) or end + 22 + int.from_bytes(tail[end + 20 : end + 22], "little") != len(tail):
        return None
    _, count, length, start = _END.unpack_from(tail, end)
    if end >= 76 and tail[end - 20 : end - 16] == b"PK\6\7":  # more than 65,535 members: a second end record before
        end -= 76
        signature, count, length, start = _END64.unpack_from(tail, end)
        if signature != b"PK\6\6":
            return None
    return (count, length, start) if start >= 0 and start + length == tail_start + end else None


def _entries(directory: bytes, count: int) -> dict[str, Entry] | None:
    index: dict[str, Entry] = {}
    unpack, at = _ENTRY.unpack_from, 0
    try:
        for _ in range(count):
            signature, flags, method, crc, packed, size, name_bytes, extra, comment, offset = unpack(directory, at)
            if signature != b"PK\1\2" or _UNKNOWN in (packed, size, offset):
                return None
            name = directory[at + _ENTRY.size : at + _ENTRY.size + name_bytes]
            index[name.decode("ascii")] = Entry(flags, method, crc, packed, size, offset)
            at += _ENTRY.size + name_bytes + extra + comment
    except (struct.error, UnicodeDecodeError):
        return None
    return index if at == len(directory) else None
