"""What is answered on datasets and their images."""

from typing import NotRequired

from typing_extensions import TypedDict

from libs.common.answers.checks import Split


class LastCheck(TypedDict):
    """The newest finished check of a dataset."""

    validation_id: str
    version: str | None
    valid: bool
    errors: int
    warnings: int
    at: str | None
    url: str


class VersionFacts(TypedDict):
    """One version of a registered dataset."""

    version: str
    parent: str | None
    operation: str | None
    created_at: str | None
    classes: list[str]
    counts: dict[str, int]
    changes: dict[str, int]
    source: str | None
    edit_id: str


class DatasetFacts(TypedDict):
    """A registered dataset, or a folder under the allowed roots."""

    name: str
    path: str
    has_train: bool
    has_val: bool
    has_test: bool
    registered: bool
    versions: list[str]
    version: NotRequired[str]
    classes: NotRequired[list[str]]
    counts: NotRequired[dict[str, int]]
    last_validation: LastCheck | None


class DatasetWithHistory(DatasetFacts):
    """The same with all its versions, the newest first."""

    history: list[VersionFacts]


class ImageRow(TypedDict):
    """One image of a dataset, in a list. `dropped` says why the trainer ignores its label."""

    id: str
    split: Split
    file: str
    label_file: str | None
    labelled: bool
    dropped: str | None
    objects: int
    boxes: list[list[float]]
    """Class, centre x and y, width, height relative to the image, line: the first fifty."""
    lost: list[list[float]]
    """The same of lines that the trainer does not keep."""
    url: str
    thumbnail_url: str


# The page and the Python client know this field by the word `class`, which Python keeps for itself.
ImageBox = TypedDict(
    "ImageBox",
    {
        "class_id": int,
        "class": str,
        "x": float,
        "y": float,
        "width": float,
        "height": float,
        "line": int | None,
    },
)


class ImageFacts(TypedDict):
    """One image: its size in pixels, the boxes that the trainer keeps, its label as it is."""

    id: str
    split: Split
    file: str
    label_file: str | None
    labelled: bool
    dropped: str | None
    objects: int
    width: int | None
    height: int | None
    boxes: list[ImageBox]
    lost: list[list[float]]
    lines: list[str]
    url: str
    thumbnail_url: str
