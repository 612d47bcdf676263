"""What a request asks of the analyzer, as the gateway checked it."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from libs.common.errors import BadInput
from libs.common.events import ModelRef

Split = Literal["train", "val", "test"]
JOB_ID = r"^[A-Za-z0-9_-]{1,64}$"
"""Nothing that a subject of the bus would take for more than one job."""


class Options(BaseModel):
    """Base: unknown options of newer gateways are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def of(cls, given: dict[str, Any]) -> Self:
        """Read the options of a request.

        Raises:
            BadInput: one is out of range.
        """
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"])
            raise BadInput(f"option {name}: {first['msg']}", code="bad_option") from error


class ValidateOptions(Options):
    """Of operation `validate`. `iou_threshold` is that of the suppression, not of the matching."""

    confidence_threshold: float = Field(default=0.25, ge=0, le=1)
    iou_threshold: float = Field(default=0.45, gt=0, le=1)
    match_iou: float = Field(default=0.5, gt=0, le=1)
    save_predictions: bool = True
    save_confusion_matrix: bool = True
    analyze_errors: bool = True
    save_plots: bool = False
    max_results: int = Field(default=2000, ge=0, le=100_000)
    split: Split = "test"
    imgsz: int | None = Field(default=None, ge=32, le=1280, multiple_of=32)
    device: str | None = Field(default=None, pattern=r"^(cpu|\d+)$")
    protocol: Literal["square", "yolo_val"] = "square"
    category_base: Literal[0, 1] | None = None
    image_ids: Literal["name", "stem", "number", "index0", "index1"] | None = None


class VisualizeOptions(Options):
    """Of operation `visualize`."""

    include_confusion_matrix: bool = True
    include_pr_curve: bool = True
    include_f1_curve: bool = True
    include_training_history: bool = True
    include_class_metrics: bool = True


class CompareOptions(Options):
    """Of operation `compare`: stored validations, or models to be judged on the request's dataset.

    The first one is the base. `confidence_threshold` and `match_iou` None = as each was judged;
    `judging` holds the options of the judgements that have to be made.
    """

    validations: tuple[str, ...] = Field(default=(), max_length=8)
    models: tuple[ModelRef, ...] = Field(default=(), max_length=8)
    resamples: int = Field(default=1000, ge=100, le=10_000)
    seed: int = Field(default=0, ge=0, le=2**32 - 1)
    confidence_threshold: float | None = Field(default=None, ge=0, le=1)
    match_iou: float | None = Field(default=None, gt=0, le=1)
    judging: ValidateOptions = ValidateOptions()


class ThresholdTarget(Options):
    """What a threshold is chosen for; see `domain.thresholds.Target`."""

    kind: Literal["max_f1", "precision", "false_alarms"] = "max_f1"
    value: float = Field(default=0.0, ge=0, le=1000)


class ThresholdOptions(Options):
    """Of operation `thresholds`. Without a second validation, half of the images measure."""

    validation_id: str = Field(max_length=64)
    test_validation_id: str | None = Field(default=None, max_length=64)
    target: ThresholdTarget = ThresholdTarget()


class ExplainOptions(Options):
    """Of operation `explain`: a box of a validation, or a model's surest box on an image."""

    validation_id: str | None = None
    box: str | None = Field(default=None, max_length=16)
    image_path: str | None = None
    class_name: str | None = Field(default=None, max_length=256)
    method: Literal["hirescam", "layercam", "drise"] = "hirescam"
    imgsz: int | None = Field(default=None, ge=32, le=1280, multiple_of=32)
    masks: int = Field(default=300, ge=50, le=5000)
    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    device: str | None = Field(default=None, pattern=r"^(cpu|\d+)$")
