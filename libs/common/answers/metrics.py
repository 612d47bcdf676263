"""Blocks of numbers of a report: COCO's, TIDE's, curves, calibration. Rates are from 0 to 1."""

from typing import Literal

from typing_extensions import TypedDict

Cause = Literal["cls", "loc", "both", "dup", "bkg", "miss"]
"""Wrong class, wrong place, both, a label found twice, nothing there, a label not found."""


class FalseAlarms(TypedDict):
    """Detections on images without a logo."""

    clean_images: int
    alarms: int
    per_1000_images: float | None
    per_1000_images_by_class: dict[str, float | None]
    note: str | None


class CocoNumbers(TypedDict):
    """COCO's numbers with 100 and with 300 detections; null where no label is of the size."""

    summary: dict[str, float | None]
    stats: list[float]
    summary_300: dict[str, float | None]
    by_class: dict[str, dict[str, float | None]]


class CountedMatrix(TypedDict):
    """Rows predicted, columns true, background last."""

    names: list[str]
    counts: list[list[int]]


class ConfusionMatrix(CountedMatrix):
    """The same, and each column as shares."""

    normalised_by_column: list[list[float]]


class UltralyticsNumbers(TypedDict):
    """What `yolo val` prints."""

    precision_max_f1: float
    recall_max_f1: float
    confidence_max_f1: float
    map50: float
    map50_95: float
    by_class: dict[str, dict[str, float]]
    confusion_matrix: CountedMatrix


class TideNumbers(TypedDict):
    """What mending each cause would give to AP50, of all detections."""

    ap50: float
    delta_ap: dict[Cause, float]
    delta_ap_false_positive: float
    delta_ap_false_negative: float
    counts: dict[Cause, int]
    counts_by_class: dict[str, dict[Cause, int]]
    counts_by_size: dict[str, dict[Cause, int]]
    detections_per_image: int
    note: str


class LrpParts(TypedDict):
    """Optimal LRP and its parts; lower is better."""

    error: float | None
    localization: float | None
    false_positive: float | None
    false_negative: float | None


class LrpOfClass(LrpParts):
    """The same of one class, and the confidence where it is reached."""

    confidence: float | None


class LrpNumbers(LrpParts):
    """The mean over classes, and each class."""

    match_iou: float
    by_class: dict[str, LrpOfClass]


class CalibrationGaps(TypedDict):
    """Expected and maximum calibration error."""

    ece: float | None
    mce: float | None
    detections: int


ReliabilityBin = TypedDict(
    "ReliabilityBin",
    {
        "from": float,
        "detections": int,
        "confidence": float | None,
        "precision": float | None,
    },
)
"""One bar of the reliability diagram."""


class Reliability(CalibrationGaps):
    """The reliability diagram."""

    bins: list[ReliabilityBin]


class CalibrationNumbers(TypedDict):
    """Of all detections, and of those from `from_confidence` on, these in parts, too."""

    all: Reliability
    from_confidence: float
    above: Reliability
    by_class: dict[str, CalibrationGaps]
    by_size: dict[str, CalibrationGaps]


class PrecisionRecallCurves(TypedDict):
    """Precision at 101 recalls, at IoU 0.50."""

    recall: list[float]
    precision: dict[str, list[float]]
    mean: list[float]
    ap50: dict[str, float]
    map50: float


class ConfidenceCurves(TypedDict):
    """Rates over confidence."""

    confidence: list[float]
    f1: list[float]
    precision: list[float]
    recall: list[float]
    f1_by_class: dict[str, list[float]]
    precision_by_class: dict[str, list[float]]
    recall_by_class: dict[str, list[float]]
    best_f1: float
    best_confidence: float


class Curves(TypedDict):
    """Data behind the curves."""

    pr: PrecisionRecallCurves
    confidence: ConfidenceCurves


class SizeBin(TypedDict):
    """Labels of one range of sizes; the last has no end."""

    from_px: float
    to_px: float | None
    labels: int
    found: int
    recall: float | None


class SizeRecall(TypedDict):
    """Recall by the size of the label."""

    confidence: float
    bins: list[SizeBin]


class Presence(TypedDict):
    """Is this class in this image? Counts over all images and classes."""

    tp: int
    fp: int
    fn: int
    tn: int
