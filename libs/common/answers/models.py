"""What is answered on models: base weights, uploads, weights of trainings."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict


class ModelEntry(TypedDict):
    """One model; of a training also what it learned from, and how good it is.

    `url` is where its weights can be downloaded.
    """

    name: str
    kind: Literal["run", "upload", "base"]
    path: str
    project: str | None
    created_at: str | None
    size: int
    config: dict[str, object]
    metrics: dict[str, float]
    sha256: NotRequired[str | None]
    classes: NotRequired[list[str]]
    training_id: NotRequired[str]
    dataset: NotRequired[str]
    dataset_version: NotRequired[str | None]
    base_model: NotRequired[str | None]
    extends: NotRequired[str | None]
    url: NotRequired[str]


class UploadedModel(TypedDict):
    """Weights that were taken in."""

    name: str
    path: str
    size: int
    sha256: str


class DeletedModel(TypedDict):
    """A model that is gone, and the keys that left the store."""

    name: str
    training_id: str | None
    deleted: list[str]
