"""What follows a training unasked: its model is judged on val, and on test where there is one."""

import hashlib
import logging

from libs.common.bus import stored
from libs.common.errors import BadInput, NotFound
from libs.common.events import AnalysisRequested, ModelRef, TrainingCompleted, TrainingRequested
from libs.common.jobs import Job
from libs.common.requests import Delivery, deliveries
from libs.common.service import Deps
from libs.common.subjects import ANALYZER_FOLLOW
from libs.common.work import load
from services.analyzer.judging import open_dataset

log = logging.getLogger(__name__)

WEIGHTS = "weights/best.pt"
AGAIN_S = 5.0


async def follow_trainings(deps: Deps) -> None:
    """Ask for the judgement of each training that completes, until cancelled."""
    async for delivery in deliveries(deps.bus, [ANALYZER_FOLLOW], slots=1):
        async with delivery.kept_alive():
            await _settle(deps, delivery)


async def _settle(deps: Deps, delivery: Delivery) -> None:
    try:
        record = stored(delivery.msg.data, seq=delivery.sequence, subject=delivery.msg.subject)
        if record is not None and isinstance(record.event, TrainingCompleted):
            await ask_for_judgements(deps, record.event.job_id)
    except BadInput as error:
        log.warning("a completion cannot be read", extra={"reason": error.message})
    except Exception:  # the boundary: one training may not stop the others
        log.exception("a completed training could not be followed")
        await delivery.hand_back(AGAIN_S)
        return
    await delivery.done()


async def ask_for_judgements(deps: Deps, training_id: str) -> list[str]:
    """Publish the requests that follow a completed training; their ids.

    Each has an id made from the training's, so it is asked once however often this is called.
    """
    training = await load(deps, "training", training_id)
    if training is None or not isinstance(training.outcome, TrainingCompleted):
        return []
    request, outcome = training.request, training.outcome
    if not isinstance(request, TrainingRequested) or not request.auto_validate:
        return []
    if WEIGHTS not in outcome.artifacts:
        return []
    asked = []
    for split in await _splits(deps, request):
        event = _request(training, request, outcome, split)
        if await load(deps, "analysis", event.job_id) is None:
            await deps.bus.publish(event)
        asked.append(event.job_id)
    return asked


def judgement_id(training_id: str, split: str) -> str:
    """The id of the judgement that follows a training on one split."""
    return hashlib.sha256(f"after {training_id} on {split}".encode()).hexdigest()[:32]


def _request(
    training: Job, request: TrainingRequested, outcome: TrainingCompleted, split: str
) -> AnalysisRequested:
    best = outcome.artifacts[WEIGHTS]
    return AnalysisRequested(
        job_id=judgement_id(training.id, split),
        operation="validate",
        model=ModelRef(
            name=f"{request.project_name}/{request.experiment_name}",
            key=best.key,
            sha256=best.sha256,
            training_id=training.id,
        ),
        dataset=request.dataset,
        options={"split": split, "auto": True, "save_plots": True},
    )


async def _splits(deps: Deps, request: TrainingRequested) -> list[str]:
    """`val`, which every training has, and `test` where the dataset has one."""
    try:
        dataset = await open_dataset(deps, request.dataset)
    except (BadInput, NotFound) as error:
        log.warning("the dataset of a training is gone", extra={"reason": error.message})
        return []
    return [split for split in ("val", "test") if dataset.splits.get(split)]
