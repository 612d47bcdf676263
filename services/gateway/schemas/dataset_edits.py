"""Bodies of the routes that make versions of datasets."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from libs.common.dataset_edits import EditStep
from services.gateway.schemas.body import NAME, Body, Reference

VERSION = r"^v[1-9][0-9]{0,8}$"
RULE = r"^[a-z][a-z0-9_]{1,60}$"


class MakeVersion(Body):
    """What all of them may say."""

    dry_run: bool = Field(default=False, description="only tell what would change")


class EditFrom(MakeVersion):
    """What all edits of a dataset may say."""

    dataset_path: Reference
    name: str | None = Field(
        default=None, pattern=NAME, description="of the dataset that the version belongs to"
    )
    allow_older: bool = Field(
        default=False, description="edit the version that is named, though there is a newer one"
    )


class FixDataset(MakeVersion):
    """`POST /dataset/validate/{validation_id}/fix`."""

    rules: tuple[Annotated[str, Field(pattern=RULE)], ...] = Field(
        default=(), max_length=200, description="default: all whose fix is `auto`"
    )
    name: str | None = Field(default=None, pattern=NAME)
    allow_older: bool = False


class EditDataset(EditFrom):
    """`POST /dataset/edit`."""

    steps: tuple[EditStep, ...] = Field(min_length=1, max_length=1000)


class SplitDataset(EditFrom):
    """`POST /dataset/split`."""

    train_ratio: float = Field(default=0.7, ge=0, le=1)
    val_ratio: float = Field(default=0.2, ge=0, le=1)
    test_ratio: float = Field(default=0.1, ge=0, le=1)
    seed: int = Field(default=0, ge=0)
    group: bool = Field(default=True, description="keep what belongs together in one split")

    @model_validator(mode="after")
    def _whole(self) -> "SplitDataset":
        total = self.train_ratio + self.val_ratio + self.test_ratio
        if abs(total - 1) > 1e-6 or self.train_ratio == 0:
            raise ValueError("the three ratios must add up to 1, and train must be above 0")
        return self


class DeleteClass(EditFrom):
    """`POST /dataset/delete-class`."""

    class_name: str | None = Field(default=None, min_length=1, max_length=256)
    class_id: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _one(self) -> "DeleteClass":
        if (self.class_name is None) == (self.class_id is None):
            raise ValueError("give class_name or class_id")
        return self


class ImportDataset(MakeVersion):
    """`POST /dataset/import`."""

    source: Reference
    dataset_name: str = Field(pattern=NAME)
    format: Literal["auto", "yolo", "yolo_polygons", "coco", "voc", "darknet"] = "auto"


class RestoreVersion(MakeVersion):
    """`POST /datasets/{name}/restore`."""

    version: str = Field(pattern=VERSION)


class CollectDataset(Body):
    """`POST /datasets/{name}/collect`."""

    confirm: bool = False
