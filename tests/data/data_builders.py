"""Records of data sets, and pictures to make them from."""

import io

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from onebit_rf.data.kinds.images import Images
from onebit_rf.data.kinds.table import Table


def images(source, n_test=3, **fields):
    """The record of raw images: neither centred nor scaled."""
    fields = {"centre": False, "scale": False, **fields}
    return msgspec.convert({"kind": "images", "source": source, "n_test": n_test, **fields}, Images)


def table(source, target="y", task="regression", n_train=4, n_test=2, **fields):
    """The record of a raw table."""
    fields = {"centre": False, "scale": False, "n_train": n_train, "n_test": n_test, **fields}
    return msgspec.convert({"kind": "table", "source": source, "target": target, "task": task, **fields}, Table)


def picture(value, size=(4, 6), mode="RGB", kind="png"):
    """An encoded picture, all pixels `value`, of height and width `size`."""
    pixels = np.full((*size, 3) if mode == "RGB" else size, value, np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, kind)
    return buffer.getvalue()


def hub(path, pictures, labels, names=("image", "label"), **columns):
    """Write a Parquet file as the Hugging Face hub keeps images, row groups of 4."""
    path.parent.mkdir(parents=True, exist_ok=True)
    structs = [None if one == "null" else {"bytes": one, "path": None} for one in pictures]
    encoded = pa.array(structs, pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    pq.write_table(pa.table({names[0]: encoded, names[1]: labels, **columns}), path, row_group_size=4)
