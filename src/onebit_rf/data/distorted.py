"""The distorted test images of a data set: written once, read a distortion and severity at a time."""

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from onebit_rf.data.distortions import DISTORTIONS, SEVERITIES, distort
from onebit_rf.data.kinds import DatasetRecord
from onebit_rf.data.kinds.images import Images
from onebit_rf.errors import OnebitError
from onebit_rf.tables.distorted import DISTORTED
from onebit_rf.tables.files import TableWriter, read_matrix, read_table


def write_distorted(
    path: str | Path,
    record: DatasetRecord,
    seed: int,
    root: Path,
    params: dict[str, Any],
    progress: Callable[[Iterable], Iterable] = iter,
) -> None:
    """Write the test images of one replicate under every distortion and severity, one row group for each.

    Args:
        path: a table `distorted`.
        record: the data set.
        seed: of the replicate.
        root: the data root.
        params: what the table's provenance records.
        progress: wraps the iteration over distortions and severities.

    Raises:
        OnebitError: the data set is not one of images, or cannot be made.
    """
    if not isinstance(record, Images):
        raise OnebitError("dataset: only images can be distorted; give one of kind: images")
    rows = record.distorted_rows()
    test = record.pixels(seed, root).test[rows]
    with TableWriter(path, DISTORTED, params) as writer:
        for kind, severity in progress(list(product(DISTORTIONS.names(), SEVERITIES))):
            pixels = distort(test, kind, severity, seed, record.white).reshape(len(test), -1)
            writer.write(kind=kind, severity=severity, row=rows, pixels=pixels)


def read_distorted(path: str | Path, image: tuple[int, int, int]) -> Iterator[tuple[str, int, np.ndarray]]:
    """Yield distortion, severity and the test images, shape (rows, h, w, channels), uint8, as read.

    The images view the buffers of the file: they are read-only.

    Args:
        path: a table `distorted`.
        image: height, width and channels.

    Raises:
        OnebitError: the table is missing, damaged or foreign, or its images have another size.
    """
    rows = read_table(path, DISTORTED, ["kind", "severity", "row"])
    first = rows.take(np.flatnonzero(rows["row"].to_numpy() == 0))  # of each row group: row 0 is always there
    for group, kind in enumerate(first["kind"].to_pylist()):
        pixels = read_matrix(path, DISTORTED, "pixels", group)
        if pixels.shape[1] != math.prod(image):
            wanted = " × ".join(map(str, image))
            raise OnebitError(f"{path}: images of {pixels.shape[1]} numbers, {wanted} are needed; delete it")
        yield kind, first["severity"][group].as_py(), pixels.reshape(-1, *image)
