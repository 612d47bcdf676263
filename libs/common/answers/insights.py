"""What is answered on what a report is worth: intervals, weak parts, thresholds, doubts, advice."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from libs.common.answers.checks import InBothLanguages
from libs.common.answers.jobs import JobStatus


class Bounds(TypedDict):
    """A number and its 95 % interval."""

    value: float
    low: float
    high: float


class Measurement(Bounds):
    """The same, and the standard deviation of the resamples."""

    standard_error: float


class Uncertainty(TypedDict):
    """Intervals by name of the number; null where it is undefined."""

    intervals: dict[str, Measurement | None]
    level: float
    resamples: int
    seed: int
    method: str


class Slice(TypedDict):
    """A part of the set. `enough` says whether it has labels enough to be called weak."""

    dimension: str
    part: str
    words: InBothLanguages
    labels: int
    detections: int
    enough: bool
    recall: Bounds | None
    precision: Bounds | None
    ap: Bounds | None


class WeakSlice(Bounds):
    """A part that is surely worse than the rest of the set."""

    dimension: str
    part: str
    metric: Literal["recall", "precision"]
    labels: int
    rest: float
    gap: float
    p_corrected: float
    sentence: InBothLanguages


class Slices(TypedDict):
    """All parts, and the weak ones, the widest gap first."""

    parts: list[Slice]
    weakest: list[WeakSlice]
    note: str


class Target(TypedDict):
    """What a threshold is chosen for."""

    kind: Literal["max_f1", "precision", "false_alarms"]
    value: float


class AtThreshold(TypedDict):
    """Counts and rates at a threshold."""

    tp: int
    fp: int
    fn: int
    precision: float
    recall: float
    f1: float
    false_alarms_per_1000: float | None


class AtOneThreshold(AtThreshold):
    """The same with one threshold for all classes."""

    threshold: float


class LabelCounts(TypedDict):
    """Labels where it was chosen and where it was measured."""

    chosen_on: int
    measured_on: int


ClassThreshold = TypedDict(
    "ClassThreshold",
    {
        "class": str,
        "threshold": float,
        "target_met": bool,
        "from": str,
        "labels": LabelCounts,
        "chosen_on": AtThreshold,
        "measured_on": AtThreshold,
        "with_one_threshold": AtThreshold,
    },
)
"""The threshold of one class, and what it gives."""


class ThresholdTotals(TypedDict):
    """All classes together."""

    chosen_on: AtThreshold
    measured_on: AtThreshold
    with_one_threshold: AtOneThreshold


class ImageCounts(TypedDict):
    """Images, and those of them without a logo."""

    images: int
    clean: int


class ImagesUsed(TypedDict):
    """The images behind a choice of thresholds."""

    chosen_on: ImageCounts
    measured_on: ImageCounts


class ThresholdFacts(TypedDict):
    """A threshold per class."""

    target: Target
    thresholds: dict[str, float]
    per_class: list[ClassThreshold]
    total: ThresholdTotals
    images: ImagesUsed


class ThresholdTable(ThresholdFacts):
    """Chosen on one half of the judged images, measured on the other."""

    chosen_on: str
    measured_on: str


class ThresholdModel(TypedDict):
    """The weights that the thresholds belong to."""

    name: str
    sha256: str | None
    training_id: str | None


class ThresholdSet(TypedDict):
    """The validation behind one side of the choice."""

    validation_id: str
    dataset: str | None
    dataset_version: str | None
    split: str
    images: str


class ThresholdReport(ThresholdFacts):
    """What `POST /model/thresholds` answers."""

    thresholds_id: str
    status: NotRequired[JobStatus]
    progress: NotRequired[float]
    model: ThresholdModel
    chosen_on: ThresholdSet
    measured_on: ThresholdSet
    match_iou: float
    processing_time: float
    timestamp: str


PatchedLabel = TypedDict("PatchedLabel", {"class": str, "box": list[float]})
"""A label as its line has it: centre x and y, width and height as shares of the image."""


class LabelPatch(TypedDict):
    """The edit that would follow a doubt."""

    image: str
    add: list[PatchedLabel]
    remove: NotRequired[list[PatchedLabel]]


DoubtedLabel = TypedDict(
    "DoubtedLabel",
    {
        "kind": Literal["overlooked", "swapped", "badly_placed"],
        "suspicion": float,
        "image": int,
        "image_path": str,
        "label": str | None,
        "detection": str,
        "class": str | None,
        "said": str,
        "confidence": float,
        "iou": float,
        "patch": LabelPatch,
    },
)
"""A label that the judged model firmly contradicts."""


class Doubts(TypedDict):
    """Labels to look at, the most doubtful first."""

    from_confidence: float | None
    note: str | None
    counts: dict[str, int]
    shown: int
    suspects: list[DoubtedLabel]


class Advice(TypedDict):
    """What to do next, and the numbers that it rests on."""

    code: str
    sentence: InBothLanguages
    numbers: dict[str, float | str | bool | list[str] | None]
