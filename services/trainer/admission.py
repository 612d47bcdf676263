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
from services.trainer.domain.devices import Gpu, choose_device, device_count
from services.trainer.domain.memory import (
    Fit,
    Shape,
    admit,
    admit_together,
    largest_batch,
    needed_bytes,
)
from services.trainer.domain.room import Hold, fits_in_s, who_leaves, who_leaves_all
from services.trainer.gpu import read_gpus
from services.trainer.paces import Paces

log = logging.getLogger(__name__)

LOOK_S = 2.0


@dataclass
class Place:
    """A training's hold on cards: what it was promised on each and may not have taken yet."""

    uuids: tuple[str, ...]
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

    @property
    def uuids(self) -> tuple[str, ...]:
        """As of a place: a lease is on one card."""
        return (self.uuid,)


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
            named, together = device.split(","), "," in device
            wanted = [gpu for gpu in gpus if arguments.device is None or str(gpu.index) in named]
            needs = [self._need(arguments, attempt.job.batch_size, gpu) for gpu in wanted]
            need, shape = max(needs, key=lambda each: each[0]) if together else needs[0]
            share = arguments.gpu_load_rate
            seen = [self.promised(gpu) for gpu in wanted]
            found = (admit_together if together else admit)(need, seen, share=share)
            if found.gpu:
                cards = wanted if together else [found.gpu]
                uuids = tuple(gpu.uuid for gpu in cards)
                self.places[attempt.job.id] = Place(uuids, need, attempt)
                return device if together else str(found.gpu.index)
            if found.hopeless:
                raise _too_small(found, shape, wanted, share)
            leaving = self._send_away(attempt, need, wanted, together=together)
            cards, holds = [self.promised(gpu) for gpu in wanted], self._holds(wanted)
            starts_in_s = fits_in_s(need, cards, holds, self.ends_in_s, together=together)
            await self._wait(attempt, found.reason + leaving, starts_in_s)

    def leave(self, job_id: str) -> None:
        """Give the place back; it may have none."""
        self.places.pop(job_id, None)
        self.ends_in_s.pop(job_id, None)

    def leased(self) -> dict[str, Leased]:
        """What is leased now; the leases of holders that died are over."""
        now_s = time.monotonic()
        return {id_: each for id_, each in self.leases.items() if each.until_s > now_s}

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

    def known(self, shape: Shape, gpu: str) -> int | None:
        """The most that was measured; None = never."""
        return self._known().get(shape.key(gpu))

    def _send_away(
        self, attempt: Attempt, need_bytes: int, gpus: list[Gpu], *, together: bool
    ) -> str:
        """Ask less urgent trainings to leave, if that makes room; what there is to say of it."""
        now_s = time.monotonic()
        cards, holds = [self.promised(gpu) for gpu in gpus], self._holds(gpus)
        who = who_leaves_all if together else who_leaves
        asked = who(need_bytes, cards, holds, level=attempt.level, now_s=now_s)
        for job_id in asked:
            self.places[job_id].attempt.leave(Leaving("preempted", attempt.job.id))
            log.info("preempted", extra={"job_id": job_id, "by": attempt.job.id})
        leaving = [job_id for job_id, place in self.places.items() if place.attempt.leaving]
        return f"; {', '.join(leaving)} gives way" if leaving else ""

    def _holds(self, gpus: Sequence[Gpu]) -> list[Hold]:
        """Of the trainings on these cards."""
        return [
            hold(place, gpu)
            for gpu in gpus
            for place in self.places.values()
            if gpu.uuid in place.uuids
        ]

    async def _wait(self, attempt: Attempt, reason: str, starts_in_s: float | None) -> None:
        if leased := [each.holder for each in self.leased().values()]:
            reason += f"; leased to {', '.join(leased)}"
        await attempt.progress(
            done=0, of=1, stage="waiting", waiting_reason=reason, starts_in_s=starts_in_s
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
            if gpu.uuid in other.uuids
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


def _too_small(found: Fit, shape: Shape, gpus: Sequence[Gpu], share: float) -> PermanentError:
    """With the batch that would fit; the smallest of several cards decides."""
    totals = [gpu.memory_total_bytes for gpu in gpus]
    largest = min(totals) if shape.ranks > 1 else max(totals)
    batch = largest_batch(shape, largest, share) * shape.ranks
    hint = f". A batch of {batch} would fit" if batch else ""
    return PermanentError(found.reason + hint, code="gpu_too_small")


def taken(place: Place | Leased, gpu: Gpu) -> int:
    """Bytes of a card that somebody uses already."""
    if place.pid is None:
        return 0
    return sum(each.used_bytes for each in gpu.processes if place.pid in (each.pid, each.group))


def hold(place: Place, gpu: Gpu) -> Hold:
    """A place on that card, as `who_leaves` sees it."""
    return Hold(place.attempt.holder, gpu.uuid, max(place.need_bytes, taken(place, gpu)))


def shape_of(arguments: TrainingArguments, batch: int | None = None) -> Shape:
    """What decides about the memory; -1 for a batch that ultralytics fits itself counts as 16."""
    ranks = device_count(arguments.device or "") * arguments.nnodes
    asked = batch or (arguments.batch_size if arguments.batch_size > 0 else 16 * ranks)
    share = -(-asked // ranks)
    return Shape(arguments.model_architecture, arguments.imgsz, share, arguments.amp, ranks)
