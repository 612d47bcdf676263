"""What is answered on checks of datasets: reports, findings, rules."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from libs.common.answers.jobs import JobStatus

Severity = Literal["E", "W", "I"]
Fix = Literal["auto", "opt"]
Split = Literal["train", "val", "test"]


class Finding(TypedDict):
    """One thing that a check found. E = error, W = warning, I = note."""

    rule: str
    severity: Severity
    split: Split | None
    file: str | None
    line: int | None
    message: str
    value: str | None
    fix: Fix | None


class InBothLanguages(TypedDict):
    """A text in English and Japanese."""

    en: str
    ja: str


class RuleFacts(TypedDict):
    """One rule of the catalogue."""

    rule: str
    group: str
    severity: Severity
    threshold: float | None
    unit: str | None
    fix: Fix | None
    title: InBothLanguages
    sentence: InBothLanguages


class SplitInfo(TypedDict):
    """What was seen of one split."""

    path: str | None
    exists: bool
    num_images: int
    num_labels: int
    class_distribution: dict[str, int]
    errors: list[str]
    warnings: list[str]
    statistics: dict[str, object]


class Share(TypedDict):
    """A number, and its part of the whole in percent."""

    count: int
    percentage: float


class Usable(TypedDict):
    """Images that the trainer can use, of those that are there."""

    images: int
    of: int


class Histogram(TypedDict):
    """n counts between n + 1 edges."""

    edges: list[float]
    counts: list[int]


class BoxFigures(TypedDict):
    """Sizes, shapes and places of the boxes."""

    side_px: Histogram
    aspect_log2: Histogram
    position: list[list[int]]
    per_image: Histogram
    by_size: dict[str, float]
    small_by_class: dict[str, float]


class ImageFigures(TypedDict):
    """Sizes and formats of the images; light and colour where the pixels were read."""

    width: Histogram
    height: Histogram
    formats: dict[str, int]
    brightness: NotRequired[Histogram]
    contrast: NotRequired[Histogram]
    saturation: NotRequired[Histogram]
    sharpness: NotRequired[Histogram]
    jpeg_quality: NotRequired[Histogram]


class Figures(TypedDict):
    """Data for diagrams."""

    imgsz: int
    boxes: BoxFigures
    images: ImageFigures
    drift: list[dict[str, object]]
    look_alikes: list[dict[str, object]]


class Statistics(TypedDict):
    """The dataset in numbers."""

    total_instances: int
    class_balance: dict[str, Share]
    split_balance: dict[str, Share]
    recommendations: list[str]
    recommendations_ja: list[str]
    figures: Figures


class DatasetReport(TypedDict):
    """What a check found. `findings` holds examples of each rule; all are a route of their own."""

    validation_id: str
    status: NotRequired[JobStatus]
    progress: NotRequired[float]
    dataset_path: str
    valid: bool
    total_images: int
    total_labels: int
    train_info: SplitInfo
    val_info: SplitInfo
    test_info: SplitInfo
    classes: list[str]
    class_distribution: dict[str, dict[str, int]]
    errors: list[str]
    warnings: list[str]
    statistics: Statistics
    findings: list[Finding]
    summary: dict[str, int]
    usable: dict[str, Usable]
    mode: str
    reused: dict[str, int]
    processing_time: float
    report_url: NotRequired[str]
    pictures: NotRequired[list[dict[str, str]]]


class CheckRow(TypedDict):
    """A job on a dataset, in a list."""

    validation_id: str
    operation: str | None
    dataset_path: str
    status: JobStatus
    created_at: str | None
