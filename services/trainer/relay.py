"""From the child's messages to facts: each epoch once, checkpoints in the store, progress live."""

import asyncio
import logging
import shutil
import time
from pathlib import Path
from typing import Any

from libs.common.errors import PermanentError, TransientError, Unavailable
from libs.common.events import Artifact, CheckpointSaved, EpochCompleted, TrainingRequested
from libs.common.work import Attempt
from services.trainer.child import Child
from services.trainer.domain.pace import remaining_s

log = logging.getLogger(__name__)

CHECKPOINT_FIRST_S = 10.0
KEPT_CHECKPOINTS = 2
CANCEL_S = 1.0
EPOCH_FIELDS = frozenset(EpochCompleted.model_fields) - {"kind", "job_id", "attempt"}

Message = dict[str, Any]


class Relay:
    """Listens to one child for one attempt."""

    def __init__(self, attempt: Attempt, child: Child, folder: Path) -> None:
        self.attempt, self.child, self.folder = attempt, child, folder
        self.store = attempt.deps.artifacts
        self.told = {epoch.epoch for epoch in attempt.job.epochs}
        former = attempt.job.checkpoint
        self.saved = [former.files] if former else []
        self.epochs: asyncio.Queue[Message | None] = asyncio.Queue()
        self.began_s, self.start_epoch = time.monotonic(), 0

    async def run(self, order: Message) -> Message:
        """Train to the end; every epoch is told and its checkpoint stored when this returns.

        Returns:
            The child's `done` message.

        Raises:
            PermanentError: the child says why it cannot go on.
            TransientError: it died, or what it says may pass; a retry goes on from the checkpoint.
        """
        publisher = asyncio.create_task(self._publish())
        keeper = asyncio.create_task(self._keep())
        last: Message | None = None
        try:
            async for message in self.child.messages(order, console=self.folder / "console.log"):
                if (task := asyncio.current_task()) and task.cancelling():
                    raise asyncio.CancelledError  # a wait_for below us swallowed it (3.11)
                last = message
                await self._take(message)
                if message["type"] in ("done", "failed"):
                    break
            await self.epochs.put(None)
            await publisher
        finally:
            await over(publisher, keeper)
        return self._verdict(last)

    async def _take(self, message: Message) -> None:
        kind = message["type"]
        if kind in ("started", "resumed_at_end"):
            self.began_s, self.start_epoch = time.monotonic(), message.get("start_epoch", 0)
            for epoch in message["history"]:  # in the checkpoint, perhaps not yet in the log
                await self.epochs.put(epoch)
        elif kind == "epoch":
            await self.epochs.put(message)
        elif kind == "batch":
            await self._progress(message)

    async def _progress(self, message: Message) -> None:
        batches, before = message["of"], message["epoch"] - 1
        done, total = before * batches + message["done"], message["epochs"] * batches
        await self.attempt.progress(
            done=done,
            of=total,
            stage="train",
            epoch=message["epoch"],
            epochs=message["epochs"],
            batch=message["done"],
            batches=batches,
            losses=message["losses"],
            images_per_s=message["images_per_s"],
            eta_s=remaining_s(
                elapsed_s=time.monotonic() - self.began_s,
                done=done - self.start_epoch * batches,
                left=total - done,
            ),
        )

    async def _keep(self) -> None:
        await self.attempt.keep.wait()
        self.child.finish()

    async def _publish(self) -> None:
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
        if epoch["epoch"] in self.told:
            return
        fields = {name: value for name, value in epoch.items() if name in EPOCH_FIELDS}
        await self.attempt.tell(EpochCompleted, **fields)
        self.told.add(epoch["epoch"])

    async def _save(self, message: Message) -> None:
        """Upload a checkpoint and tell it; while the store is away training goes on without."""
        epoch = message["epoch"]
        request = self.attempt.job.request
        assert isinstance(request, TrainingRequested)
        prefix = f"{attempt_prefix(request, self.attempt)}/checkpoints/{epoch:05d}"
        paths = {name: Path(path) for name, path in message["checkpoint"].items()}
        try:
            files = await self._upload(prefix, paths)
            await self.attempt.tell(CheckpointSaved, epoch=epoch, files=files)
            await self._prune(files)
        except Unavailable as error:
            log.warning(
                "checkpoint not stored",
                extra={"job_id": request.job_id, "epoch": epoch, "reason": error.message},
            )
            return
        for folder in paths["state.pt"].parent.parent.iterdir():
            if folder.name <= f"{epoch:05d}":
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
        """Keep the newest checkpoints; the one before the last may still be read by somebody."""
        self.saved.append(files)
        while len(self.saved) > KEPT_CHECKPOINTS:
            old = self.saved.pop(0)
            await self.store.delete(*{artifact.key for artifact in old.values()})

    def _verdict(self, last: Message | None) -> Message:
        console = tuple(self.child.console)
        if last and last["type"] == "done":
            return last
        if last and last["type"] == "failed" and last["code"]:
            raise PermanentError(last["message"], code=last["code"], console=console)
        reason = last["message"] if last and last["type"] == "failed" else "it was killed"
        raise TransientError(
            f"the training process ended before its work did: {reason}",
            code="training_crashed",
            console=console,
        )


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
