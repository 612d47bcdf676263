"""What other tools are told of a training: numbers by name, at a step; and how far we have read."""

from collections.abc import Awaitable, Callable

from integrations.log import Places
from libs.common.bus import Bus
from libs.common.cloudevents import Recorded
from libs.common.events import EpochCompleted, TrainingRequested

PATTERNS = ("evt.training.>", "evt.analysis.>")


def scalars(epoch: EpochCompleted) -> dict[str, float]:
    """The numbers of one epoch under the names that YOLO's users know; the step is `epoch.epoch`.

    Losses are means over the epoch's batches, shares are 0 to 1, `time/epoch_s` in seconds.
    """
    return {
        **{f"train/{name}": value for name, value in epoch.train_losses.items()},
        **{f"val/{name}": value for name, value in epoch.val_losses.items()},
        "metrics/precision": epoch.precision,
        "metrics/recall": epoch.recall,
        "metrics/mAP50": epoch.map50,
        "metrics/mAP50-95": epoch.map50_95,
        **{f"lr/{name}": value for name, value in epoch.learning_rates.items()},
        "time/epoch_s": epoch.seconds,
    }


async def follow_trainings(
    bus: Bus, places: Places, name: str, take: Callable[[Recorded], Awaitable[None]]
) -> None:
    """Give each event of trainings and analyses to `take`, until cancelled.

    The place that is kept is the one before the oldest training that has not ended: after a
    restart `take` sees those trainings from their beginning again, and may see ended ones too.
    """
    running: dict[str, int] = {}
    async for record in bus.replay(*PATTERNS, after=places.of(name) or 0):
        await take(record)
        event = record.event
        if isinstance(event, TrainingRequested):
            running.setdefault(event.job_id, record.seq)
        elif event.terminal:
            running.pop(event.job_id, None)
        places.keep(name, min(running.values(), default=record.seq + 1) - 1)
