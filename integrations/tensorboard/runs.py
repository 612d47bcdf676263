"""A folder of event files for each training: `LOGDIR/project/experiment`."""

import json
from pathlib import Path

from tensorboardX import SummaryWriter

from integrations.trainings import scalars
from libs.common.cloudevents import Recorded
from libs.common.errors import BadInput
from libs.common.events import (
    EpochCompleted,
    TrainingAdjusted,
    TrainingCompleted,
    TrainingFailed,
    TrainingPlanned,
    TrainingRequested,
)
from libs.common.private_files import write_private

SHOWN_S = 1
MARK = ".shirushi.json"
EVENT_FILES = "events.out.tfevents.*"


class Runs:
    """Writes what it is given. A training that is begun again is written anew, so no step doubles.

    Args:
        logdir: what `tensorboard --logdir` is given; made if it is not there.

    Raises:
        BadInput: it is no folder that we may write to.
    """

    def __init__(self, logdir: Path) -> None:
        self.logdir = logdir.resolve()
        self.open: dict[str, tuple[SummaryWriter, Path]] = {}
        try:
            logdir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(
                f"{logdir} cannot be used for TensorBoard: {error.strerror}", code="bad_logdir"
            ) from error

    async def take(self, record: Recorded) -> None:
        """One event of the log, in its order."""
        event, at = record.event, record.time.timestamp()
        if isinstance(event, TrainingRequested):
            self._begin(event, at)
            return
        known = self.open.get(event.job_id)
        if known is None:
            return
        writer, folder = known
        if isinstance(event, EpochCompleted):
            for name, value in scalars(event).items():
                writer.add_scalar(name, value, event.epoch, walltime=at)
        elif isinstance(event, TrainingPlanned):
            rows = "\n".join(
                f"| {each.argument} | {each.value} | {each.reason} |" for each in event.fitted
            )
            text = f"| argument | value | why |\n| --- | --- | --- |\n{rows}"
            writer.add_text("fitted", text, 0, walltime=at)
        elif isinstance(event, TrainingAdjusted):
            writer.add_text("adjusted", event.message, 0, walltime=at)
        elif event.terminal:
            self._end(event, writer, at)
            _mark(folder, event.job_id, ended=event.kind)
            del self.open[event.job_id]

    def close(self) -> None:
        """Let go of all files; those of trainings that run are written anew at the next start."""
        for writer, _ in self.open.values():
            writer.close()
        self.open.clear()

    def _begin(self, event: TrainingRequested, at: float) -> None:
        folder = self._folder(event)
        marked = _read_mark(folder)
        if marked.get("ended"):
            return
        folder.mkdir(parents=True, exist_ok=True)
        if marked:
            for file in folder.glob(EVENT_FILES):
                file.unlink()
        _mark(folder, event.job_id, ended=None)
        writer = SummaryWriter(logdir=str(folder), flush_secs=SHOWN_S)
        arguments = event.arguments.model_dump(mode="json", exclude={"given"})
        writer.add_text("arguments", f"```\n{json.dumps(arguments, indent=2)}\n```", 0, walltime=at)
        writer.add_text("dataset", f"{event.dataset.name} {event.dataset.version or ''}", 0, at)
        self.open[event.job_id] = writer, folder

    def _end(self, event: object, writer: SummaryWriter, at: float) -> None:
        if isinstance(event, TrainingCompleted):
            for name, value in event.best_metrics.items():
                writer.add_scalar(f"best/{name}", value, event.best_epoch, walltime=at)
        elif isinstance(event, TrainingFailed):
            writer.add_text("failed", event.message, 0, walltime=at)
        writer.close()

    def _folder(self, event: TrainingRequested) -> Path:
        """Project and experiment are checked names; a second training of one name gets its id."""
        folder = self.logdir / event.project_name / event.experiment_name
        if _read_mark(folder).get("training_id", event.job_id) == event.job_id:
            return folder
        return folder.with_name(f"{folder.name}_{event.job_id}")


def _mark(folder: Path, training_id: str, *, ended: str | None) -> None:
    write_private(folder / MARK, json.dumps({"training_id": training_id, "ended": ended}))


def _read_mark(folder: Path) -> dict[str, str]:
    try:
        marked: dict[str, str] = json.loads((folder / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return marked
