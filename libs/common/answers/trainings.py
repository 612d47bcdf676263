"""What is answered on trainings: how one is, how it was asked for, what it left."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from libs.common.answers.jobs import JobStatus
from libs.common.events import Artifact, DatasetRef, ModelRef, TrainingArguments

WaitingCode = Literal[
    "busy", "no_trainer", "all_drained", "preempted", "drained", "told_by_trainer"
]
"""Why a queued training waits; the last: a trainer has it, and says in words what it lacks."""


class Batches(TypedDict):
    """Batches done in the running epoch, and how many it has."""

    done: int
    of: int
    epoch: int


class Adjustment(TypedDict):
    """Something that a trainer changed so that the training could go on."""

    error_code: str
    message: str
    batch_size: int | None
    left_out: list[str]


class AskedTraining(TypedDict):
    """What was asked for, with every default filled in."""

    job_id: str
    attempt: int
    dataset: DatasetRef
    base_model: ModelRef | None
    arguments: TrainingArguments
    project_name: str
    experiment_name: str
    pool: str
    priority: str
    tags: list[str]
    auto_validate: bool
    extends: str | None
    checkpoint: dict[str, Artifact]


class Fit(TypedDict):
    """One argument that the preset set, because nobody had chosen it."""

    argument: str
    value: float | int | str | bool
    instead_of: float | int | str | bool | None
    reason: str


class TrainingStatus(TypedDict):
    """One training, as it is now; metrics under short names, `progress` from 0 to 100."""

    training_id: str
    status: JobStatus
    mode: str
    current_epoch: int
    total_epochs: int
    progress: float
    current_metrics: dict[str, float]
    best_metrics: dict[str, float]
    start_time: str | None
    end_time: str | None
    created_at: str | None
    estimated_time_remaining: float | None
    errors: list[str]
    error_code: str | None
    output_dir: str
    best_model_path: str | None
    last_model_path: str | None
    priority: str
    preempted: int
    queue_position: int | None
    waiting_reason: str | None
    waiting_code: WaitingCode | None
    starts_in: float | None
    batch: Batches | None
    attempt: int
    preset: str
    fitted: list[Fit]
    adjustments: list[Adjustment]
    worker: str | None
    device: str | None
    console: list[str]
    stopped_early: bool
    project_name: str
    experiment_name: str
    request: AskedTraining
    dataset_version: str | None
    extends: str | None
    pausing: bool
    first_seq: int
    last_seq: int


class TrainingTold(TypedDict):
    """What became of a wish: start, cancel, pause, resume, extend, retry."""

    training_id: str
    status: JobStatus
    message: str
    status_url: str
    events_url: NotRequired[str]
    project_name: NotRequired[str]
    experiment_name: NotRequired[str]


class ArtifactEntry(TypedDict):
    """A file that a training left."""

    name: str
    size: int
    sha256: str
    key: str
    url: str


class SampleSheet(ArtifactEntry):
    """Validation images with labelled and predicted boxes, after an epoch."""

    epoch: int
    labels: int
    predictions: int
    columns: int
    cell_px: int
    head_px: int
    images: list[str]
