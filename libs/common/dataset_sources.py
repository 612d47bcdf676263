"""From the paths of a data.yaml to folders and lists that exist, as the trainer resolves them."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from libs.common.data_yaml import DataYaml
from libs.common.dataset_files import Fence
from libs.common.safe_yaml import Problem

if TYPE_CHECKING:
    from libs.common.dataset_survey import Survey


def root_of(described: DataYaml, survey: "Survey", fence: Fence) -> Path:
    """The folder that split paths are relative to: `path:` if it exists, else the YAML's own."""
    own = survey.root
    if not described.path:
        return own
    written = own / described.path
    allowed = fence.allows(written)
    if allowed and written.is_dir():
        return written.resolve()
    if _is_absolute(described.path):
        survey.note(_elsewhere("path", described.path, described.file))
    elif allowed and not _climbs(described.path):
        survey.note(_missing("path", described.path, described.file))
    else:
        survey.note(_outside("path", described.path, described.file))
    return own


def resolve_source(survey: "Survey", split: str, entry: str, fence: Fence) -> Path | None:
    """The existing folder or list that `entry` means, as the trainer resolves it, or None."""
    source = survey.root / entry
    if entry.startswith("../") and not (fence.allows(source) and source.exists()):
        inside = survey.root / entry[3:]
        if inside.exists():
            survey.quirks.append(
                f"'{split}: {entry}' is how exports of Roboflow are written. The trainer drops the "
                f"leading '../' when the path does not exist, and so '{entry[3:]}' was read."
            )
            source = inside
    written, source = source, source.resolve()
    allowed = fence.allows(source)
    if ".." not in written.parts and written.is_relative_to(survey.root):
        _note_folder_link(survey, written, source)
    if allowed and source.exists():
        return source
    if _is_absolute(entry):
        survey.note(_elsewhere(split, entry, survey.yaml))
    elif not allowed or _climbs(entry) or (entry.startswith("../") and survey.mixed):
        survey.note(_outside(split, entry, survey.yaml))
    else:
        survey.note(_missing(split, entry, survey.yaml))
    return None


def _note_folder_link(survey: "Survey", written: Path, source: Path) -> None:
    if not source.is_relative_to(survey.root):
        text = "The folder is a link out of the dataset's folder: a copy of the dataset will miss "
        fault = Problem("symlink_outside_root", text + "it.", fatal=False, file=written)
        survey.note(fault)


def note_strays(survey: "Survey", described: DataYaml) -> None:
    """Splits that leave the dataset's folder by `..` while others stay inside.

    Where all of them do, the YAML file lies beside the images, which is a layout like any other.
    """
    outside = [
        (split, entry)
        for split, entries in described.splits.items()
        for entry in entries
        if not _is_absolute(entry)
        and ".." in Path(entry).parts
        and any(not source.is_relative_to(survey.root) for source in survey.sources.get(split, ()))
    ]
    inside = any(
        source.is_relative_to(survey.root)
        for sources in survey.sources.values()
        for source in sources
    )
    for split, entry in outside if inside else ():
        survey.note(_outside(split, entry, survey.yaml, fatal=False))


def _is_absolute(written: str) -> bool:
    """Also as on Windows, and from a home folder."""
    return bool(re.match(r"[/\\~]|[A-Za-z]:[/\\]", written))


def _climbs(written: str) -> bool:
    """Whether it goes up by more than the one `../` that exports have."""
    return Path(written).parts[:2] == ("..", "..") or "/../.." in written


def _missing(key: str, written: str, file: Path | None) -> Problem:
    return Problem(
        "split_path_missing",
        f"'{key}: {written}' does not exist. Correct the path in the YAML file.",
        value=written,
        fatal=False,
        file=file,
    )


def _elsewhere(key: str, written: str, file: Path | None) -> Problem:
    """An absolute path of another machine; the same words whether or not it exists here."""
    return Problem(
        "absolute_path_missing",
        f"'{key}: {written}' is not among the folders of this system. Make it relative to the YAML "
        "file, or remove it.",
        value=written,
        fatal=False,
        file=file,
    )


def _outside(key: str, written: str, file: Path | None, *, fatal: bool = True) -> Problem:
    where = "folders that this system may read" if fatal else "dataset's folder"
    return Problem(
        "path_traversal",
        f"'{key}: {written}' leads out of the {where}. Move the images into the dataset's folder.",
        value=written,
        fatal=fatal,
        file=file,
    )
