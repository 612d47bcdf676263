"""What a training needs, brought here: dataset, start weights, arguments, a checkpoint."""

import asyncio
import hashlib
import logging
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from libs.common.datasets import Dataset, Item, materialise, read_dataset, write_data_yaml
from libs.common.errors import BadInput, NotFound, PermanentError
from libs.common.events import Artifact, ModelRef, TrainingPlanned, TrainingRequested
from libs.common.service import Deps
from libs.common.weights import MISSING, weights_suffix
from libs.common.work import Attempt
from services.trainer.domain.healing import gathered
from services.trainer.domain.plan import DataFacts, Plan, plan_training

log = logging.getLogger(__name__)

GONE = frozenset({"not_found", "no_such_artifact"})
"""Codes of a folder, a bucket or a stored version that is not there."""


@dataclass(frozen=True)
class Prepared:
    """What a child needs, and what is known of the data."""

    order: dict[str, Any]
    dataset: Dataset
    images: int


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
    shown = replace(dataset, splits=trained_on(dataset))
    data = await asyncio.to_thread(write_data_yaml, shown, folder / "data.yaml")
    order = plan.order(data=str(data), save_dir=str(folder / "train"), resume=None)
    order["places"] = [str(folder)]  # links to the dataset lie there
    roots = allowed_roots(deps, request)
    order["roots"] = [str(root) for root in (*roots, folder)] if roots else []
    if smaller := attempt.job.batch_size:
        order["overrides"] = gathered(order["overrides"], smaller)
    return Prepared(order, dataset, sum(len(items) for items in dataset.splits.values()))


def trained_on(dataset: Dataset) -> dict[str, tuple[Item, ...]]:
    """The splits that a training reads."""
    wanted = ("train", "val") if dataset.splits.get("val") else ("train", "test")
    return {split: items for split, items in dataset.splits.items() if split in wanted}


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
    except MISSING as error:
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


def file_sha256(path: Path) -> str:
    """Of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
