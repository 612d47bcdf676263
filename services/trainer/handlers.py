"""A training from its request to its end: prepare, train in a child, tell, publish."""

import asyncio
import hashlib
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from libs.common.datasets import materialise, read_dataset, write_data_yaml
from libs.common.errors import BadInput, NotFound, PermanentError, TransientError
from libs.common.events import CheckpointSaved, ModelRef, TrainingRequested, TrainingStarted
from libs.common.service import Deps
from libs.common.work import Attempt
from services.trainer.child import Child, Stock
from services.trainer.domain.devices import choose_device
from services.trainer.domain.plan import DataFacts, Plan, plan_training
from services.trainer.gpu import read_gpus
from services.trainer.publish import publish
from services.trainer.relay import Relay

log = logging.getLogger(__name__)


class Trainings:
    """All trainings of this service; `pids` are those that run, job id by process id."""

    def __init__(self, stock: Stock) -> None:
        self.stock = stock
        self.pids: dict[int, str] = {}

    async def train(self, attempt: Attempt) -> None:
        """Bring one job to its end, or raise.

        When it is cancelled, the child is gone and its memory free before this returns.
        """
        request = attempt.job.request
        assert isinstance(request, TrainingRequested)
        arguments = request.arguments
        gpus = await asyncio.to_thread(read_gpus)
        device = choose_device(arguments.device, gpus)
        with attempt_folder(attempt) as folder:
            resume = await fetch_checkpoint(attempt, folder / "resume")
            await attempt.tell(
                TrainingStarted,
                worker=attempt.deps.worker,
                device=device,
                from_epoch=resume.epoch if resume else 0,
            )
            order = await prepare(attempt.deps, request, folder, device)
            if resume:
                order["resume"] = str(folder / "resume")
            child = await self.stock.take()
            self.pids[child.pid] = attempt.job.id
            try:
                done = await Relay(attempt, child, folder).run(order)
            finally:
                await put_away(child)
                self.pids.pop(child.pid)
                self.stock.refill()
            await publish(attempt, request, done, folder)


async def prepare(
    deps: Deps, request: TrainingRequested, folder: Path, device: str
) -> dict[str, Any]:
    """Bring dataset and weights here, and decide every argument.

    Returns:
        The order for the child, from the start.

    Raises:
        BadInput: the dataset, the model or an argument cannot be used.
    """
    path = await materialise(request.dataset, deps.artifacts, deps.scratch / "datasets")
    dataset = await asyncio.to_thread(read_dataset, path, allowed_roots(deps, request))
    weights = await fetch_weights(deps, request.base_model, folder / "base.pt")
    train, val = (dataset.splits.get(split, ()) for split in ("train", "val"))
    facts = DataFacts(len(train), len(val or dataset.splits.get("test", ())), dataset.names)
    plan: Plan = plan_training(
        request.arguments, facts, weights=str(weights) if weights else None, device=device
    )
    log.info("training planned", extra={"job_id": request.job_id, "notes": plan.notes})
    data = await asyncio.to_thread(write_data_yaml, dataset, folder / "data.yaml")
    return plan.order(data=str(data), save_dir=str(folder / "train"), resume=None)


def allowed_roots(deps: Deps, request: TrainingRequested) -> tuple[Path, ...]:
    """Folders that a dataset given by path must lie in; a registered version is our own."""
    roots = deps.settings.roots
    return (*roots, deps.settings.datasets_dir) if request.dataset.path and roots else ()


async def fetch_weights(deps: Deps, model: ModelRef | None, target: Path) -> Path | None:
    """The start weights as a file of ours, with the hash that was announced.

    Raises:
        BadInput: there is no such file, or it changed since the request.
    """
    if model is None:
        return None
    if model.key:
        return await deps.artifacts.get_file(model.key, target, sha256=model.sha256)
    try:
        await asyncio.to_thread(shutil.copyfile, model.path or "", target)
    except OSError as error:
        raise BadInput(
            f"model '{model.name}' cannot be read: give another base_model_path"
        ) from error
    if model.sha256 and await asyncio.to_thread(file_sha256, target) != model.sha256:
        raise BadInput(f"model '{model.name}' changed since the request: start a new training")
    return target


async def fetch_checkpoint(attempt: Attempt, target: Path) -> CheckpointSaved | None:
    """Download the newest checkpoint; None when there is none, or none that is whole."""
    checkpoint = attempt.job.checkpoint
    if checkpoint is None:
        return None
    try:
        for name, artifact in checkpoint.files.items():
            store = attempt.deps.artifacts
            await store.get_file(artifact.key, target / name, sha256=artifact.sha256)
    except (NotFound, PermanentError) as error:
        log.warning(
            "checkpoint unusable, starting over",
            extra={"job_id": attempt.job.id, "reason": error.message},
        )
        return None
    return checkpoint


async def put_away(child: Child) -> None:
    """End a child, whatever happens to us meanwhile."""
    ending = asyncio.create_task(child.end())
    try:
        await asyncio.shield(ending)
    except asyncio.CancelledError:
        await ending
        raise
    except TimeoutError as error:
        raise TransientError("a training process cannot be killed", code="child_stuck") from error


@contextmanager
def attempt_folder(attempt: Attempt) -> Iterator[Path]:
    """A folder for this attempt's files; those of earlier attempts on this host are removed."""
    scratch = attempt.deps.scratch
    for leftover in scratch.glob(f"{attempt.job.id}-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    folder = scratch / f"{attempt.job.id}-{attempt.number}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def file_sha256(path: Path) -> str:
    """Of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
