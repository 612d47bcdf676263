"""List the files around a dataset's images: other files, label files, junk. Reads no content."""

import os
from collections.abc import Iterator
from pathlib import Path

from libs.common.dataset_files import label_path
from libs.common.dataset_survey import Survey
from services.dataset.domain.rules_files import FileTree, SplitFiles

MAX_FILES = 2_000_000


def list_files(survey: Survey) -> FileTree:
    """The names that the rules on pairing and files look at, relative to the dataset's folder."""
    splits: dict[str, SplitFiles] = {}
    for split, items in survey.splits.items():
        images = [str(item.image) for item in items]
        folders = [str(source) for source in survey.sources[split] if source.is_dir()]
        label_folders = {os.path.dirname(label_path(f"{folder}/_.jpg")) for folder in folders}  # noqa: PTH120
        beside = [path for folder in folders for path in _walk(folder)]
        labels = [path for folder in sorted(label_folders - set(folders)) for path in _walk(folder)]
        taken = set(images)
        splits[split] = SplitFiles(
            images=tuple(_relative(survey.root, path) for path in images),
            expected=tuple(_relative(survey.root, label_path(path)) for path in images),
            beside=tuple(_relative(survey.root, path) for path in beside if path not in taken),
            labels=tuple(_relative(survey.root, path) for path in labels),
            links=tuple(
                _relative(survey.root, path)
                for path in images
                if os.path.islink(path) and not _inside(survey.root, path)  # noqa: PTH114
            ),
        )
    return FileTree(splits)


def _walk(folder: str) -> Iterator[str]:
    """Every file under `folder`, hidden ones too; links to folders are not followed."""
    left = MAX_FILES
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            left -= 1
            if left < 0:
                return
            yield os.path.join(place, name)  # noqa: PTH118 (a million of them)


def _relative(root: Path, path: str) -> str:
    prefix = f"{root}{os.sep}"
    return path.removeprefix(prefix)


def _inside(root: Path, path: str) -> bool:
    return Path(path).resolve().is_relative_to(root) or not Path(path).exists()
