"""Bodies of the routes on confidence thresholds."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.gateway.schemas.body import Body
from services.gateway.schemas.comparisons import JobName


class ThresholdTarget(BaseModel):
    """What a threshold is chosen for; of those that meet it, the one with the highest F1."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["max_f1", "precision", "false_alarms"] = "max_f1"
    value: float | None = Field(
        default=None,
        ge=0,
        le=1000,
        description="precision: at least, 0 to 1; false_alarms: at most, of each class per 1,000 "
        "images without a logo",
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind == "precision" and not 0 < (self.value or 0) <= 1:
            raise ValueError("give value, the precision to reach, above 0 and at most 1")
        if self.kind == "false_alarms" and self.value is None:
            raise ValueError("give value, the false alarms to allow per 1,000 clean images")
        return self


class ChooseThresholds(Body):
    """`POST /model/thresholds`."""

    validation_id: JobName = Field(description="to choose on, best one on the val split")
    test_validation_id: JobName | None = Field(
        default=None,
        description="to measure on, of the same weights; left out: half of the images choose, the "
        "other half measures",
    )
    target: ThresholdTarget = ThresholdTarget()
