"""What a child made and said, kept: checkpoints in the store, each epoch a fact, once."""

import asyncio
import logging
import shutil
from pathlib import Path
from typing import Any

from libs.common import tracing
from libs.common.errors import Unavailable
from libs.common.events import (
    Artifact,
    CheckpointSaved,
    EpochCompleted,
    SamplesDrawn,
    TrainingRequested,
)
from libs.common.work import Attempt
from services.trainer.patience import patiently

log = logging.getLogger(__name__)

CHECKPOINT_FIRST_S = 10.0
KEPT_CHECKPOINTS = 2
CANCEL_S = 1.0
EPOCH_FIELDS = frozenset(EpochCompleted.model_fields) - {"kind", "job_id", "attempt"}

Message = dict[str, Any]


class Keeper:
    """Stores and tells what one attempt brings, in the order in which it comes."""

    def __init__(self, attempt: Attempt) -> None:
        self.attempt, self.store = attempt, attempt.deps.artifacts
        self.told = {epoch.epoch for epoch in attempt.job.epochs}
        former = attempt.job.checkpoint
        self.saved = [former.files] if former else []
        self.epochs: asyncio.Queue[Message | None] = asyncio.Queue()

    async def take(self, message: Message) -> None:
        """An epoch, or a checkpoint within one."""
        await self.epochs.put(message)

    async def end(self) -> None:
        """Nothing more comes."""
        await self.epochs.put(None)

    async def publish(self) -> None:
        """Checkpoint first, then the epochs it holds; a slow store skips to the newest."""
        ended = False
        while not ended:
            waiting = [await self.epochs.get()]
            while not self.epochs.empty():
                waiting.append(self.epochs.get_nowait())
            ended = waiting[-1] is None
            epochs = [message for message in waiting if message is not None]
            saving = None
            if newest := next((each for each in reversed(epochs) if "checkpoint" in each), None):
                with tracing.continued(newest.get("traceparent")):
                    saving = asyncio.create_task(self._save(newest))
            try:
                if saving:
                    await asyncio.wait({saving}, timeout=CHECKPOINT_FIRST_S)
                for epoch in epochs:
                    await self._tell(epoch)
                if saving:
                    await saving
            finally:
                if saving:
                    await over(saving)

    async def _tell(self, epoch: Message) -> None:
        """Each epoch is one fact, however many attempts it took."""
        if epoch.get("type") == "checkpoint" or epoch["epoch"] in self.told:
            return
        fields = {name: value for name, value in epoch.items() if name in EPOCH_FIELDS}
        with tracing.continued(epoch.get("traceparent")):
            await self.attempt.tell(EpochCompleted, **fields)
            self.told.add(epoch["epoch"])
            if "samples" in epoch:
                await self._tell_samples(epoch["epoch"], dict(epoch["samples"]))

    async def _tell_samples(self, epoch: int, samples: Message) -> None:
        """Store the sheet of an epoch and tell it; the run can do without."""
        request, path = self.attempt.job.request, Path(samples.pop("path"))
        assert isinstance(request, TrainingRequested)
        prefix = attempt_prefix(request, self.attempt)
        try:
            picture = await self.store.put_file(f"{prefix}/samples/{path.name}", path)
        except Unavailable as error:
            fields = {"job_id": request.job_id, "epoch": epoch, "reason": error.message}
            log.warning("samples not stored", extra=fields)
            return
        await self.attempt.tell(SamplesDrawn, epoch=epoch, picture=picture, **samples)

    async def _save(self, message: Message) -> None:
        """Upload a checkpoint and tell it; while the store is away training goes on without."""
        epoch, batches = message["epoch"], message.get("batches", 0)
        request = self.attempt.job.request
        assert isinstance(request, TrainingRequested)
        paths = {name: Path(path) for name, path in message["checkpoint"].items()}
        name = paths["state.pt"].parent.name
        prefix = f"{attempt_prefix(request, self.attempt)}/checkpoints/{name}"
        try:
            if self.attempt.pause.is_set():  # it will not go on without: the place is given up
                files = await patiently(lambda: self._upload(prefix, paths))
            else:
                files = await self._upload(prefix, paths)
            await self.attempt.tell(CheckpointSaved, epoch=epoch, batches=batches, files=files)
            await self._prune(files)
        except Unavailable as error:
            log.warning(
                "checkpoint not stored",
                extra={"job_id": request.job_id, "epoch": epoch, "reason": error.message},
            )
            return
        for folder in paths["state.pt"].parent.parent.iterdir():
            if folder.name <= name:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _upload(self, prefix: str, paths: dict[str, Path]) -> dict[str, Artifact]:
        """Each file once: the best epoch's best.pt is its last.pt."""
        by_inode: dict[int, Artifact] = {}
        files: dict[str, Artifact] = {}
        for name, path in paths.items():
            inode = path.stat().st_ino
            if inode not in by_inode:
                by_inode[inode] = await self.store.put_file(f"{prefix}/{name}", path)
            files[name] = by_inode[inode]
        return files

    async def _prune(self, files: dict[str, Artifact]) -> None:
        """Keep the newest checkpoints; the one before the last may still be read by somebody.

        While the bus is away all stay: the log names an older one.
        """
        self.saved.append(files)
        if self.attempt.deps.outbox.waiting:
            return
        while len(self.saved) > KEPT_CHECKPOINTS:
            old = self.saved.pop(0)
            await self.store.delete(*{artifact.key for artifact in old.values()})


async def over(*tasks: asyncio.Task[None]) -> None:
    """Cancel tasks until they are: `wait_for` of Python 3.11 may swallow a cancellation."""
    for task in tasks:
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=CANCEL_S)
        if not task.cancelled() and (error := task.exception()):
            log.debug("task ended with an error", extra={"reason": repr(error)})


def attempt_prefix(request: TrainingRequested, attempt: Attempt) -> str:
    """Where this attempt writes until it commits."""
    return f"{request.prefix}/.attempts/{attempt.job.id}-{attempt.number}"
