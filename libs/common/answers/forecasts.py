"""What `/training/forecast` and `/training/arguments` answer."""

from typing import Literal

from typing_extensions import TypedDict

Scalar = float | str | bool


class MemoryNeed(TypedDict):
    """GPU memory of a training against what is free on the card that it would get."""

    need_bytes: int
    measured: bool
    free_bytes: int
    total_bytes: int
    gpu: str
    fits: bool
    never: bool
    reason: str | None
    largest_batch: int


class TimeNeed(TypedDict):
    """Seconds of a training; `scaled_from` says what was measured, where it was another kind."""

    seconds: float
    low_s: float
    high_s: float
    epoch_s: float
    scaled_from: str | None


class Reason(TypedDict):
    """A sentence by language."""

    en: str
    ja: str


class PresetChoice(TypedDict):
    """A value for one field of the request, and why."""

    field: str
    value: Scalar
    why: Reason


class Presets(TypedDict):
    """Settings that suit data and machine."""

    auto: list[PresetChoice]
    quick: list[PresetChoice]
    thorough: list[PresetChoice]


class NewestCheck(TypedDict):
    """The newest finished check of the dataset."""

    validation_id: str
    valid: bool
    errors: int
    warnings: int
    summary: dict[str, int]
    at: str | None
    url: str


class ForecastData(TypedDict):
    """What is known of the dataset."""

    images: dict[str, int]
    problem: str | None
    small_boxes: float | None
    images_under_px: int | None
    check: NewestCheck | None


class Queue(TypedDict):
    """Trainings that are there already."""

    running: int
    waiting: int


class Forecast(TypedDict):
    """What a training would need."""

    worker: str
    device: str
    device_name: str
    architecture: str
    dataset: ForecastData
    memory: MemoryNeed | None
    time: TimeNeed | None
    presets: Presets
    queue: Queue


class Argument(TypedDict):
    """A further argument: numbers lie from `low` to `high`; `fitted`: the data may decide."""

    name: str
    kind: Literal["int", "float", "bool"]
    low: float | None
    high: float | None
    default: float | bool
    fitted: bool


class FurtherArguments(TypedDict):
    """By the field of the request that takes them."""

    augmentation_params: list[Argument]
    extra: list[Argument]
