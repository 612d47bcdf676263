"""Tables of ids in annotations that lie beside predictions, or in their dataset."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from libs.common.errors import BadInput
from services.analyzer.domain.reading import Id, image_ways
from services.analyzer.predictions import read_tables

SURE_NAMES = ("annotations.json", "_annotations.coco.json", "instances.json")


def annotations(root: Path, split: str, *, beside: Path) -> list[Path]:
    """Files that may hold COCO's tables: few names, in few places.

    Args:
        root: of the dataset.
        split: that the predictions are for.
        beside: the file of predictions, which is none of them.
    """
    names = (*SURE_NAMES, *(f"{start}{split}.json" for start in ("", "instances_")))
    folders = dict.fromkeys((beside.parent, root, root / "annotations"))
    found = [folder / name for folder in folders for name in names]
    return [each for each in found if each.is_file() and each != beside]


def looked_up(
    ids: Collection[Id], paths: Sequence[str], files: Iterable[Path]
) -> tuple[dict[Id, str] | None, dict[Id, str] | None, str]:
    """The tables of the first file that knows every id, and every image of the split.

    Args:
        ids: of images, in the predictions.
        paths: of the images, relative to the dataset.
        files: that may hold tables.

    Returns:
        File name by image id, class name by category id, the name of the file; Nones where no file
        fits.
    """
    for path in files:
        try:
            images, classes = read_tables(path)
        except (BadInput, OSError):
            continue
        if images and all(each in images for each in ids):
            ways = image_ways(ids, paths, images)
            if len(ways[0].index_of) >= len(paths):
                return images, classes, path.name
    return None, None, ""
