"""A training from its request to its end: prepare, train in a child, tell, publish."""

import asyncio
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from libs.common import tracing
from libs.common.errors import PermanentError, TransientError
from libs.common.events import (
    TrainingAdjusted,
    TrainingPaused,
    TrainingRequested,
    TrainingStarted,
)
from libs.common.work import Attempt, HandedBack
from services.trainer.admission import Admission
from services.trainer.child import Child
from services.trainer.domain.healing import remedy
from services.trainer.domain.levers import LEVERS
from services.trainer.domain.plan import MEET_S
from services.trainer.gpu import read_gpus
from services.trainer.prepare import Prepared, fetch_checkpoint, named, prepare
from services.trainer.publish import publish
from services.trainer.relay import Relay
from services.trainer.stock import Stock
from services.trainer.trouble import OF_RANKS, Trouble


class Trainings:
    """All trainings of this service; `pids` are those that run, job id by process id."""

    def __init__(
        self,
        stock: Stock,
        peaks: Path,
        *,
        stall_s: float = 60.0,
        checkpoint_s: float = 45.0,
        meet_s: float = MEET_S,
        levers: Iterable[str] = LEVERS,
    ) -> None:
        self.stock, self.stall_s = stock, stall_s
        self.paces_s = {"checkpoint_s": checkpoint_s, "meet_s": meet_s}
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
            prepared.order.update(self.paces_s, levers=self.levers)
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
            with tracing.continued(done.get("traceparent")):
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
        order["traceparent"] = tracing.traceparent()
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


async def heal(attempt: Attempt, trouble: Trouble, prepared: Prepared) -> None:
    """Tell what happened, and how the next attempt avoids it, if anything is known to help.

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
    elif trouble.code == "out_of_memory":
        raise PermanentError(trouble.message, code=trouble.code, console=trouble.console)
    else:
        goes_on = "all ranks go on" if trouble.code in OF_RANKS else "the next attempt goes on"
        told = f"{trouble.message}. From the last checkpoint {goes_on}."
        await attempt.tell(TrainingAdjusted, error_code=trouble.code, message=told)


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
