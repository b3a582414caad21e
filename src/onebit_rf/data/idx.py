"""Arrays in the IDX format of the MNIST family, plain or compressed by gzip.

A file is two zero bytes, a type (8: uint8), the number of dimensions, each dimension as a big-endian uint32, and the
numbers in C order.
"""

import gzip
import zlib
from pathlib import Path

import numpy as np

from onebit_rf.errors import OnebitError

_UINT8 = 8


def find_idx(path: Path) -> Path:
    """Return `path`, or the compressed file beside it where only that exists."""
    compressed = path.with_name(f"{path.name}.gz")
    return compressed if compressed.exists() and not path.exists() else path


def read_idx(path: Path, shape: tuple[int | None, ...]) -> np.ndarray:
    """Read a uint8 array whose shape is `shape` where that says a number.

    Raises:
        OnebitError: in one line that names the file, where it is missing, damaged or of another shape.
    """
    data = _read(path)
    if len(data) < 4 or data[:3] != bytes([0, 0, _UINT8]) or data[3] != len(shape) or len(data) < 4 + 4 * len(shape):
        raise OnebitError(f"{path}: not an IDX file of bytes in {len(shape)} dimension(s); replace it")
    found = tuple(int(size) for size in np.frombuffer(data, ">u4", len(shape), offset=4))
    start = 4 + 4 * len(shape)
    if any(wanted is not None and size != wanted for size, wanted in zip(found, shape, strict=True)):
        wanted = " × ".join("any" if size is None else str(size) for size in shape)
        raise OnebitError(f"{path}: holds {' × '.join(map(str, found))} numbers, {wanted} are needed; replace it")
    if len(data) - start != int(np.prod(found, dtype=object)):
        raise OnebitError(f"{path}: {len(data) - start} bytes where its head promises {np.prod(found)}; replace it")
    return np.frombuffer(data, np.uint8, offset=start).reshape(found)


def _read(path: Path) -> bytes:
    try:
        return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise OnebitError(f"{path}: cannot be read ({str(error).splitlines()[0]}); replace it") from None
