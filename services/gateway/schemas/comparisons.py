"""Bodies of the routes that compare models."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from services.gateway.schemas.body import Body, Reference

JobName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
MOST = 8


class CompareModels(Body):
    """`POST /model/compare`: validations that are there, or models to be judged on one dataset."""

    base: JobName | None = Field(
        default=None, description="validation that others are held against"
    )
    candidates: tuple[JobName, ...] = Field(
        default=(), max_length=MOST - 1, description="validations of the same images"
    )
    models: tuple[Reference, ...] = Field(
        default=(), max_length=MOST, description="instead: models, the first is the base"
    )
    test_dataset_path: Reference | None = Field(default=None, description="with `models`")
    split: Literal["train", "val", "test"] = "test"
    imgsz: int | None = Field(default=None, ge=32, le=1280, multiple_of=32)
    iou_threshold: float = Field(default=0.45, gt=0, le=1)
    device: str | None = Field(default=None, pattern=r"^(cpu|\d+)$")
    protocol: Literal["square", "yolo_val"] = "square"
    confidence_threshold: float | None = Field(
        default=None, ge=0, le=1, description="of all; left out: as each was judged"
    )
    match_iou: float | None = Field(default=None, gt=0, le=1)
    resamples: int = Field(default=1000, ge=100, le=10_000)
    seed: int = Field(default=0, ge=0, le=2**32 - 1)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.models:
            if self.base or self.candidates:
                raise ValueError("give validations (base, candidates) or models, not both")
            if len(self.models) < 2 or not self.test_dataset_path:
                raise ValueError("give two models or more, and test_dataset_path")
        elif not self.base or not self.candidates:
            raise ValueError("give base and candidates, or models and test_dataset_path")
        return self
