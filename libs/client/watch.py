"""Follow one training on the terminal: its state is the same fold that the gateway uses."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table

from libs.client.client import Client
from libs.client.stream import Frame
from libs.common.events import EpochCompleted, TrainingCompleted, TrainingRequested
from libs.common.jobs import Job, apply

_ROWS_SHOWN = 8
_RECENT_EPOCHS = 5


@dataclass(frozen=True)
class TrainingView:
    """What is known of one training: the fold of its facts, and the newest reading."""

    training_id: str
    job: Job | None = None
    batch: int = 0
    batches: int = 0
    stage: str = ""

    @property
    def epochs_planned(self) -> int:
        """In total; 0 as long as the request was not seen."""
        request = self.job.request if self.job else None
        return request.arguments.epochs if isinstance(request, TrainingRequested) else 0

    @property
    def epochs_done(self) -> int:
        """1-based number of the last finished epoch."""
        return self.job.epochs[-1].epoch if self.job and self.job.epochs else 0

    @property
    def best_map50(self) -> float:
        """Best mAP50 on the validation split so far."""
        return max((epoch.map50 for epoch in self.job.epochs), default=0.0) if self.job else 0.0

    @property
    def remaining_s(self) -> float | None:
        """Estimate: open epochs at the median pace of the last five. None before the first."""
        if not self.job or not self.job.epochs:
            return None
        pace_s = median(epoch.seconds for epoch in self.job.epochs[-_RECENT_EPOCHS:])
        begun = self.batch / self.batches if self.batches else 0.0
        return max(self.epochs_planned - self.epochs_done - begun, 0.0) * pace_s


def advance(view: TrainingView, frame: Frame) -> TrainingView:
    """The view after one more frame; frames of other jobs change nothing."""
    if frame.subject != view.training_id:
        return view
    if frame.type == "telemetry.progress":
        return _read(view, frame.data)
    record = frame.recorded()
    if record is None:
        return view
    view = replace(view, job=apply(view.job, record))
    if isinstance(record.event, EpochCompleted):
        view = replace(view, batch=0)  # its batches are inside the epoch that is done
    return view


def _read(view: TrainingView, reading: dict[str, Any]) -> TrainingView:
    """Batches of the running attempt; a zombie's readings count for nothing."""
    if view.job and int(reading.get("attempt") or 0) < view.job.attempt:
        return view
    return replace(
        view,
        batch=int(reading.get("batch") or 0),
        batches=int(reading.get("batches") or 0),
        stage=str(reading.get("stage") or ""),
    )


def watch(client: Client, training_id: str, console: Console) -> Job:
    """Show the training until it ends; a table that moves on a terminal, else a line per epoch.

    Args:
        client: of the gateway that knows the training.
        training_id: which one.
        console: where to show it.

    Raises:
        Unreachable: the gateway stayed away for a minute.
    """
    frames = client.events(
        topics=(f"training.*.*.{training_id}", f"telemetry.progress.training.{training_id}")
    )
    view = TrainingView(training_id)
    return _moving(frames, view, console) if console.is_terminal else _lines(frames, view, console)


def _lines(frames: Iterable[Frame], view: TrainingView, console: Console) -> Job:
    told = 0
    for frame in frames:
        planned = view.job.planned if view.job else None
        view = advance(view, frame)
        if view.job and view.job.planned and planned is None:
            console.print("\n".join(fitted(view.job)), highlight=False)
        if view.job and view.epochs_done > told:
            told = view.epochs_done
            console.print(_sentence(view.job.epochs[-1], view), highlight=False)
        if view.job and view.job.finished:
            return view.job
    raise AssertionError("the stream of events has no end")


def fitted(job: Job) -> list[str]:
    """What the preset set, and why: a line each."""
    return [
        f"{each.argument} {each.value}"
        + (f" instead of {each.instead_of}" if each.instead_of is not None else "")
        + f": {each.reason}"
        for each in (job.planned.fitted if job.planned else ())
    ]


def _moving(frames: Iterable[Frame], view: TrainingView, console: Console) -> Job:
    bars = Progress(
        TextColumn("{task.description:<8}"),
        BarColumn(bar_width=40),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
    )
    epochs = bars.add_task("epochs", total=None, note="waiting for a trainer")
    batches = bars.add_task("batches", total=None, note="")
    with Live(console=console, refresh_per_second=8) as live:
        for frame in frames:
            planned = view.job.planned if view.job else None
            view = advance(view, frame)
            if view.job and view.job.planned and planned is None:
                live.console.print("\n".join(fitted(view.job)), highlight=False)
            _move(bars, epochs, batches, view)
            live.update(Group(epoch_table(view), bars))
            if view.job and view.job.finished:
                return view.job
    raise AssertionError("the stream of events has no end")


def _move(bars: Progress, epochs: TaskID, batches: TaskID, view: TrainingView) -> None:
    left_s = view.remaining_s
    status = view.job.status if view.job else "queued"
    note = f"{status}, best mAP50 {view.best_map50:.3f}, {clock(left_s)} left" if left_s else status
    bars.update(epochs, total=view.epochs_planned or None, completed=view.epochs_done, note=note)
    bars.update(batches, total=view.batches or None, completed=view.batch, note=view.stage)


def epoch_table(view: TrainingView) -> Table:
    """The last epochs: losses, precision, recall, mAP, seconds."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("epoch", "box", "cls", "dfl", "precision", "recall", "mAP50", "mAP50-95", "s"):
        table.add_column(name, justify="right", min_width=7)
    for epoch in view.job.epochs[-_ROWS_SHOWN:] if view.job else ():
        losses = [epoch.train_losses.get(f"{name}_loss", 0.0) for name in ("box", "cls", "dfl")]
        shares = (epoch.precision, epoch.recall, epoch.map50, epoch.map50_95)
        table.add_row(
            f"{epoch.epoch}/{epoch.epochs}",
            *(f"{value:.3f}" for value in (*losses, *shares)),
            f"{epoch.seconds:.1f}",
            style="green" if epoch.best else None,
        )
    return table


def _sentence(epoch: EpochCompleted, view: TrainingView) -> str:
    losses = " ".join(f"{name} {value:.3f}" for name, value in epoch.train_losses.items())
    return (
        f"epoch {epoch.epoch}/{epoch.epochs}  {losses}  mAP50 {epoch.map50:.3f}  "
        f"mAP50-95 {epoch.map50_95:.3f}  {epoch.seconds:.1f} s, {clock(view.remaining_s)} left"
    )


def clock(seconds: float | None) -> str:
    """Seconds as m:ss or h:mm:ss; a dash for None."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def ending(job: Job) -> str:
    """One sentence on how the training ended."""
    outcome = job.outcome
    if isinstance(outcome, TrainingCompleted):
        metrics = outcome.best_metrics
        return (
            f"completed: {outcome.epochs_done} epochs in {clock(outcome.seconds)}, best epoch "
            f"{outcome.best_epoch} with mAP50 {metrics.get('map50', 0.0):.3f}, "
            f"mAP50-95 {metrics.get('map50_95', 0.0):.3f}"
        )
    message = getattr(outcome, "message", "")
    return f"{job.status}: {message}" if message else job.status
