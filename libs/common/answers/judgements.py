"""What `POST /model/validate` answers: a model's report on a set. Rates are from 0 to 1."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from libs.common.answers.insights import Advice, Doubts, Slices, ThresholdTable, Uncertainty
from libs.common.answers.jobs import JobStatus
from libs.common.answers.metrics import (
    CalibrationNumbers,
    Cause,
    CocoNumbers,
    ConfusionMatrix,
    Curves,
    FalseAlarms,
    LrpNumbers,
    Presence,
    SizeRecall,
    TideNumbers,
    UltralyticsNumbers,
)

ErrorType = Literal["false_positive", "false_negative", "misclassification", "mislocalization"]
Corners = list[float]
"""x1, y1, x2, y2 in pixels of the original image."""


class JudgedClass(TypedDict):
    """One class at the operating point; AP is null without labels."""

    precision: float
    recall: float
    f1: float
    ap50: float | None
    ap50_95: float | None
    support: int
    tp: int
    fp: int
    fn: int
    average_iou: float | None
    best_confidence: float | None


LabelledBox = TypedDict("LabelledBox", {"id": str, "class": str, "bbox": Corners})
"""A box of a label."""

PredictedBox = TypedDict(
    "PredictedBox",
    {
        "id": str,
        "class": str,
        "confidence": float,
        "bbox": Corners,
        "iou": float,
        "cause": Cause | None,
    },
)
"""A detection that counts; `cause` says why it is wrong."""

WrongBox = TypedDict(
    "WrongBox",
    {
        "error_type": ErrorType,
        "cause": Cause,
        "class": str,
        "bbox": Corners,
        "confidence": NotRequired[float],
        "true_class": NotRequired[str | None],
        "gt_found": NotRequired[bool | None],
    },
)
"""A detection that is wrong, or a label that was missed."""


class ErrorDetails(TypedDict):
    """All errors of one image."""

    counts: dict[ErrorType, int]
    boxes: list[WrongBox]


class ImageResult(TypedDict):
    """What was there and what was said; `error_type` is the gravest."""

    image: int
    image_path: str
    ground_truth: list[LabelledBox]
    predictions: list[PredictedBox]
    correct: bool
    confidence_scores: list[float]
    iou_scores: list[float]
    error_type: ErrorType | None
    error_details: ErrorDetails | None


class ErrorAnalysis(TypedDict):
    """Errors by older clients' types, and by TIDE's causes."""

    error_counts: dict[ErrorType, int]
    error_by_class: dict[str, dict[ErrorType, int]]
    total_errors: int
    causes: dict[Cause, int]
    causes_by_class: dict[str, dict[Cause, int]]


CommonError = TypedDict("CommonError", {"class": str, "error_type": ErrorType, "count": int})
"""An error that occurs, the most frequent first."""


class JudgedModel(TypedDict):
    """What is known of the model; of predictions from elsewhere their file alone."""

    name: str
    sha256: str | None
    size_bytes: int | None
    training_id: str | None
    classes: NotRequired[list[str]]
    architecture: NotRequired[str | None]
    parameters: NotRequired[int | None]
    trained_imgsz: NotRequired[int | None]


class JudgementReport(TypedDict):
    """A model, or predictions from elsewhere, judged on a set."""

    validation_id: str
    status: NotRequired[JobStatus]
    progress: NotRequired[float]
    model_path: str | None
    predictions_path: str | None
    test_dataset_path: str
    accuracy: float
    precision: float
    recall: float
    f1_score: float
    map50: float
    map50_95: float
    map75: float
    average_recall: float
    detection_accuracy: float
    class_metrics: dict[str, JudgedClass]
    total_images: int
    correct_predictions: int
    prediction_results: list[ImageResult]
    error_analysis: ErrorAnalysis | None
    common_errors: list[CommonError]
    confidence_threshold: float
    iou_threshold: float
    match_iou: float
    split: str
    imgsz: int | None
    protocol: str | None
    notes: list[str]
    findings: list[dict[str, str]]
    total_labels: int
    inference_seconds: float
    model_info: JudgedModel
    macro: dict[str, float]
    undefined: list[str]
    false_alarms: FalseAlarms
    coco: CocoNumbers
    ultralytics: UltralyticsNumbers
    tide: TideNumbers
    lrp: LrpNumbers
    calibration: CalibrationNumbers
    label_accuracy: float | None
    presence_accuracy: float | None
    presence: Presence
    confusion_matrix: ConfusionMatrix
    curves: Curves
    size_recall: SizeRecall
    uncertainty: Uncertainty
    slices: Slices
    thresholds: list[ThresholdTable]
    suspects: Doubts
    advice: list[Advice]
    confusion_matrix_path: str | None
    error_samples_dir: str | None
    artifacts: dict[str, str]
    not_drawn: list[dict[str, str]]
    processing_time: float
    timestamp: str


class JudgementRow(TypedDict):
    """A validation in the list of all."""

    validation_id: str
    model_path: str
    test_dataset_path: str | None
    status: JobStatus
    created_at: str | None
    metrics: dict[str, float]
