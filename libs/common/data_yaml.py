"""What a data.yaml says: class names and split paths, as the pinned trainer would take them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from libs.common.safe_yaml import MAX_YAML_VALUES, YamlFile, read_mapping

SPLITS = ("train", "val", "test")
MISNAMED_VAL = (
    *("validation", "valid", "validate", "validating", "vali", "vals", "vaild", "val_images"),
    *("valid_images", "val_path", "eval", "evaluation", "dev", "val"),
)
"""Keys that people write for `val`, whatever their capitals; `val` itself for `Val` and `VAL`."""


@dataclass(slots=True)
class DataYaml(YamlFile):
    """What a data.yaml says, and what is wrong with it."""

    names: tuple[str, ...] = ()
    path: str | None = None
    """The `path:` key as written."""
    splits: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Image folders and txt lists per split, as written."""


def read_data_yaml(file: Path) -> DataYaml:
    """Read `file` as far as it can be read; its content never makes this raise."""
    found = DataYaml(file)
    data = read_mapping(found)
    if data is None:
        return found
    if data.get("download"):
        found.report(
            "yaml_download_code",
            "The key 'download' holds code or an address that the trainer would run or fetch when "
            "the images are missing. It is ignored here; remove it.",
            fatal=False,
            value=str(data["download"])[:80],
        )
    _read_splits(found, data)
    _read_names(found, data)
    return found


def _read_splits(found: DataYaml, data: dict[Any, Any]) -> None:
    if isinstance(data.get("path"), str):
        found.path = data["path"]
    said = {str(key).strip().lower(): key for key in data if data[key]}
    misnamed = next((said[key] for key in MISNAMED_VAL if key in said), None) or _like_val(data)
    if not data.get("val") and misnamed:
        found.report(
            "val_key_misnamed",
            f"The validation split is called '{misnamed}'; the trainer's key is 'val'. Rename it.",
            fatal=False,
            value=str(misnamed),
        )
        data = {**data, "val": data[misnamed]}
    for split in SPLITS:
        value = data.get(split)
        entries = tuple(value) if isinstance(value, list) else (value,)
        if not value and split != "test":
            found.report(
                f"{split}_missing",
                f"The key '{split}' is missing: the trainer needs train and val. Add the folder.",
                fatal=False,
            )
        elif value and all(isinstance(entry, str) and entry for entry in entries):
            found.splits[split] = entries
        elif value:
            found.report(
                "split_path_missing",
                f"'{split}' must be a folder, a txt list, or a list of these, not {value!r:.60}.",
                fatal=False,
            )


def _like_val(data: dict[Any, Any]) -> Any:
    """A key with a path that is nearly `val`, or begins with it: `vla`, `val_dir`."""
    for key, value in data.items():
        name = str(key).strip().lower()
        near = name.startswith("val") or sorted(name) == sorted("val")
        if near and value and isinstance(value, str) and name not in ("value", "values"):
            return key
    return None


def _read_names(found: DataYaml, data: dict[Any, Any]) -> None:
    names, nc = data.get("names"), _read_nc(found, data)
    if names is None:
        if nc is not None:
            found.report(
                "names_missing",
                f"No class names: the trainer calls them class_0 to class_{nc - 1}. Add 'names'.",
                fatal=False,
            )
            found.names = tuple(f"class_{index}" for index in range(nc))
        elif "nc" not in data:
            found.report(
                "names_and_nc_missing", "Neither 'names' nor 'nc' is given. Add the class names."
            )
        return
    ordered = _ordered(found, names)
    if ordered is None:
        return
    if nc is not None and nc != len(ordered):
        found.report(
            "nc_names_mismatch",
            f"'nc' says {nc} classes but 'names' lists {len(ordered)}. Remove 'nc'.",
            value=str(nc),
        )
    found.names = tuple(str(name) for name in ordered)
    _report_odd_names(found, ordered)


def _read_nc(found: DataYaml, data: dict[Any, Any]) -> int | None:
    if "nc" not in data:
        return None
    try:
        number = float(data["nc"])  # the trainer takes '10' and 10.0 for 10 as well
        if number == int(number) and 1 <= number <= MAX_YAML_VALUES:
            return int(number)
    except (TypeError, ValueError, OverflowError):
        pass
    found.report(
        "nc_not_integer",
        f"'nc' must be the number of classes, not {data['nc']!r:.60}.",
        value=str(data["nc"])[:60],
    )
    return None


def _ordered(found: DataYaml, names: Any) -> list[Any] | None:
    """The names by class number, or None with the problem noted."""
    try:
        if isinstance(names, list) and names:
            indexed = dict(enumerate(names))
        elif isinstance(names, dict) and names:
            indexed = {int(key): value for key, value in names.items()}
        else:
            indexed = {}
    except (TypeError, ValueError):
        indexed = {}
    if not indexed or any(isinstance(name, (list, dict)) for name in indexed.values()):
        found.report(
            "names_wrong_type",
            "'names' must be a list of class names, or a mapping from class number to name.",
            value=f"{names!r:.60}",
        )
        return None
    if sorted(indexed) != list(range(len(indexed))):
        found.report(
            "names_index_gap",
            f"The class numbers must run from 0 to {len(indexed) - 1} without a gap, but they are "
            f"{min(indexed)} to {max(indexed)}. Renumber them, and the labels with them.",
            value=f"{min(indexed)}-{max(indexed)}",
        )
        return None
    return [indexed[index] for index in range(len(indexed))]


def _report_odd_names(found: DataYaml, names: list[Any]) -> None:
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        text = str(name)
        if not isinstance(name, str):
            found.report(
                "names_not_strings",
                f"Class {index} reads as {name!r}, not as text: YAML takes On, no, 1 and ~ for "
                "other things. Put it in quotes.",
                fatal=False,
                value=text,
            )
        if not text.strip():
            found.report(
                "names_empty_string", f"Class {index} has an empty name.", fatal=False, value=text
            )
        elif text in seen:
            found.report(
                "names_duplicate",
                f"Classes {seen[text]} and {index} are both called '{text}'.",
                fatal=False,
                value=text,
            )
        seen.setdefault(text, index)
