"""Lets trainings onto GPUs as their memory allows, strangers' use included; says why one waits."""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from libs.common.errors import PermanentError
from libs.common.events import TrainingArguments
from libs.common.work import Attempt, Leaving
from services.trainer.domain.devices import Gpu, choose_device
from services.trainer.domain.memory import Shape, admit, largest_batch, needed_bytes
from services.trainer.domain.room import Hold, who_leaves
from services.trainer.gpu import read_gpus
from services.trainer.paces import Paces

log = logging.getLogger(__name__)

LOOK_S = 2.0


@dataclass
class Place:
    """A training's hold on a card: what it was promised and may not have taken yet."""

    uuid: str
    need_bytes: int
    attempt: Attempt
    pid: int | None = None


@dataclass(frozen=True)
class Leased:
    """Room that others than trainings have, until they give it back or say nothing more."""

    uuid: str
    need_bytes: int
    pid: int | None
    holder: str
    device: str
    until_s: float


@dataclass
class Admission:
    """The cards of this host, as seen by its trainings. `peaks` is a file that may be lost."""

    peaks: Path
    places: dict[str, Place] = field(default_factory=dict)
    leases: dict[str, Leased] = field(default_factory=dict)
    ends_in_s: dict[str, float] = field(default_factory=dict)
    """How long running trainings still take, by job id, where it is known."""

    @property
    def paces(self) -> Paces:
        """Seconds per image of what was trained here, beside the peaks."""
        return Paces(self.peaks.with_name("paces.json"))

    def forecast(
        self, arguments: TrainingArguments, gpus: Sequence[Gpu]
    ) -> tuple[int, bool, list[Gpu]]:
        """What `enter` would go by now: bytes needed, whether they were measured, free cards."""
        need, shape = self._need(arguments, None, gpus[0])
        measured = shape.key(gpus[0].name) in self._known()
        return need, measured, [self.promised(gpu) for gpu in gpus]

    async def enter(self, attempt: Attempt, arguments: TrainingArguments) -> str:
        """Wait until the training fits, and hold its place until `leave`.

        Returns:
            The device as ultralytics names it.

        Raises:
            PermanentError: it can never fit here (`gpu_too_small`), there is no such device, or
                the card it ran on is gone and there is no other (`gpu_lost`).
        """
        while True:
            gpus = await asyncio.to_thread(read_gpus)
            device = choose_device(arguments.device, gpus)
            if device.startswith("cpu"):
                self._refuse_after_loss(attempt, arguments)
                return device
            wanted = [gpu for gpu in gpus if arguments.device is None or str(gpu.index) == device]
            need, shape = self._need(arguments, attempt.job.batch_size, wanted[0])
            share = arguments.gpu_load_rate
            found = admit(need, [self.promised(gpu) for gpu in wanted], share=share)
            if found.gpu:
                self.places[attempt.job.id] = Place(found.gpu.uuid, need, attempt)
                return str(found.gpu.index)
            if found.hopeless:
                largest = max(gpu.memory_total_bytes for gpu in wanted)
                batch = largest_batch(shape, largest, share)
                hint = f". A batch of {batch} would fit" if batch else ""
                raise PermanentError(found.reason + hint, code="gpu_too_small")
            leaving = self._send_away(attempt, need, wanted)
            await self._wait(attempt, found.reason + leaving)

    def leave(self, job_id: str) -> None:
        """Give the place back; it may have none."""
        self.places.pop(job_id, None)
        self.ends_in_s.pop(job_id, None)

    def leased(self) -> dict[str, Leased]:
        """What is leased now; the leases of holders that died are over."""
        now_s = time.monotonic()
        self.leases = {id_: each for id_, each in self.leases.items() if each.until_s > now_s}
        return self.leases

    def shown(self) -> list[dict[str, Any]]:
        """The leases, as `/status` lists them."""
        return [
            {"holder": each.holder, "device": each.device, "need_bytes": each.need_bytes}
            for each in self.leased().values()
        ]

    def learn(self, shape: Shape, gpu: str, peak_bytes: int) -> None:
        """Keep the most that a training of this shape reserved on that kind of card."""
        known = self._known()
        key = shape.key(gpu)
        if peak_bytes > known.get(key, 0):
            fresh = self.peaks.with_suffix(".new")
            fresh.write_bytes(orjson.dumps(known | {key: peak_bytes}))
            fresh.replace(self.peaks)

    def _send_away(self, attempt: Attempt, need_bytes: int, gpus: list[Gpu]) -> str:
        """Ask less urgent trainings to leave, if that makes room; what there is to say of it."""
        holds = [
            hold(place, gpu)
            for gpu in gpus
            for place in self.places.values()
            if place.uuid == gpu.uuid
        ]
        now_s = time.monotonic()
        cards = [self.promised(gpu) for gpu in gpus]
        asked = who_leaves(need_bytes, cards, holds, level=attempt.level, now_s=now_s)
        for job_id in asked:
            self.places[job_id].attempt.leave(Leaving("preempted", attempt.job.id))
            log.info("preempted", extra={"job_id": job_id, "by": attempt.job.id})
        leaving = [job_id for job_id, place in self.places.items() if place.attempt.leaving]
        return f"; {', '.join(leaving)} gives way" if leaving else ""

    async def _wait(self, attempt: Attempt, reason: str) -> None:
        if leased := [each.holder for each in self.leased().values()]:
            reason += f"; leased to {', '.join(leased)}"
        soonest = min(self.ends_in_s.values(), default=None)
        await attempt.progress(
            done=0, of=1, stage="waiting", waiting_reason=reason, starts_in_s=soonest
        )
        await asyncio.sleep(LOOK_S)

    def _need(self, arguments: TrainingArguments, batch: int | None, gpu: Gpu) -> tuple[int, Shape]:
        shape = shape_of(arguments, batch)
        return needed_bytes(shape, self._known().get(shape.key(gpu.name))), shape

    def promised(self, gpu: Gpu, but: str = "") -> Gpu:
        """The card with what was promised to others than `but`, and not taken yet, as used."""
        others: list[Place | Leased] = list(self.places.values())
        others += [lease for id_, lease in self.leased().items() if id_ != but]
        owed = sum(
            max(0, other.need_bytes - taken(other, gpu))
            for other in others
            if other.uuid == gpu.uuid
        )
        return replace(gpu, memory_used_bytes=gpu.memory_used_bytes + owed)

    def _known(self) -> dict[str, int]:
        try:
            found = orjson.loads(self.peaks.read_bytes())
        except (OSError, orjson.JSONDecodeError):
            return {}
        return found if isinstance(found, dict) else {}

    def _refuse_after_loss(self, attempt: Attempt, arguments: TrainingArguments) -> None:
        lost = any(each.error_code == "gpu_lost" for each in attempt.job.adjusted)
        if lost and arguments.device is None:
            raise PermanentError(
                "the GPU was lost in mid-training and this host has no other. Reset or replace it, "
                "then retry the training; or retry it with device cpu",
                code="gpu_lost",
            )


def taken(place: Place | Leased, gpu: Gpu) -> int:
    """Bytes of a card that somebody uses already."""
    return next((each.used_bytes for each in gpu.processes if each.pid == place.pid), 0)


def hold(place: Place, gpu: Gpu) -> Hold:
    """A place on that card, as `who_leaves` sees it."""
    return Hold(place.attempt.holder, gpu.uuid, max(place.need_bytes, taken(place, gpu)))


def shape_of(arguments: TrainingArguments, batch: int | None = None) -> Shape:
    """What decides about the memory; -1 for a batch that ultralytics fits itself counts as 16."""
    asked = arguments.batch_size if arguments.batch_size > 0 else 16
    return Shape(arguments.model_architecture, arguments.imgsz, batch or asked, arguments.amp)
