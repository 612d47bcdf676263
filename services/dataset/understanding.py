"""Read a dataset whose description is broken: by what it can only have meant."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from libs.common.data_yaml import MISNAMED_VAL, SPLITS
from libs.common.dataset_files import Fence
from libs.common.dataset_survey import Survey, survey_dataset
from libs.common.safe_yaml import MAX_YAML_BYTES, YamlFile, read_mapping

_FOLDERS = {"train": ("train",), "val": ("val", "valid", "validation"), "test": ("test",)}
_MOST_CLASSES = 10_000
_ENCODINGS = ("utf-8-sig", "cp932", "cp1252")


def understand(path: Path, roots: Sequence[Path], scratch: Path) -> Survey:
    """The dataset at `path` by a description that is written anew where its own cannot be used.

    Its `problems` are those that the new description would have; nothing is written but into
    `scratch`. A gap in the class numbers is closed by names such as `class_3`, so that all labels
    keep their numbers.

    Raises:
        BadInput: there is no dataset.
    """
    survey = survey_dataset(path, roots)
    if survey.yaml is None:
        return survey
    data = _mapping(survey.yaml, scratch)
    if data is None:
        return survey
    names = _names(data)
    fence = Fence(roots)
    sources = {split: _sources(survey, data, split, fence) for split in SPLITS}
    described: dict[str, Any] = {split: found for split, found in sources.items() if found}
    described["names"] = dict(enumerate(names or survey.names))
    if not described["names"]:
        return survey
    anew = scratch / "understood" / "data.yaml"
    anew.parent.mkdir(parents=True, exist_ok=True)
    anew.write_text(yaml.safe_dump(described, allow_unicode=True, sort_keys=False), "utf-8")
    understood = survey_dataset(anew, (*roots, anew.parent) if roots else ())
    understood.root, understood.yaml = survey.root, survey.yaml
    return understood


def _mapping(file: Path, scratch: Path) -> dict[str, Any] | None:
    """The description with every value as it is written: `On` stays `On`, `1` stays `1`."""
    with file.open("rb") as stream:
        raw = stream.read(MAX_YAML_BYTES + 1)
    if len(raw) > MAX_YAML_BYTES:
        return None
    text = _decoded(raw)
    copy = scratch / "as-text.yaml"
    copy.write_text(text, "utf-8")
    if read_mapping(YamlFile(copy)) is None:  # bounded, harmless and sound, or nothing
        return None
    try:
        data = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 -- makes strings, lists and mappings only
    except (yaml.YAMLError, RecursionError):
        return None
    return {str(key): value for key, value in data.items()} if isinstance(data, dict) else None


def _decoded(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", errors="replace")
    for encoding in _ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", errors="replace")


def _names(data: dict[str, Any]) -> list[str]:
    """Class names by number, from a list, a mapping either way round, or a line with commas."""
    names = data.get("names")
    if isinstance(names, str) and "," in names:
        names = [name.strip() for name in names.split(",")]
    if isinstance(names, list) and all(isinstance(name, str) for name in names):
        return list(names)
    if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
        return []
    pairs = list(names.items())
    if all(str(value).isdecimal() for value in names.values()) and not all(
        str(key).isdecimal() for key in names
    ):
        pairs = [(value, key) for key, value in pairs]
    try:
        numbered = {int(key): str(value) for key, value in pairs}
    except ValueError:
        return []
    if not numbered or min(numbered) < 0 or max(numbered) >= _MOST_CLASSES:
        return []
    return [numbered.get(index, f"class_{index}") for index in range(max(numbered) + 1)]


def _sources(survey: Survey, data: dict[str, Any], split: str, fence: Fence) -> list[str]:
    """Folders and lists of a split: those it has, else what its entry or its name leads to."""
    if survey.sources.get(split):
        return [str(source) for source in survey.sources[split]]
    keys = (split, *MISNAMED_VAL) if split == "val" else (split,)
    written: Any = next((data[key] for key in keys if data.get(key)), [])
    entries = written if isinstance(written, list) else [written]
    found = [tail for entry in entries if (tail := _tail(survey.root, str(entry), fence))]
    if found:
        return found
    for name in _FOLDERS[split]:
        for folder in (survey.root / "images" / name, survey.root / name / "images"):
            if folder.is_dir() and fence.allows(folder):
                return [str(folder)]
    return []


def _tail(root: Path, entry: str, fence: Fence) -> str | None:
    """The longest end of a path of another machine that is there under `root`."""
    parts = [part for part in entry.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    for start in range(len(parts)):
        path = root.joinpath(*parts[start:])
        if fence.allows(path) and path.exists() and path != root:
            return str(path)
    return None
