"""A training from its request to its end: prepare, train in a child, tell, publish."""

import asyncio
import hashlib
import logging
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from libs.common.datasets import Dataset, materialise, read_dataset, write_data_yaml
from libs.common.errors import BadInput, NotFound, PermanentError, TransientError
from libs.common.events import (
    Artifact,
    ModelRef,
    TrainingAdjusted,
    TrainingPaused,
    TrainingPlanned,
    TrainingRequested,
    TrainingStarted,
)
from libs.common.service import Deps
from libs.common.weights import weights_suffix
from libs.common.work import Attempt, HandedBack
from services.trainer.admission import Admission
from services.trainer.child import Child
from services.trainer.domain.healing import gathered, remedy
from services.trainer.domain.levers import LEVERS
from services.trainer.domain.plan import DataFacts, Plan, plan_training
from services.trainer.gpu import read_gpus
from services.trainer.publish import publish
from services.trainer.relay import Relay
from services.trainer.stock import Stock
from services.trainer.trouble import OF_RANKS, Trouble

log = logging.getLogger(__name__)

GONE = frozenset({"not_found", "no_such_artifact"})
"""Codes of a folder, a bucket or a stored version that is not there."""


@dataclass(frozen=True)
class Prepared:
    """What a child needs, and what is known of the data."""

    order: dict[str, Any]
    dataset: Dataset
    images: int


class Trainings:
    """All trainings of this service; `pids` are those that run, job id by process id."""

    def __init__(
        self,
        stock: Stock,
        peaks: Path,
        *,
        stall_s: float = 60.0,
        checkpoint_s: float = 45.0,
        levers: Iterable[str] = LEVERS,
    ) -> None:
        self.stock, self.stall_s, self.checkpoint_s = stock, stall_s, checkpoint_s
        self.levers = tuple(levers)
        self.admission = Admission(peaks)
        self.pids: dict[int, str] = {}

    async def train(self, attempt: Attempt) -> None:
        """Bring one job to its end, or raise.

        When it is cancelled, the child is gone and its memory free before this returns.

        Raises:
            HandedBack: it was asked to leave; its checkpoint is in the store.
        """
        request = attempt.job.request
        assert isinstance(request, TrainingRequested)
        try:
            device = await attempt.unless_leaving(self.admission.enter(attempt, request.arguments))
            await self._train(attempt, request, device)
        except HandedBack:
            self.admission.leave(attempt.job.id)
            assert attempt.leaving is not None
            await attempt.tell(TrainingPaused, **attempt.leaving._asdict())
            raise
        finally:
            self.admission.leave(attempt.job.id)

    async def _train(self, attempt: Attempt, request: TrainingRequested, device: str) -> None:
        with attempt_folder(attempt) as folder:
            resume = await attempt.unless_leaving(fetch_checkpoint(attempt, folder / "resume"))
            await attempt.tell(
                TrainingStarted,
                worker=attempt.deps.worker,
                device=device,
                from_epoch=resume.epoch if resume else 0,
            )
            prepared = await attempt.unless_leaving(prepare(attempt, folder, device))
            prepared.order["checkpoint_s"] = self.checkpoint_s
            prepared.order["levers"] = self.levers
            if resume:
                prepared.order["resume"] = str(folder / "resume")
                prepared.order["extends"] = resume.extends
            try:
                done = await self._run(attempt, prepared.order, folder)
            except Trouble as trouble:
                await self._heal(attempt, trouble, prepared, device)
                raise
            if done["type"] == "paused":
                raise HandedBack
            await publish(attempt, request, done, folder)

    async def _heal(
        self, attempt: Attempt, trouble: Trouble, prepared: Prepared, device: str
    ) -> None:
        """Tell how the next attempt avoids the trouble; a card that is gone is one by itself."""
        gpus = await asyncio.to_thread(read_gpus)
        gone = {*device.split(",")} - {"cpu", *(str(gpu.index) for gpu in gpus)}
        if not gone:
            await heal(attempt, trouble, prepared)
            return
        which = ", ".join(sorted(gone))
        lost = f"GPU {which} does not answer any more: the training goes on elsewhere."
        await attempt.tell(TrainingAdjusted, error_code="gpu_lost", message=lost)

    async def _run(self, attempt: Attempt, order: dict[str, Any], folder: Path) -> dict[str, Any]:
        """Train in a child from the stock; nothing of it is left when this returns."""
        child = await self.stock.take()
        self.pids[child.pid] = attempt.job.id
        if place := self.admission.places.get(attempt.job.id):
            place.pid = child.pid
        try:
            return await Relay(attempt, child, folder, self.stall_s, self.admission).run(order)
        finally:
            try:
                await put_away(child)
            finally:
                self.pids.pop(child.pid)
                self.stock.refill()


async def prepare(attempt: Attempt, folder: Path, device: str) -> Prepared:
    """Bring dataset and weights here, and decide every argument.

    Raises:
        BadInput: the dataset, the model or an argument cannot be used.
    """
    deps, request = attempt.deps, attempt.job.request
    assert isinstance(request, TrainingRequested)
    dataset = await fetch_dataset(deps, request)
    dataset = await asyncio.to_thread(without, dataset, attempt.job.left_out)
    weights = await fetch_weights(deps, request.base_model, folder / "base.pt")
    train, val = (dataset.splits.get(split, ()) for split in ("train", "val"))
    facts = DataFacts(len(train), len(val or dataset.splits.get("test", ())), dataset.names)
    plan: Plan = plan_training(
        request.arguments, facts, weights=str(weights) if weights else None, device=device
    )
    if plan.fitted:
        await attempt.tell(TrainingPlanned, preset=request.arguments.preset, fitted=plan.fitted)
    data = await asyncio.to_thread(write_data_yaml, dataset, folder / "data.yaml")
    order = plan.order(data=str(data), save_dir=str(folder / "train"), resume=None)
    if smaller := attempt.job.batch_size:
        order["overrides"] = gathered(order["overrides"], smaller)
    return Prepared(order, dataset, sum(len(items) for items in dataset.splits.values()))


async def fetch_dataset(deps: Deps, request: TrainingRequested) -> Dataset:
    """The dataset as it lies on this machine now.

    Raises:
        BadInput: it cannot be used; with code `dataset_missing` where it is gone.
    """
    try:
        path = await materialise(request.dataset, deps.artifacts, deps.scratch / "datasets")
        return await asyncio.to_thread(read_dataset, path, allowed_roots(deps, request))
    except PermanentError as error:
        if error.code not in GONE:
            raise
        raise BadInput(
            f"the dataset {request.dataset.name} is not there any more ({error.message}): bring it "
            "back, then retry the training",
            code="dataset_missing",
        ) from error


async def heal(attempt: Attempt, trouble: Trouble, prepared: Prepared) -> None:
    """Tell how the next attempt avoids the trouble, if anything is known to help.

    Raises:
        PermanentError: the memory does not suffice for a single image.
    """
    names = tuple(sorted({named(image, prepared.dataset) for image in trouble.images}))
    found = remedy(
        trouble.code,
        names,
        batch=prepared.order["overrides"]["batch"],
        left_out=len(attempt.job.left_out),
        of=prepared.images,
        ranks=prepared.order["ranks"] * prepared.order["nodes"],
    )
    if found:
        await attempt.tell(
            TrainingAdjusted,
            error_code=trouble.code,
            message=found.message,
            batch_size=found.batch_size,
            left_out=found.left_out,
        )
    elif trouble.code in OF_RANKS:
        told = f"{trouble.message}: all ranks go on from the last checkpoint."
        await attempt.tell(TrainingAdjusted, error_code=trouble.code, message=told)
    elif trouble.code == "out_of_memory":
        raise PermanentError(trouble.message, code=trouble.code, console=trouble.console)


def named(image: Path, dataset: Dataset) -> str:
    """A file of the dataset, as it is called wherever the dataset lies."""
    real, root = image.resolve(), dataset.root.resolve()
    return real.relative_to(root).as_posix() if real.is_relative_to(root) else real.name


def without(dataset: Dataset, left_out: frozenset[str]) -> Dataset:
    """The dataset without the images of these names."""
    if not left_out:
        return dataset
    splits = {
        split: tuple(item for item in items if named(item.image, dataset) not in left_out)
        for split, items in dataset.splits.items()
    }
    return replace(dataset, splits=splits)


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
    target = target.with_suffix(weights_suffix(model))
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


@dataclass(frozen=True)
class Place:
    """Where a training goes on from: whole epochs, and the files of the checkpoint."""

    epoch: int
    files: dict[str, Artifact]
    extends: bool = False
    """It is the end of another run."""


async def fetch_checkpoint(attempt: Attempt, target: Path) -> Place | None:
    """Download the newest checkpoint; None when there is none, or none that is whole.

    Raises:
        BadInput: the run that this one extends left none.
    """
    request = attempt.job.request
    assert isinstance(request, TrainingRequested)
    own = attempt.job.checkpoint
    place = Place(own.epoch, own.files) if own else None
    if place is None and request.extends:
        place = Place(0, request.checkpoint, extends=True)
    if place is None:
        return None
    try:
        for name, artifact in place.files.items():
            store = attempt.deps.artifacts
            await store.get_file(artifact.key, target / name, sha256=artifact.sha256)
    except (NotFound, PermanentError) as error:
        if place.extends:
            raise BadInput(
                "the end of the run to extend is not in the store any more: use mode continue",
                code="checkpoint_missing",
            ) from error
        log.warning(
            "checkpoint unusable, starting over",
            extra={"job_id": attempt.job.id, "reason": error.message},
        )
        return None
    return place


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
