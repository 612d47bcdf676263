"""Darknet: labels beside the images, a list of class names, lists of images per split."""

from collections import Counter
from pathlib import PurePosixPath

from libs.common.dataset_files import label_path
from libs.common.errors import BadInput
from services.dataset.domain.converted import split_of
from services.dataset.domain.draft import Content, Draft, Picture, draft_of
from services.dataset.domain.relabel import class_of
from services.dataset.folders import Folder


def read_darknet(folder: Folder) -> tuple[Draft, Counter[str]]:
    """The dataset as a draft, and what did not come along.

    Raises:
        BadInput: there are no labels, or no class.
    """
    lists = _darknet_lists(folder)
    pictures, highest = [], -1
    for image in folder.images:
        beside = label_beside(folder, image)
        label: Content | None = folder.root / beside if beside else None
        split = lists.get(image) or split_of(str(PurePosixPath(image).parent)) or "train"
        name = PurePosixPath(image).name
        pictures.append(Picture(split, name, folder.root / image, label, image, beside or ""))
        if beside:
            numbers = [class_of(line.split()) for line in folder.lines(beside)]
            highest = max([highest, *(number for number in numbers if number is not None)])
    if not any(picture.label_origin for picture in pictures):
        raise BadInput("There are no label files beside the images.", code="no_labels")
    names = folder.class_list()
    lost: Counter[str] = Counter()
    if not names and highest >= 0:
        names = tuple(f"class_{number}" for number in range(min(highest, 9_999) + 1))
        lost["class names (there is no list of them)"] = len(names)
    if not names:
        raise BadInput("There is no list of class names, and no label has one.", code="no_classes")
    return draft_of(names, pictures), lost


def label_beside(folder: Folder, image: str) -> str | None:
    """The label of an image: beside it, or where YOLO looks."""
    for path in (str(PurePosixPath(image).with_suffix(".txt")), label_path(f"/{image}")[1:]):
        if path in folder.texts:
            return path
    return None


def _darknet_lists(folder: Folder) -> dict[str, str]:
    """Split by image, from train.txt, valid.txt and test.txt."""
    found: dict[str, str] = {}
    for file in folder.ending(".txt"):
        name = PurePosixPath(file)
        split = split_of(name.stem)
        if split is None or name.stem.lower() not in ("train", "val", "valid", "test"):
            continue
        for line in folder.lines(file):
            image = folder.find(line.replace("\\", "/").lstrip("/"), file)
            if image:
                found.setdefault(image, split)
    return found
