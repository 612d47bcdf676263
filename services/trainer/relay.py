"""Listens to a child: its progress live, what it makes to be kept, and ends it when it must."""

import asyncio
import logging
import time
from pathlib import Path
from typing import Any

from libs.common.events import TrainingAdjusted, TrainingRequested
from libs.common.tracing import Relayed
from libs.common.work import Attempt
from services.trainer.admission import Admission, shape_of
from services.trainer.child import Child
from services.trainer.domain.estimate import pace_key
from services.trainer.domain.pace import remaining_s
from services.trainer.domain.rhythm import Rhythm
from services.trainer.keeping import Keeper, over
from services.trainer.trouble import Trouble, being_read
from services.trainer.verdict import verdict

log = logging.getLogger(__name__)

LOOK_S = 2.0
IDLE_SHARE = 0.05
STACKS_S = 1.0
VALIDATES_S = 20.0
"""How long one that is to leave may take to end its validation."""
CONSOLE_S = 0.5

Message = dict[str, Any]


class Relay:
    """Listens to one child for one attempt."""

    def __init__(
        self, attempt: Attempt, child: Child, folder: Path, stall_s: float, admission: Admission
    ) -> None:
        self.admission = admission
        self.attempt, self.child, self.folder = attempt, child, folder
        self.keeper = Keeper(attempt)
        self.spans = Relayed("shirushi-training")
        self.began_s, self.start_epoch = time.monotonic(), 0
        self.rhythm = Rhythm(stall_s, time.monotonic())
        self.hung: tuple[Path, ...] | None = None
        self.lines_told = self.batches = 0
        self.left = self.said_all = False
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
        publisher = asyncio.create_task(self.keeper.publish())
        others = (self._keep(), self._pause(), self._watch(), self._tell_console())
        keepers = [asyncio.create_task(each) for each in others]
        last: Message | None = None
        try:
            async for message in self.child.messages(order, console=self.folder / "console.log"):
                if (task := asyncio.current_task()) and task.cancelling():
                    raise asyncio.CancelledError  # a wait_for below us swallowed it (3.11)
                if message["type"] == "span":
                    self.spans.take(message)
                    continue
                message["traceparent"] = self.spans.own(message.get("traceparent"))
                last = message
                await self._take(message)
                if message["type"] in ("done", "failed", "paused"):
                    self.said_all = True
                    break
            if self.left or (last and last["type"] == "paused"):
                await self._give_place()
            await self.keeper.end()
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
                await self.keeper.take(epoch)
        elif kind in ("epoch", "checkpoint"):
            self._learn(message)
            await self.keeper.take(message)
        elif kind == "meeting":
            waits = f"waits for {message['hosts']} hosts to meet at {message['endpoint']}"
            await self.attempt.progress(done=0, of=1, stage="waiting", waiting_reason=waits)
        elif kind == "begins":
            await self.attempt.progress(**place(message))
        elif kind == "recovered":
            epoch = message["epoch"]
            again = f"The loss was not finite in epoch {epoch}: it goes back to the weights before."
            told: Message = {"error_code": "loss_not_finite", "epoch": epoch, "message": again}
            await self.attempt.tell(TrainingAdjusted, **told)
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
        self.batches = batches = message["of"]
        reading = place(message)
        eta_s = remaining_s(
            elapsed_s=time.monotonic() - self.began_s,
            done=reading["done"] - self.start_epoch * batches,
            left=reading["of"] - reading["done"],
        )
        if eta_s is not None:
            self.admission.ends_in_s[self.attempt.job.id] = eta_s
        await self.attempt.progress(
            **reading,
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
        while self.said_all or not self.rhythm.stalled(time.monotonic()):  # it may still be stored
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

    def _verdict(self, last: Message | None) -> Message:
        """The child's last word, or why it has none."""
        if not (last and last["type"] in ("done", "paused")):
            if self.left:
                return {"type": "paused"}
            if self.hung is not None:
                told = (
                    f"no batch for {self.rhythm.limit_s:.0f} s: it was ended, and the console has "
                    "the stacks of its processes"
                )
                console = tuple(self.child.console)
                raise Trouble(told, code="training_stalled", console=console, images=self.hung)
        return verdict(last, self.child, self.folder / "train")


def place(message: Message) -> Message:
    """Where in its run a training is: batches of all epochs, the epoch, batches of it."""
    batches, before = message["of"], message["epoch"] - 1
    return {
        "done": before * batches + message["done"],
        "of": message["epochs"] * batches,
        "stage": "train",
        "epoch": message["epoch"],
        "epochs": message["epochs"],
        "batch": message["done"],
        "batches": batches,
    }
