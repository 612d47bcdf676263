"""From the child's messages to facts: each epoch once, checkpoints in the store, progress live."""

import asyncio
import logging
import shutil
import time
from pathlib import Path
from typing import Any

from libs.common.errors import PermanentError, Unavailable
from libs.common.events import (
    Artifact,
    CheckpointSaved,
    EpochCompleted,
    SamplesDrawn,
    TrainingRequested,
)
from libs.common.work import Attempt
from services.trainer.admission import Admission, shape_of
from services.trainer.child import Child
from services.trainer.domain.estimate import pace_key
from services.trainer.domain.pace import remaining_s
from services.trainer.domain.rhythm import Rhythm
from services.trainer.patience import patiently
from services.trainer.trouble import (
    CRASH_SIGNALS,
    OF_RANKS,
    Trouble,
    being_read,
    crashed_workers,
    unreadable,
)

log = logging.getLogger(__name__)

CHECKPOINT_FIRST_S = 10.0
KEPT_CHECKPOINTS = 2
CANCEL_S = 1.0
LOOK_S = 2.0
IDLE_SHARE = 0.05
STACKS_S = 1.0
VALIDATES_S = 20.0
"""How long one that is to leave may take to end its validation."""
CONSOLE_S = 0.5
EPOCH_FIELDS = frozenset(EpochCompleted.model_fields) - {"kind", "job_id", "attempt"}

Message = dict[str, Any]


class Relay:
    """Listens to one child for one attempt."""

    def __init__(
        self, attempt: Attempt, child: Child, folder: Path, stall_s: float, admission: Admission
    ) -> None:
        self.admission = admission
        self.attempt, self.child, self.folder = attempt, child, folder
        self.store = attempt.deps.artifacts
        self.told = {epoch.epoch for epoch in attempt.job.epochs}
        former = attempt.job.checkpoint
        self.saved = [former.files] if former else []
        self.epochs: asyncio.Queue[Message | None] = asyncio.Queue()
        self.began_s, self.start_epoch = time.monotonic(), 0
        self.rhythm = Rhythm(stall_s, time.monotonic())
        self.hung: tuple[Path, ...] | None = None
        self.lines_told = self.batches = 0
        self.left = False
        self.batch: int | None = None

    async def run(self, order: Message) -> Message:
        """Train to the end; every epoch is told and its checkpoint stored when this returns.

        Returns:
            The child's `done` message, or `paused`.

        Raises:
            PermanentError: the child says why it cannot go on.
            Trouble: it died, hangs, or ran out of memory; a retry goes on from the checkpoint.
        """
        self.batch = max(0, order["overrides"]["batch"])  # the preset may have chosen it
        publisher = asyncio.create_task(self._publish())
        others = (self._keep(), self._pause(), self._watch(), self._tell_console())
        keepers = [asyncio.create_task(each) for each in others]
        last: Message | None = None
        try:
            async for message in self.child.messages(order, console=self.folder / "console.log"):
                if (task := asyncio.current_task()) and task.cancelling():
                    raise asyncio.CancelledError  # a wait_for below us swallowed it (3.11)
                last = message
                await self._take(message)
                if message["type"] in ("done", "failed", "paused"):
                    break
            if self.left or (last and last["type"] == "paused"):
                await self._give_place()
            await self.epochs.put(None)
            await publisher
        finally:
            await over(publisher, *keepers)
        return self._verdict(last)

    async def _take(self, message: Message) -> None:
        kind = message["type"]
        self.rhythm.heard(kind, time.monotonic())
        if kind in ("started", "resumed_at_end"):
            self.began_s, self.start_epoch = time.monotonic(), message.get("start_epoch", 0)
            for epoch in message["history"]:  # in the checkpoint, perhaps not yet in the log
                await self.epochs.put(epoch)
        elif kind in ("epoch", "checkpoint"):
            self._learn(message)
            await self.epochs.put(message)
        elif kind == "meeting":
            waits = f"waits for {message['hosts']} hosts to meet at {message['endpoint']}"
            await self.attempt.progress(done=0, of=1, stage="waiting", waiting_reason=waits)
        elif kind == "batch":
            await self._progress(message)

    def _learn(self, message: Message) -> None:
        """Memory and time that a training really took decide about the next one like it."""
        request = self.attempt.job.request
        assert isinstance(request, TrainingRequested)
        peak, card = message.get("gpu_peak_bytes"), message.get("gpu_name")
        shape = shape_of(request.arguments, self.batch or self.attempt.job.batch_size)
        if peak and card:
            self.admission.learn(shape, card, peak)
        if message["type"] == "epoch" and self.batches:
            pace_s = message["seconds"] / (self.batches * shape.batch * shape.ranks)
            self.admission.paces.learn(pace_key(card or "cpu", shape), pace_s)

    async def _progress(self, message: Message) -> None:
        batches, before = message["of"], message["epoch"] - 1
        self.batches = batches
        done, total = before * batches + message["done"], message["epochs"] * batches
        eta_s = remaining_s(
            elapsed_s=time.monotonic() - self.began_s,
            done=done - self.start_epoch * batches,
            left=total - done,
        )
        if eta_s is not None:
            self.admission.ends_in_s[self.attempt.job.id] = eta_s
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
            eta_s=eta_s,
        )

    async def _keep(self) -> None:
        await self.attempt.keep.wait()
        self.child.finish()

    async def _pause(self) -> None:
        await self.attempt.pause.wait()
        if self.batches:
            self.child.pause()
            asked_s = time.monotonic()
            while not self._validates_long(time.monotonic() - asked_s):  # noqa: ASYNC110 - a clock
                await asyncio.sleep(VALIDATES_S / 10)
        # nothing to lose before the first batch, and a long validation can be done again
        self.left = True
        await self.child.end()

    def _validates_long(self, waited_s: float) -> bool:
        """Whether a validation holds up one that is to leave; to finish needs it."""
        validates = self.rhythm.kind == "validating" and not self.attempt.keep.is_set()
        return validates and waited_s >= VALIDATES_S

    async def _give_place(self) -> None:
        """The process goes before its last checkpoint is stored: others may begin meanwhile."""
        await self.child.end()
        self.admission.leave(self.attempt.job.id)
        self.attempt.free.set()

    async def _watch(self) -> None:
        """End a child that does not move any more, after a look at where it is."""
        used_s = 0.0
        while not self.rhythm.stalled(time.monotonic()):
            await asyncio.sleep(min(LOOK_S, self.rhythm.floor_s / 4))
            if time.monotonic() - self.rhythm.heard_at > self.rhythm.floor_s / 4:
                now_s = await asyncio.to_thread(self.child.used_cpu_s)
                if now_s - used_s > IDLE_SHARE * LOOK_S:
                    self.rhythm.busy(time.monotonic())
                used_s = now_s
        self.child.show_stacks()
        await asyncio.sleep(STACKS_S)
        self.hung = tuple(being_read(self.folder / "train").values())
        log.error("training stalled", extra={"job_id": self.attempt.job.id})
        await self.child.end()

    async def _tell_console(self) -> None:
        """What the child prints, as it comes; lines are numbered from 1 within the attempt."""
        topic = f"console.training.{self.attempt.job.id}"
        while True:
            await asyncio.sleep(CONSOLE_S)
            lines = [self.child.fresh.popleft() for _ in range(len(self.child.fresh))]
            if lines:
                told = {"attempt": self.attempt.number, "first": self.lines_told + 1}
                await self.attempt.deps.bus.tell(topic, told | {"lines": lines})
                self.lines_told += len(lines)

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
        if epoch.get("type") == "checkpoint" or epoch["epoch"] in self.told:
            return
        fields = {name: value for name, value in epoch.items() if name in EPOCH_FIELDS}
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

    def _verdict(self, last: Message | None) -> Message:
        console = tuple(self.child.console)
        if last and last["type"] in ("done", "paused"):
            return last
        if self.left:
            return {"type": "paused"}
        if self.hung is not None:
            told = f"no batch for {self.rhythm.limit_s:.0f} s: it was ended; see the stacks above"
            raise Trouble(told, code="training_stalled", console=console, images=self.hung)
        told = last["message"] if last and last["type"] == "failed" else "it was killed"
        code = last["code"] if last and last["type"] == "failed" else ""
        if code == "poison_image" and (image := unreadable(told)):
            raise Trouble(told, code=code, console=console, images=(image,))
        if code == "out_of_memory":
            raise Trouble(told, code=code, console=console)
        reading = being_read(self.folder / "train")
        if code in OF_RANKS and last:
            images = tuple(reading[pid] for pid in last["crashed"] if pid in reading)
            raise Trouble(told, code=code, console=console, images=images)
        if code:
            raise PermanentError(told, code=code, console=console)
        crashed = crashed_workers(told)
        if self.child.exit_code in CRASH_SIGNALS:
            crashed, told = frozenset({self.child.pid}), f"it crashed ({self.child.exit_code})"
        raise Trouble(
            f"the training process ended before its work did: {told}",
            code="training_crashed",
            console=console,
            images=tuple(reading[pid] for pid in crashed if pid in reading),
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
