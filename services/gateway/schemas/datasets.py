"""Bodies of the routes on datasets."""

from typing import Any, Literal

<<<<<<< HEAD
from pydantic import Field
=======
from pydantic import ConfigDict, Field, model_validator
>>>>>>> c9abbbd (The images of a dataset by REST: by split, class and finding, with boxes and small pictures)

from services.gateway.schemas.body import Body, Reference


class ValidateDataset(Body):
    """`POST /dataset/validate`."""

    dataset_path: Reference
    check_images: bool = True
    check_labels: bool = True
    validate_format: bool = True
    mode: Literal["fast", "standard", "full"] = "full"
    rules: dict[str, dict[str, Any]] = Field(default_factory=dict)
    max_examples: int = Field(default=100, ge=1, le=10_000)


class FindingsQuery(Body):
    """`GET /dataset/validate/{id}/findings`: what is left out lets all pass."""

    rule: list[str] = Field(default_factory=list, max_length=200)
    severity: list[Literal["E", "W", "I"]] = Field(default_factory=list, max_length=3)
    split: list[Literal["train", "val", "test"]] = Field(default_factory=list, max_length=3)
    file: str | None = Field(default=None, max_length=500, description="a part of the path")
    limit: int = Field(default=100, ge=1, le=500)
    cursor: int = Field(default=0, ge=0, le=2**53)
    lang: Literal["en", "ja"] | None = None
<<<<<<< HEAD
=======


class ImagesQuery(Body):
    """`GET /datasets/{name}/images`: what is left out lets all pass."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    split: Literal["train", "val", "test"] | None = None
    class_: str | None = Field(default=None, alias="class", max_length=256)
    finding: str | None = Field(default=None, max_length=64, description="a rule's id")
    validation_id: str | None = Field(default=None, max_length=64)
    limit: int = Field(default=50, ge=1, le=500)
    cursor: int = Field(default=0, ge=0, le=2**53)


class PictureQuery(Body):
    """`GET /datasets/{name}/images/{id}/picture`."""

    size: int = Field(default=320, ge=16, le=1280)
    boxes: bool = False


class SplitDataset(Body):
    """`POST /dataset/split`."""

    dataset_path: Reference
    train_ratio: float = Field(default=0.7, ge=0, le=1)
    val_ratio: float = Field(default=0.2, ge=0, le=1)
    test_ratio: float = Field(default=0.1, ge=0, le=1)
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _whole(self) -> "SplitDataset":
        total = self.train_ratio + self.val_ratio + self.test_ratio
        if abs(total - 1) > 1e-6 or self.train_ratio == 0:
            raise ValueError("the three ratios must add up to 1, and train must be above 0")
        return self


class DeleteClass(Body):
    """`POST /dataset/delete-class`."""

    dataset_path: Reference
    class_name: str | None = Field(default=None, min_length=1, max_length=256)
    class_id: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _one(self) -> "DeleteClass":
        if (self.class_name is None) == (self.class_id is None):
            raise ValueError("give class_name or class_id")
        return self
>>>>>>> c9abbbd (The images of a dataset by REST: by split, class and finding, with boxes and small pictures)
