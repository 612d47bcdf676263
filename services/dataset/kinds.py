"""Which of the known formats a folder's annotations have, and where a YOLO dataset begins."""

from pathlib import Path
from typing import Literal

from libs.common.errors import BadInput
from services.dataset.darknet import label_beside
from services.dataset.folders import Folder
from services.dataset.voc import is_voc
from services.dataset.zips import dataset_folder

Format = Literal["yolo", "yolo_polygons", "coco", "voc", "darknet"]
_LOOK_BYTES = 64 * 1024


def detect(folder: Folder) -> Format:
    """The format of what lies in a folder.

    Raises:
        BadInput: it is none of those that are known.
    """
    if yolo_root(folder) is not None:
        return "yolo"
    if coco_files(folder):
        return "coco"
    if any(is_voc(folder.root / file) for file in folder.ending(".xml")[:20]):
        return "voc"
    if any(label_beside(folder, image) for image in folder.images[:200]):
        return "darknet"
    if bare_root(folder) is not None:
        return "yolo"
    raise BadInput(
        "It holds images, but neither a data.yaml, nor COCO json, nor Pascal VOC XML, nor label "
        "files beside the images.",
        code="no_dataset",
    )


def yolo_root(folder: Folder) -> Path | None:
    """Where a data.yaml is, or images/train; not where other annotations lie in such folders."""
    described = [f for f in folder.ending(".yaml", ".yml") if _is_data_yaml(folder, f)]
    if described:
        nearest = min(described, key=lambda file: (file.count("/"), file))
        return (folder.root / nearest).parent
    others = coco_files(folder) or folder.ending(".xml")
    if others or not any("/labels/" in f"/{file}" for file in folder.ending(".txt")):
        return None
    return bare_root(folder)


def bare_root(folder: Folder) -> Path | None:
    """The folder that holds images/train or train/images."""
    try:
        return dataset_folder(folder.root)
    except BadInput:
        return None


def _is_data_yaml(folder: Folder, file: str) -> bool:
    with (folder.root / file).open("rb") as stream:
        text = stream.read(_LOOK_BYTES)
    return any(key in text for key in (b"names", b"train", b"nc:", b"val"))


def coco_files(folder: Folder) -> list[str]:
    """The JSON files that begin like COCO's."""
    found = []
    for file in folder.ending(".json"):
        with (folder.root / file).open("rb") as stream:
            head = stream.read(_LOOK_BYTES)
        keys = (b'"images"', b'"annotations"', b'"categories"', b'"info"')
        if head.lstrip().startswith(b"{") and any(key in head for key in keys):
            found.append(file)
    return found
