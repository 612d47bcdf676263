"""Which files are still those that are known: asked of the file system, without opening them."""

import os
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from services.dataset.domain.filetree import labels_of
from services.dataset.domain.paths import Paths
from services.dataset.part import OF_IMAGE, OF_LABEL, Stamps

Mask = npt.NDArray[np.bool_]
_NONE = (0, 0, 0)


def standing(
    root: str, images: Paths, labels: Paths | None, stamps: Stamps, *, with_images: bool
) -> tuple[Mask, Mask]:
    """(n,) each: whether an image still stands, and whether its label does.

    Args:
        root: the dataset's folder, which `images` are relative to.
        images: their paths.
        labels: those of their labels, where they are known.
        stamps: what is known of them.
        with_images: look at images, too; without, they all stand.
    """
    try:
        home = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return np.zeros(len(images), bool), np.zeros(len(images), bool)
    try:
        image = np.ones(len(images), bool)
        if with_images:
            image = unchanged(images.raws(), stamps[:, OF_IMAGE], home)
        labels = labels if labels is not None else labels_of(images, root)
        return image, unchanged(labels.raws(), stamps[:, OF_LABEL], home)
    finally:
        os.close(home)


def unchanged(paths: Iterable[bytes], known: Stamps, home: int | None = None) -> Mask:
    """(n,): whether a file is known, and its size and times are still those.

    Args:
        paths: n of them.
        known: (n, 3), zeros where nothing is known.
        home: an open folder that the paths are relative to.
    """
    if not known.any():
        return np.zeros(len(known), bool)
    now = []
    for path in paths:
        try:
            info = os.stat(path, dir_fd=home)  # of a million, pathlib takes as long again
            now.append((info.st_size, info.st_mtime_ns, info.st_ctime_ns))
        except OSError:
            now.append(_NONE)
    same = (known == np.array(now, np.int64).reshape(-1, 3)).all(axis=1)
    return np.asarray(same & (known[:, 1] != 0), np.bool_)
