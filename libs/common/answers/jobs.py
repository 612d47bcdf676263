"""What jobs on datasets and evaluations answer until they are done."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

JobStatus = Literal[
    "queued",
    "initializing",
    "running",
    "paused",
    "stopping",
    "completed",
    "failed",
    "cancelled",
]


class Pending(TypedDict):
    """A job that has no result yet, or will never have one."""

    id: str
    validation_id: NotRequired[str]
    edit_id: NotRequired[str]
    comparison_id: NotRequired[str]
    visualization_id: NotRequired[str]
    explanation_id: NotRequired[str]
    thresholds_id: NotRequired[str]
    status: JobStatus
    progress: float
    stage: str | None
    waiting_reason: str | None
    status_url: str
    created_at: str | None
    errors: list[str]
    error_code: str | None


class Stopping(TypedDict):
    """A job that was asked to stop."""

    id: str
    status: JobStatus
    message: str
    status_url: str
