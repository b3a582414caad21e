"""Image files in folders: one folder a class, or `train` and `test` with the classes' folders in them."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from onebit_rf.data.dataset import locate
from onebit_rf.data.pictures import Size, is_picture, picture_shape, read_pictures
from onebit_rf.data.sources import Opened, Pool, Source
from onebit_rf.errors import OnebitError

SPLITS = ["train", "test"]


@dataclass(frozen=True)
class Listing:
    """The image files below one folder: `names[c]` are those of class `classes[c]`, sorted."""

    folder: Path
    classes: list[str]
    names: list[list[str]]

    @cached_property
    def starts(self) -> np.ndarray:
        """The row at which each class begins."""
        return np.cumsum([0, *map(len, self.names)])

    def path(self, row: int) -> Path:
        """The file of an image, counted through the classes."""
        place = int(np.searchsorted(self.starts, row, side="right")) - 1
        return self.folder / self.classes[place] / self.names[place][row - int(self.starts[place])]


class Folder(Source):
    """The class folders in sorted order are the classes 0 … K − 1."""

    def files(self, root: Path) -> list[Path]:
        """Return the class folders: listing each image would make a workflow of a hundred thousand inputs."""
        return [folder / name for folder in _pools(locate(root, self.text)) for name in _class_names(folder)]

    def open(self, root: Path) -> Opened:
        """List the files."""
        train, *test = map(_list, _pools(locate(root, self.text)))
        first = train.path(0)
        shape = picture_shape(first, str(first))
        return Opened(shape, len(train.classes), [_pool(one, train.classes, shape) for one in (train, *test)])


def source(path: str) -> Folder:
    """Return the source in the folder `path`, below the data root or absolute."""
    if not path:
        raise OnebitError("source: must be folder:PATH, got 'folder:'")
    return Folder(f"folder:{Path(path).as_posix()}")


def _pools(folder: Path) -> list[Path]:
    """The folders train and test where there are both, else the folder itself."""
    splits = [folder / split for split in SPLITS]
    return splits if all(split.is_dir() for split in splits) else [folder]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What a folder holds, hidden files apart, sorted by name."""
    try:
        with os.scandir(folder) as found:
            return sorted((entry for entry in found if not entry.name.startswith(".")), key=lambda entry: entry.name)
    except OSError as error:
        raise OnebitError(f"{folder}: {error.strerror}; give a folder of images") from None


def _class_names(folder: Path) -> list[str]:
    entries = _entries(folder)
    names = [entry.name for entry in entries if entry.is_dir()]
    loose = [entry.name for entry in entries if not entry.is_dir() and is_picture(Path(entry.name).suffix)]
    if loose or not names:
        what = f"{loose[0]} is in no class" if loose else "holds no folders"
        raise OnebitError(f"{folder}: {what}; put the images of each class into a folder of its own")
    return names


def _list(folder: Path) -> Listing:
    classes = _class_names(folder)
    return Listing(folder, classes, [_image_names(folder / name) for name in classes])


def _image_names(folder: Path) -> list[str]:
    """Names of the images of a class; OnebitError names what is no image."""
    entries = _entries(folder)
    if not entries:
        raise OnebitError(f"{folder}: holds no images; add some or remove the folder")
    picture = {suffix: is_picture(suffix) for suffix in {os.path.splitext(entry.name)[1] for entry in entries}}
    for entry in entries:
        if entry.is_dir():
            raise OnebitError(
                f"{entry.path}: a folder in the folder of a class; classes are the folders in {folder.parent}, or in "
                "its train and test where it has both"
            )
        if not picture[os.path.splitext(entry.name)[1]]:
            raise OnebitError(f"{entry.path}: not an image, by its ending; remove it")
    return [entry.name for entry in entries]


def _pool(listing: Listing, classes: list[str], shape: Size) -> Pool:
    if unknown := [name for name in listing.classes if name not in classes]:
        raise OnebitError(f"{listing.folder / unknown[0]}: a class without train images; add some or remove it")
    numbers = [classes.index(name) for name in listing.classes]

    def read(rows: np.ndarray, side: int | None) -> np.ndarray:
        paths = map(listing.path, rows.tolist())
        return read_pictures(((place, path, str(path)) for place, path in enumerate(paths)), len(rows), shape, side)

    return Pool(np.repeat(numbers, list(map(len, listing.names))), read)
