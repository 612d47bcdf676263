"""What is answered on a stored validation at any confidence and IoU: panels, boxes, images."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from libs.common.answers.judgements import Corners
from libs.common.answers.metrics import Cause

Kind = Literal["tp", "fp", "fn"]
Reference = str
"""A query relative to the validation: the boxes behind a number."""


class OperatingPoint(TypedDict):
    """From which confidence a detection counts, from which IoU it is right."""

    confidence: float
    iou: float


class PanelHeadline(TypedDict):
    """All boxes in scope."""

    precision: float
    recall: float
    f1_score: float
    detection_accuracy: float
    accuracy: float
    correct_images: int
    images: int
    labels: int
    detections: int
    tp: int
    fp: int
    fn: int
    undefined: list[str]
    boxes: dict[Kind, Reference]


class PanelClass(TypedDict):
    """One class; AP is null without labels, and the same at every operating point."""

    precision: float
    recall: float
    f1: float
    support: int
    tp: int
    fp: int
    fn: int
    ap50: float | None
    ap50_95: float | None
    average_iou: float | None
    boxes: dict[Kind, Reference]


class PanelMatrix(TypedDict):
    """Cells that are not zero, [row, column, boxes]; `boxes` is a template (RFC 6570)."""

    names: list[str]
    rows: str
    columns: str
    cells: list[tuple[int, int, int]]
    cells_left_out: int
    boxes: Reference


class PanelCause(TypedDict):
    """Errors of one cause, and what mending them gives to AP50."""

    count: int
    delta_ap: float
    boxes: Reference


class PanelAlarms(TypedDict):
    """Detections on images without a logo."""

    clean_images: int
    alarms: int
    per_1000_images: float | None
    alarms_by_class: dict[str, int]
    note: str | None


class PanelCurve(TypedDict):
    """Rates at 101 confidences, at this IoU."""

    confidence: list[float]
    precision: list[float]
    recall: list[float]
    f1: list[float]


Panels = TypedDict(
    "Panels",
    {
        "validation_id": str,
        "confidence": float,
        "iou": float,
        "class": str | None,
        "size": Literal["small", "medium", "large"] | None,
        "headline": PanelHeadline,
        "map50": float,
        "map50_95": float,
        "class_metrics": dict[str, PanelClass],
        "confusion": PanelMatrix,
        "causes": dict[Cause, PanelCause],
        "false_alarms": PanelAlarms,
        "curve": PanelCurve,
    },
)
"""Every panel of a report at one operating point; `boxes` anywhere leads to the boxes."""

JudgedLabel = TypedDict(
    "JudgedLabel",
    {
        "id": str,
        "kind": Kind,
        "class": str,
        "bbox": Corners,
        "cause": Cause | None,
        "image": int,
        "detection": str | None,
    },
)
"""A label; `detection` found it, or is the surest wrong box about it."""

JudgedDetection = TypedDict(
    "JudgedDetection",
    {
        "id": str,
        "kind": Kind | None,
        "class": str,
        "bbox": Corners,
        "confidence": float,
        "iou": float,
        "cause": Cause | None,
        "image": int,
        "label": str | None,
        "true_class": str | None,
    },
)
"""A detection; `kind` is null below the confidence, `label` what it is about."""

JudgedBox = TypedDict(
    "JudgedBox",
    {
        "id": str,
        "kind": Kind | None,
        "class": str,
        "bbox": Corners,
        "cause": Cause | None,
        "image": int,
        "image_path": str,
        "detection": NotRequired[str | None],
        "confidence": NotRequired[float],
        "iou": NotRequired[float],
        "label": NotRequired[str | None],
        "true_class": NotRequired[str | None],
    },
)
"""A label (id `l…`, with `detection`) or a detection (id `d…`, with `confidence` and `label`)."""


class BoxPage(OperatingPoint):
    """A page of boxes, the surest first; `total` counts all that fit."""

    total: int
    boxes: list[JudgedBox]
    next_cursor: int | None


class CellPage(BoxPage):
    """The boxes of one cell of the matrix, named by its row and column."""

    row: str
    column: str


class JudgedImageRow(TypedDict):
    """What became of the boxes of an image."""

    image: int
    image_path: str
    width: int
    height: int
    correct: bool
    labels: int
    predictions: int
    tp: int
    fp: int
    fn: int
    causes: dict[Cause, int]


class ImagePage(OperatingPoint):
    """A page of images."""

    total: int
    images: list[JudgedImageRow]
    next_cursor: int | None


class JudgedImage(OperatingPoint, JudgedImageRow):
    """One image with its labels and the detections that count."""

    ground_truth: list[JudgedLabel]
    prediction_boxes: list[JudgedDetection]
