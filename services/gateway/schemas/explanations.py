"""Bodies of the routes on explanations."""

from typing import Literal, Self

from pydantic import Field, model_validator

from services.gateway.schemas.body import Body, Reference
from services.gateway.schemas.comparisons import JobName


class ExplainModel(Body):
    """`POST /model/explain`: one box of a validation, or a model's surest box on an image."""

    validation_id: JobName | None = None
    box: str | None = Field(
        default=None,
        pattern=r"^[dl]\d{1,9}$",
        description="id of a detection or label of the validation",
    )
    model_path: Reference | None = None
    image_path: Reference | None = Field(default=None, description="a file under the roots")
    class_name: str | None = Field(
        default=None, max_length=256, description="None: of the box, or the surest on the image"
    )
    method: Literal["hirescam", "layercam", "drise"] = "hirescam"
    imgsz: int | None = Field(default=None, ge=32, le=1280, multiple_of=32)
    masks: int = Field(default=300, ge=50, le=5000, description="of drise: more are dearer")
    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    device: str | None = Field(default=None, pattern=r"^(cpu|\d+)$")

    @model_validator(mode="after")
    def _one_subject(self) -> Self:
        stored = self.validation_id is not None and self.box is not None
        free = self.model_path is not None and self.image_path is not None
        named = [self.validation_id, self.box, self.model_path, self.image_path]
        if stored == free or sum(each is not None for each in named) != 2:
            raise ValueError("give validation_id and box, or model_path and image_path")
        return self
