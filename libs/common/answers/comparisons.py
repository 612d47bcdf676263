"""What the routes that compare models answer."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from libs.common.answers.forecasts import Reason
from libs.common.answers.jobs import JobStatus

Verdict = Literal["better", "worse", "cannot_tell"]
Change = Literal["fixed", "broken", "still_wrong", "still_right"]
Plain = None | float | str | bool | list[str] | dict[str, float | str | bool]


class Difference(TypedDict):
    """A number of both sides, and its difference with the 95 % interval."""

    base: float
    candidate: float
    delta: float
    low: float
    high: float
    standard_error: float
    wrong_side: float
    p: float
    primary: NotRequired[bool]
    p_corrected: NotRequired[float | None]
    better_is: NotRequired[Literal["higher", "lower"]]


class KindCounts(TypedDict):
    """How many boxes became what."""

    fixed: int
    broken: int
    still_wrong: int
    still_right: int


ClassDifference = TypedDict(
    "ClassDifference",
    {
        "class": str,
        "support": int,
        "ap50_95": Difference | None,
        "recall": Difference | None,
        "boxes": KindCounts,
        "outcome": Literal["win", "loss", "cannot_tell", "too_few_labels"],
        "p_corrected": float | None,
    },
)
"""One class on both sides."""


class ComparedCounts(TypedDict):
    """Labels, and detections that are wrong on one side at least."""

    labels: KindCounts
    false_positives: KindCounts


class Setting(TypedDict):
    """A setting that is not the same on both sides."""

    name: str
    base: Plain
    candidate: Plain


class ComparedSide(TypedDict):
    """A judgement that is compared, and how its model was made, as far as that is known."""

    validation_id: str
    model: str
    dataset: str | None
    dataset_version: str | None
    model_path: str | None
    split: str
    imgsz: int | None
    iou_threshold: float
    confidence_threshold: float
    match_iou: float
    inference_seconds: float | None
    images_per_second: float | None
    settings: dict[str, Plain]


class ComparedCandidate(ComparedSide):
    """A judgement against the base."""

    verdict: Verdict
    reason: str
    sentence: Reason
    metrics: dict[str, Difference | None]
    per_class: list[ClassDifference]
    wins: list[str]
    losses: list[str]
    boxes: ComparedCounts
    settings_that_differ: list[Setting]


class ComparisonReport(TypedDict):
    """One judgement against others of the same images."""

    comparison_id: str
    base: ComparedSide
    candidates: list[ComparedCandidate]
    images: int
    labels: int
    notes: list[str]
    rule: str
    note_on_classes: str
    resamples: int
    seed: int
    level: float
    processing_time: float
    timestamp: str
    status: NotRequired[JobStatus]
    progress: NotRequired[float]


class ComparisonRow(TypedDict):
    """A comparison in the list of all."""

    comparison_id: str
    model_path: str
    status: JobStatus
    created_at: str | None
    validations: list[str]
    verdicts: dict[str, Verdict]


class ComparedBoxSide(TypedDict):
    """A box as one side has it: ids as in that side's validation."""

    image: int
    label: str | None
    detection: str | None
    cause: str | None


ComparedBox = TypedDict(
    "ComparedBox",
    {
        "kind": Change,
        "of": Literal["label", "false_positive"],
        "class": str,
        "image_path": str,
        "bbox": list[float],
        "base": ComparedBoxSide,
        "candidate": ComparedBoxSide,
    },
)
"""What became of a label or of a wrong detection."""


class ComparedBoxes(TypedDict):
    """A page of boxes."""

    base: str
    candidate: str
    total: int
    boxes: list[ComparedBox]
    next_cursor: int | None
