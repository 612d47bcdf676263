"""Read a dataset in any of the formats that are known, and say what did not come along."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from libs.common.data_yaml import SPLITS
from libs.common.datasets import survey_dataset, usable
from libs.common.errors import BadInput
from services.dataset.darknet import read_darknet
from services.dataset.domain.boxes import row_box, row_of
from services.dataset.domain.coco import is_coco, read_coco
from services.dataset.domain.converted import Annotated, Converted, label_text, split_of
from services.dataset.domain.draft import Content, Draft, Picture, draft_of
from services.dataset.domain.relabel import class_of
from services.dataset.folders import Folder
from services.dataset.kinds import Format, bare_root, coco_files, detect, yolo_root
from services.dataset.sources import draft_of_folder
from services.dataset.voc import is_voc, read_voc

MAX_JSON_BYTES = 512 * 1024 * 1024


@dataclass(slots=True)
class Found:
    """A dataset that was read."""

    format: Format
    draft: Draft
    lost: Counter[str] = field(default_factory=Counter)
    """What did not come along, and how often."""


def read_any(root: Path, roots: Sequence[Path], wanted: str) -> Found:
    """Read the dataset in `root`.

    Args:
        root: its folder, or its data.yaml.
        roots: folders that nothing read may lie outside of, after links are resolved; empty: all
            that is under `root`.
        wanted: a format, or `auto`.

    Raises:
        BadInput: nothing usable is there, or something is hostile; the sentence says what to do.
    """
    if root.is_file():
        return _yolo(root, roots)
    folder = Folder(root, roots)
    if not folder.images:
        raise BadInput("There are no images in it.", code="no_images")
    form = detect(folder) if wanted == "auto" else wanted
    return _READERS[form](folder, roots)


def _yolo(root: Path, roots: Sequence[Path]) -> Found:
    fenced = roots or (root if root.is_dir() else root.parent,)
    survey = survey_dataset(root, fenced)
    usable(survey)
    return Found("yolo", draft_of_folder(survey, fenced))


def _read_yolo(folder: Folder, roots: Sequence[Path]) -> Found:
    return _yolo(yolo_root(folder) or bare_root(folder) or folder.root, roots)


def _read_polygons(folder: Folder, roots: Sequence[Path]) -> Found:
    """As YOLO, with the box around each polygon in its place."""
    found = _read_yolo(folder, roots)
    pictures = {}
    for key, picture in found.draft.pictures.items():
        label: Content | None = picture.label
        if isinstance(label, Path):
            text = label.read_text(encoding="utf-8-sig", errors="replace")
            lines = [_boxed(line, found.lost) for line in text.splitlines() if line.strip()]
            label = "".join(f"{line}\n" for line in lines).encode()
        pictures[key] = Picture(
            picture.split, picture.name, picture.pixels, label, picture.origin, picture.label_origin
        )
    return Found("yolo_polygons", found.draft.having(pictures), found.lost)


def _boxed(line: str, lost: Counter[str]) -> str:
    words = line.split()
    box, number = row_box(words), class_of(words)
    if len(words) < 7 or box is None or number is None:
        return line
    lost["masks"] += 1
    return row_of(number, box)


def _read_coco(folder: Folder, _: Sequence[Path]) -> Found:
    whole = Converted()
    places: dict[int, str] = {}
    for file in coco_files(folder):
        data = _json(folder.root / file)
        if not is_coco(data):
            whole.lost["json files without images, annotations and categories"] += 1
            continue
        part = read_coco(data, split_of(file) or "train", _Sizes(folder, file))
        places |= {id(image): file for image in part.images}
        whole.images += part.images
        whole.lost += part.lost
        whole.classes += tuple(name for name in part.classes if name not in whole.classes)
    if not whole.images:
        raise BadInput("No COCO json with images, annotations and categories.", code="no_coco")
    return _gathered("coco", folder, whole, places)


def _json(file: Path) -> Any:
    if file.stat().st_size > MAX_JSON_BYTES:
        raise BadInput(
            f"{file.name} is larger than {MAX_JSON_BYTES // 1024**2} MiB.", code="json_too_large"
        )
    try:
        data = orjson.loads(file.read_bytes())
    except (orjson.JSONDecodeError, RecursionError) as error:
        raise BadInput(f"{file.name} is no JSON: {str(error)[:120]}.", code="bad_json") from error
    return data


class _Sizes(dict[str, tuple[int, int]]):
    """Sizes of images, looked up in their headers only when the annotation file has none."""

    def __init__(self, folder: Folder, near: str) -> None:
        super().__init__()
        self._folder, self._near = folder, near

    def get(self, name: str, default: Any = (0, 0)) -> Any:
        image = self._folder.find(name, self._near)
        return self._folder.size(image) if image else default


def _read_voc(folder: Folder, _: Sequence[Path]) -> Found:
    whole = Converted()
    places: dict[int, str] = {}
    lists = _image_sets(folder)
    for file in folder.ending(".xml"):
        if not is_voc(folder.root / file):
            continue
        split = lists.get(PurePosixPath(file).stem) or split_of(str(PurePosixPath(file).parent))

        def size(name: str, near: str = file) -> tuple[int, int]:
            image = folder.find(name, near)
            return folder.size(image) if image else (0, 0)

        read_voc(folder.root / file, split or "train", whole, size)
        places[id(whole.images[-1])] = file
    if not whole.images:
        raise BadInput("No Pascal VOC annotation is in it.", code="no_voc")
    named = {name for image in whole.images for name, _ in image.boxes}
    listed = folder.class_list()
    whole.classes = listed if named <= set(listed) else tuple(sorted(named))
    return _gathered("voc", folder, whole, places)


def _image_sets(folder: Folder) -> dict[str, str]:
    """Split by stem, from ImageSets/Main/{train,val,test}.txt."""
    found: dict[str, str] = {}
    for split in SPLITS:
        for file in folder.ending(f"imagesets/main/{split}.txt"):
            found |= {line.split()[0]: split for line in folder.lines(file)}
    return found


def _gathered(form: Format, folder: Folder, whole: Converted, places: dict[int, str]) -> Found:
    """The images that were found, with labels written anew; each file once per split."""
    pictures: dict[tuple[str, str], Picture] = {}
    boxes: dict[tuple[str, str], Annotated] = {}
    for image in whole.images:
        path = folder.find(image.file, places[id(image)])
        if path is None:
            whole.lost["images that are not there"] += 1
            continue
        key = (image.split, path)
        if key in boxes:
            known = set(boxes[key].boxes)  # two files may tell of one image, with the same boxes
            boxes[key].boxes += [each for each in image.boxes if each not in known]
        else:
            boxes[key] = image
    if not boxes:
        raise BadInput("None of the images that it names is there.", code="no_images")
    if not whole.classes:
        raise BadInput("It names no class.", code="no_classes")
    for (split, path), image in sorted(boxes.items()):
        label = label_text(image, whole.classes).encode()
        name = PurePosixPath(path).name
        pictures[split, path] = Picture(split, name, folder.root / path, label, origin=path)
    whole.lost["images without annotation"] += len(folder.images) - len({p for _, p in boxes})
    return Found(form, draft_of(whole.classes, pictures.values()), +whole.lost)


def _darknet(folder: Folder, _: Sequence[Path]) -> Found:
    draft, lost = read_darknet(folder)
    return Found("darknet", draft, lost)


_READERS: dict[str, Callable[[Folder, Sequence[Path]], Found]] = {
    "yolo": _read_yolo,
    "yolo_polygons": _read_polygons,
    "coco": _read_coco,
    "voc": _read_voc,
    "darknet": _darknet,
}
