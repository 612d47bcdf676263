"""Stored validations, held ready for questions: loaded once, bounded by bytes, newest kept."""

import asyncio
import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from libs.common.errors import BadInput, Conflict, NotFound, PermanentError
from libs.common.events import AnalysisRequested, Artifact, ModelValidated
from libs.common.jobs import Job
from libs.common.service import Deps
from libs.common.work import load
from services.analyzer.domain.boxes import Overlaps
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import BACKGROUND_IOU, close_pairs, match_pairs
from services.analyzer.domain.panels import Fixed, fixed
from services.analyzer.domain.view import View, view
from services.analyzer.options import ValidateOptions
from services.analyzer.parquet import Image, read_boxes
from services.analyzer.recent import Recent

MOST_BYTES = 512 * 2**20
"""Of all validations in memory together."""
BIGGEST_FILE_BYTES = 256 * 2**20
VIEWS_KEPT = 16
MATCHES = "matches.parquet"


@dataclass
class Stored:
    """One validation in memory; `view` answers at any operating point, from several threads."""

    job_id: str
    request: AnalysisRequested
    report: Artifact
    options: ValidateOptions
    data: Evidence
    images: tuple[Image, ...]
    pairs: Overlaps
    floor: float
    whole: Fixed
    _views: OrderedDict[tuple[float, float], View] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def size_bytes(self) -> int:
        """About what it takes in memory, with the views that may be kept."""
        return 400 * len(self.images) + (
            (200 + 90 * VIEWS_KEPT) * (self.data.labels + self.data.detections)
            + 24 * len(self.pairs.iou_p)
        )

    def view(self, confidence: float | None = None, iou: float | None = None) -> View:
        """The boxes at a confidence and an IoU, by default those of the validation.

        Raises:
            BadInput: `iou_too_low`: overlaps below the floor are not kept.
        """
        confidence = self.options.confidence_threshold if confidence is None else confidence
        iou = self.options.match_iou if iou is None else iou
        if iou < self.floor:
            raise BadInput(f"iou must be at least {self.floor:g}", code="iou_too_low")
        with self._lock:
            key = (confidence, iou)
            if key not in self._views:
                same = next((v.matches for (_, i), v in self._views.items() if i == iou), None)
                matches = same or match_pairs(self.data, self.pairs, match_iou=iou)
                self._views[key] = view(self.data, matches, confidence=confidence)
            self._views.move_to_end(key)
            while len(self._views) > VIEWS_KEPT:
                self._views.popitem(last=False)
            return self._views[key]


class StoredValidations:
    """The validations that were asked about last."""

    def __init__(self, deps: Deps, *, most_bytes: int = MOST_BYTES) -> None:
        self._deps = deps
        self._kept = Recent[Stored](most_bytes)
        self._loading: dict[str, asyncio.Lock] = {}

    async def get(self, validation_id: str) -> Stored:
        """One validation, from memory or from the store.

        Raises:
            NotFound: there is no such validation, or its boxes are gone.
            Conflict: it has no result (yet).
        """
        lock = self._loading.setdefault(validation_id, asyncio.Lock())
        try:
            async with lock:
                found = self._kept.get(validation_id)
                if found is None:
                    found = await self._load(validation_id)
                    self._kept.put(validation_id, found, found.size_bytes)
                return found
        finally:
            self._loading.pop(validation_id, None)

    async def _load(self, validation_id: str) -> Stored:
        job = await load(self._deps, "analysis", validation_id)
        request, outcome = finished_validation(job, validation_id)
        boxes = outcome.artifacts.get(MATCHES)
        if boxes is None:
            raise NotFound("this validation kept no boxes: validate again", code="no_boxes")
        if boxes.size_bytes > BIGGEST_FILE_BYTES:
            raise BadInput(
                f"this validation has {boxes.size_bytes / 2**20:.0f} MiB of boxes, too many to "
                "answer at once: judge a part of the set",
                code="too_many_boxes",
            )
        content = await self._deps.artifacts.get_bytes(boxes.key)
        options = ValidateOptions.of(request.options)
        return await asyncio.to_thread(_opened, validation_id, request, outcome, options, content)


def finished_validation(
    job: Job | None, validation_id: str
) -> tuple[AnalysisRequested, ModelValidated]:
    """The request and the result of a validation that came to its end.

    Raises:
        NotFound: there is no such validation.
        Conflict: it has no result (yet).
    """
    request = job.request if job else None
    if job is None or not isinstance(request, AnalysisRequested) or request.operation != "validate":
        raise NotFound(f"there is no validation {validation_id[:64]}", code="no_such_job")
    if not isinstance(job.outcome, ModelValidated):
        raise Conflict(f"the validation has no result: it is {job.status}", code="no_result")
    return request, job.outcome


def _opened(
    job_id: str,
    request: AnalysisRequested,
    outcome: ModelValidated,
    options: ValidateOptions,
    content: bytes,
) -> Stored:
    if hashlib.sha256(content).hexdigest() != outcome.artifacts[MATCHES].sha256:
        raise PermanentError("the stored boxes are not what was announced", code="hash_mismatch")
    data, images = read_boxes(content)
    floor = min(BACKGROUND_IOU, options.match_iou)
    pairs = close_pairs(data, floor=floor)
    return Stored(job_id, request, outcome.report, options, data, images, pairs, floor, fixed(data))
