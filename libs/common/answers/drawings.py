"""What is answered on what was drawn: a model's pictures, and why it found a box."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from libs.common.answers.jobs import JobStatus
from libs.common.answers.judgements import Corners, JudgedClass, JudgedModel


class Picture(TypedDict):
    """Where a picture is."""

    path: str
    key: str
    size_bytes: int
    sha256: str


class NamedPicture(Picture):
    """The same with its name."""

    name: str


class DrawnBasis(TypedDict):
    """The judgement that was drawn."""

    validation_id: str | None
    split: str | None
    confidence_threshold: float | None
    iou_threshold: float | None
    match_iou: float | None
    imgsz: int | None


class Visualization(TypedDict):
    """A model's curves and matrices; null for what nobody knows, `not_drawn` says why."""

    visualization_id: str
    status: NotRequired[JobStatus]
    progress: NotRequired[float]
    model_path: str
    model_info: JudgedModel
    class_metrics: dict[str, JudgedClass] | None
    confusion_matrix_path: str | None
    pr_curve_path: str | None
    f1_curve_path: str | None
    class_metrics_path: str | None
    training_curves_path: str | None
    results_path: str | None
    training_history: list[dict[str, float]] | None
    overall_metrics: dict[str, float] | None
    basis: DrawnBasis | None
    training_args: dict[str, object] | None
    created_at: str
    artifacts: list[NamedPicture]
    not_drawn: list[dict[str, str]]


Explanation = TypedDict(
    "Explanation",
    {
        "explanation_id": str,
        "status": NotRequired[JobStatus],
        "progress": NotRequired[float],
        "model": str,
        "validation_id": str | None,
        "detection": str | None,
        "image_path": str,
        "method": Literal["hirescam", "layercam", "drise"],
        "meaning": str,
        "class": str,
        "score": float,
        "box": Corners,
        "energy_inside": float,
        "area_share": float,
        "highest_inside": bool,
        "imgsz": int,
        "artifacts": dict[str, Picture],
        "processing_time": float,
        "timestamp": str,
    },
)
"""Where in the image a detection comes from: two pictures, and the heat's share inside its box."""
