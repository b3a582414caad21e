"""Whole files: under its name a file is complete or not there, and a table is as it was written or refused.

A table is sealed by the CRC-32 of all its bytes, in the field that Parquet leaves to extensions of its footer, which
other readers pass over. So any burst of 32 bits or fewer is found for certain, other damage but for one case in 2³².
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from mmap import ACCESS_READ, mmap
from pathlib import Path

_FIELD = b"\x08\xfe\xff\x03\x04"  # in Thrift's compact protocol: field 32767 is a binary of 4 bytes
_END = struct.Struct("<cI4s")  # of the footer's structure, the footer's length, Parquet's mark
_SEAL = len(_FIELD) + 4


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """Yield a name beside `path`: what the block writes there becomes `path`, or is removed where the block fails."""
    path = Path(path)
    partial = path.with_name(f"{path.name}.partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield partial
        partial.replace(path)
    except BaseException as error:
        if isinstance(error, OSError) and not error.filename:
            error.filename = str(path)  # Arrow does not say it
        with suppress(OSError):
            partial.unlink()
        raise


def write_text(path: str | Path, text: str) -> None:
    """Write a file of UTF-8 whole."""
    with whole(path) as partial:
        partial.write_text(text, encoding="utf-8")


def seal(path: Path) -> None:
    """Put the checksum of a Parquet file into its footer."""
    with path.open("r+b") as file:
        place = file.seek(-_END.size, 2)
        stop, length, mark = _END.unpack(file.read())
        end = _END.pack(stop, length + _SEAL, mark)
        file.seek(place)
        file.write(_FIELD)
        file.flush()
        with mmap(file.fileno(), place + len(_FIELD), access=ACCESS_READ) as head:
            checksum = zlib.crc32(end, zlib.crc32(head))
        file.write(struct.pack("<I", checksum) + end)


def is_sealed(path: str | Path) -> bool:
    """Say whether a file is a table as it was sealed. Raises OSError where it cannot be read."""
    facts = Path(path).stat()
    return _is_sealed(str(path), facts.st_ino, facts.st_size, facts.st_mtime_ns)


@lru_cache
def _is_sealed(path: str, inode: int, size: int, changed: int) -> bool:
    """Whether the bytes have the checksum; read once by a job, which opens a table of features for every depth."""
    if size < _SEAL + _END.size:
        return False
    with open(path, "rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as bytes_, memoryview(bytes_) as view:
        place = size - _END.size - 4
        if view[place - len(_FIELD) : place] != _FIELD:
            return False
        return (
            zlib.crc32(view[place + 4 :], zlib.crc32(view[:place])) == struct.unpack("<I", view[place : place + 4])[0]
        )
