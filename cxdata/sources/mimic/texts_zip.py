"""Members of the zip of report texts, read without `zipfile`'s file objects, which cost more than inflating does."""

from __future__ import annotations

import struct
import zipfile
import zlib
from functools import lru_cache
from io import RawIOBase
from pathlib import Path
from typing import Final

from cxdata.model.errors import CxdataError, Where

GET: Final = (
    "get it again: wget -N -c --user YOUR_NAME --ask-password "
    "https://physionet.org/files/mimic-cxr/2.1.0/mimic-cxr-reports.zip"
)
_LOCAL_HEADER_BYTES: Final = 30
_SPARE_BYTES: Final = 512  # room for a local extra field longer than the directory's


def zip_index(path: str) -> dict[str, zipfile.ZipInfo]:
    """The zip's directory by name, read once for each process and state of the file.

    Raises CxdataError when the zip is broken, cut short or gone.
    """
    try:
        state = Path(path).stat()
        return _read_index(path, state.st_size, state.st_mtime_ns)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        what = f"{Path(path).name} is cut short, broken or cannot be opened"
        raise CxdataError(what, where=Where("mimic", path), mend=GET) from error


@lru_cache(maxsize=1)
def _read_index(path: str, _size_bytes: int, _mtime_ns: int) -> dict[str, zipfile.ZipInfo]:
    with zipfile.ZipFile(path) as archive:
        return archive.NameToInfo


def member_bytes(stream: RawIOBase, info: zipfile.ZipInfo | None) -> bytes | None:
    """One member's bytes, checked by length and CRC; None when it is not there, damaged, encrypted or packed oddly."""
    if info is None or info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return None
    try:
        raw = _packed(stream, info)
        stored = info.compress_type == zipfile.ZIP_STORED
        data = raw if stored else zlib.decompress(raw, -15, max(info.file_size, 1))
    except (OSError, zlib.error, struct.error):
        return None
    return data if len(data) == info.file_size and zlib.crc32(data) == info.CRC else None


def _packed(stream: RawIOBase, info: zipfile.ZipInfo) -> bytes:
    stream.seek(info.header_offset)
    # the local header's length is known only from itself; one read takes both in nearly every case
    raw = stream.read(_LOCAL_HEADER_BYTES + len(info.filename) + _SPARE_BYTES + info.compress_size) or b""
    signature, name_bytes, extra_bytes = struct.unpack_from("<4s22xHH", raw)
    if signature != b"PK\3\4":
        return b""
    start = _LOCAL_HEADER_BYTES + name_bytes + extra_bytes
    if start + info.compress_size > len(raw):
        stream.seek(info.header_offset + start)
        return stream.read(info.compress_size) or b""
    return raw[start : start + info.compress_size]
