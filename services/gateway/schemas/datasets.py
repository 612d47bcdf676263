"""Bodies of the routes on datasets."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

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
    imgsz: int = Field(default=640, ge=32, le=4096, description="training size in pixels")
    predictions: Reference | None = Field(
        default=None,
        description="validation_id of a completed model validation: labels that it contradicts",
    )

    @model_validator(mode="after")
    def _judges_labels(self) -> "ValidateDataset":
        if self.predictions and not self.check_labels:
            raise ValueError("predictions are held against labels: leave check_labels on")
        return self


class FindingsQuery(Body):
    """`GET /dataset/validate/{id}/findings`: what is left out lets all pass."""

    rule: list[str] = Field(default_factory=list, max_length=200)
    severity: list[Literal["E", "W", "I"]] = Field(default_factory=list, max_length=3)
    split: list[Literal["train", "val", "test"]] = Field(default_factory=list, max_length=3)
    file: str | None = Field(default=None, max_length=500, description="a part of the path")
    limit: int = Field(default=100, ge=1, le=500)
    cursor: int = Field(default=0, ge=0, le=2**53)
    lang: Literal["en", "ja"] | None = None


class ImagesQuery(Body):
    """`GET /datasets/{name}/images`: what is left out lets all pass."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    split: Literal["train", "val", "test"] | None = None
    class_: str | None = Field(default=None, alias="class", max_length=256)
    finding: str | None = Field(default=None, max_length=64, description="a rule's id")
    validation_id: str | None = Field(default=None, max_length=64)
    file: list[Annotated[str, Field(max_length=1024)]] = Field(
        default_factory=list, max_length=100, description="paths of images or labels, as told"
    )
    limit: int = Field(default=50, ge=1, le=500)
    cursor: int = Field(default=0, ge=0, le=2**53)


class PictureQuery(Body):
    """`GET /datasets/{name}/images/{id}/picture`."""

    size: int = Field(default=320, ge=16, le=1280)
    boxes: bool = False
