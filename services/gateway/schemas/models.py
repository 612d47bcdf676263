"""Bodies of the routes on models."""

from typing import Literal

from pydantic import Field

from services.gateway.schemas.body import Body, Reference


class ValidateModel(Body):
    """`POST /model/validate`."""

    model_path: Reference
    test_dataset_path: Reference
    confidence_threshold: float = Field(default=0.25, ge=0, le=1)
    iou_threshold: float = Field(default=0.45, gt=0, le=1)
    match_iou: float = Field(default=0.5, gt=0, le=1)
    save_predictions: bool = True
    save_confusion_matrix: bool = True
    analyze_errors: bool = True
    split: Literal["train", "val", "test"] = "test"
    imgsz: int | None = Field(default=None, ge=32, le=1280, multiple_of=32)
    device: str | None = Field(default=None, pattern=r"^(cpu|\d+)$")


class VisualizeModel(Body):
    """`POST /model/visualize`."""

    model_path: Reference
    include_confusion_matrix: bool = True
    include_pr_curve: bool = True
    include_f1_curve: bool = True
    include_training_history: bool = True
    include_class_metrics: bool = True
