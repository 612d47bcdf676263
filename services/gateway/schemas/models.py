"""Bodies of the routes on models."""

from typing import Literal, Self

from pydantic import Field, model_validator

from services.gateway.schemas.body import Body, Reference


class ValidateModel(Body):
    """`POST /model/validate`."""

    model_path: Reference | None = Field(default=None, description="or `predictions_path`")
    predictions_path: Reference | None = Field(
        default=None,
        description="COCO results, or a folder of YOLO txt with a confidence column, to be judged "
        "in a model's place",
    )
    category_base: Literal[0, 1] | None = Field(
        default=None,
        description="number of the first class in the predictions; left out: found out",
    )
    image_ids: Literal["name", "stem", "number", "index0", "index1"] | None = Field(
        default=None, description="what image_id means in the predictions; left out: found out"
    )
    test_dataset_path: Reference
    confidence_threshold: float = Field(default=0.25, ge=0, le=1)
    iou_threshold: float = Field(default=0.45, gt=0, le=1)
    match_iou: float = Field(default=0.5, gt=0, le=1)
    save_predictions: bool = True
    save_confusion_matrix: bool = True
    analyze_errors: bool = True
    save_plots: bool = Field(
        default=False, description="all diagrams now; else model/visualize draws them when asked"
    )
    max_results: int = Field(
        default=2000, ge=0, le=100_000, description="images listed in prediction_results"
    )
    split: Literal["train", "val", "test"] = "test"
    imgsz: int | None = Field(default=None, ge=32, le=1280, multiple_of=32)
    device: str | None = Field(default=None, pattern=r"^(cpu|\d+)$")

    protocol: Literal["square", "yolo_val"] = Field(
        default="square",
        description="how images reach the network: each on a square, as `predict` and `rect=False`;"
        " or in rectangles, as `yolo val`, to compare with what that prints",
    )

    @model_validator(mode="after")
    def _one_to_judge(self) -> Self:
        if (self.model_path is None) == (self.predictions_path is None):
            raise ValueError("give model_path or predictions_path, one of the two")
        return self


class VisualizeModel(Body):
    """`POST /model/visualize`."""

    model_path: Reference
    test_dataset_path: Reference | None = Field(
        default=None, description="judge on its val split; left out: as judged last, or as trained"
    )
    include_confusion_matrix: bool = True
    include_pr_curve: bool = True
    include_f1_curve: bool = True
    include_training_history: bool = True
    include_class_metrics: bool = True
