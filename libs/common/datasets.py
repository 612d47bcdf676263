"""What a YOLO dataset is: class names, and per split the images paired with their label files."""

from collections.abc import Sequence
from pathlib import Path

from libs.common.dataset_files import Dataset, Item
from libs.common.dataset_survey import Survey, survey_dataset
from libs.common.dataset_versions import materialise
from libs.common.errors import BadInput
from libs.common.trainer_view import write_data_yaml

__all__ = [
    "Dataset",
    "Item",
    "Survey",
    "materialise",
    "read_dataset",
    "survey_dataset",
    "usable",
    "write_data_yaml",
]


def read_dataset(path: Path, roots: Sequence[Path] = ()) -> Dataset:
    """Read the dataset at `path`: a folder, or its data.yaml.

    Args:
        path: folder or YAML file.
        roots: folders that nothing read may lie outside of, after links are resolved; empty = any.

    Raises:
        BadInput: nothing usable is there; the sentence says why and what to do.
    """
    return usable(survey_dataset(path, roots))


def usable(survey: Survey) -> Dataset:
    """The dataset that was looked at.

    Raises:
        BadInput: nothing usable is there; the sentence says why and what to do.
    """
    fatal = next((problem for problem in survey.problems if problem.fatal), None)
    if fatal:
        line = f", line {fatal.line}" if fatal.line else ""
        place = f"{fatal.file.name}{line}: " if fatal.file else ""
        raise BadInput(f"The dataset cannot be used. {place}{fatal.message}", code=fatal.rule)
    if not any(survey.splits.values()):
        detail = " ".join(problem.message for problem in survey.problems[:3])
        raise BadInput(f"The dataset has no images. {detail}".strip(), code="no_images")
    return Dataset(survey.root, survey.names, survey.splits)
