"""Trainings as a log of years holds them: events of runs that no trainer ran."""

import asyncio
from collections.abc import Sequence

from libs.common.bus import Bus
from libs.common.events import (
    DatasetRef,
    EpochCompleted,
    Event,
    TrainingArguments,
    TrainingCompleted,
    TrainingRequested,
    TrainingStarted,
)

AT_ONCE = 100


async def publish_all(bus: Bus, events: Sequence[Event]) -> None:
    """Many at once, in stretches."""
    for first in range(0, len(events), AT_ONCE):
        await asyncio.gather(*(bus.publish(event) for event in events[first : first + AT_ONCE]))


def begun(job_id: str, epochs: int = 100) -> tuple[Event, Event]:
    """A training that was asked for and taken up."""
    asked = TrainingRequested(
        job_id=job_id,
        dataset=DatasetRef(name="logos", version="v3"),
        arguments=TrainingArguments(mode="full", epochs=min(1000, epochs)),
        project_name="bench",
        experiment_name=job_id,
    )
    started = TrainingStarted(
        job_id=job_id, attempt=1, worker="host:1", device="cuda:0", from_epoch=0
    )
    return asked, started


def epoch_of(job_id: str, epoch: int, epochs: int) -> EpochCompleted:
    """One epoch with all its curves, a little restless; `epochs` >= `epoch`."""
    share = epoch / epochs
    rest = ((epoch * 2654435761) % 1000) / 20_000
    losses = {f"{name}_loss": 2 - 1.5 * share + rest for name in ("box", "cls", "dfl")}
    quality = min(1.0, 0.9 * share + rest)
    return EpochCompleted(
        job_id=job_id,
        attempt=1,
        epoch=epoch,
        epochs=epochs,
        train_losses=losses,
        val_losses={name: value * 1.1 for name, value in losses.items()},
        precision=quality,
        recall=quality,
        map50=quality,
        map50_95=quality * 0.8,
        learning_rates={f"pg{group}": 0.01 * (1 - share) for group in range(3)},
        seconds=9 + rest,
    )


def completed(job_id: str, epochs: int) -> TrainingCompleted:
    """Its end."""
    return TrainingCompleted(
        job_id=job_id,
        attempt=1,
        epochs_done=epochs,
        best_epoch=epochs,
        best_metrics={"precision": 0.9, "recall": 0.8, "map50": 0.85, "map50_95": 0.7},
        classes=("nike", "puma"),
        seconds=9.0 * epochs,
        artifacts={},
    )


async def many_runs(bus: Bus, runs: int, epochs: int) -> list[str]:
    """Completed trainings; their ids, the oldest first."""
    ids = [f"run{number:04}" for number in range(runs)]
    for stage in (0, 1):
        await publish_all(bus, [begun(job_id)[stage] for job_id in ids])
    for epoch in range(1, epochs + 1):
        await publish_all(bus, [epoch_of(job_id, epoch, epochs) for job_id in ids])
    await publish_all(bus, [completed(job_id, epochs) for job_id in ids])
    return ids
