"""Facts of a training, for tests of those who only read the log."""

from libs.common.events import EpochCompleted


def epoch(job_id: str, number: int) -> EpochCompleted:
    """The `number`-th of three; its numbers follow from it."""
    return EpochCompleted(
        job_id=job_id,
        attempt=1,
        epoch=number,
        epochs=3,
        train_losses={"box_loss": 2.0 / number},
        val_losses={"box_loss": 3.0 / number},
        precision=0.5,
        recall=0.25,
        map50=number / 10,
        map50_95=number / 20,
        learning_rates={"pg0": 0.01},
        seconds=1.5,
    )
