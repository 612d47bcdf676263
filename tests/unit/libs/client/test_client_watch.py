"""What a watcher shows after any order of frames."""

import io
import json

import pytest
from rich.console import Console

from libs.client.stream import Frame, parse_frame
from libs.client.watch import (
    TrainingView,
    _lines,
    _moving,
    advance,
    clock,
    ending,
    epoch_table,
)
from libs.common.cloudevents import encode
from libs.common.events import (
    Artifact,
    DatasetRef,
    EpochCompleted,
    Event,
    Fitted,
    TrainingArguments,
    TrainingCompleted,
    TrainingFailed,
    TrainingPlanned,
    TrainingRequested,
    TrainingStarted,
)


def frame(event: Event, seq: int) -> Frame:
    envelope = json.loads(encode(event, source="test")) | {"seq": seq}
    parsed = parse_frame(json.dumps(envelope))
    assert parsed is not None
    return parsed


def requested(job_id: str = "t1") -> TrainingRequested:
    return TrainingRequested(
        job_id=job_id,
        dataset=DatasetRef(name="logos"),
        arguments=TrainingArguments(mode="full", epochs=4),
        experiment_name="one",
    )


def epoch(number: int, attempt: int = 1, map50: float = 0.5, seconds: float = 2.0) -> Event:
    return EpochCompleted(
        job_id="t1",
        attempt=attempt,
        epoch=number,
        epochs=4,
        train_losses={"box_loss": 1.0, "cls_loss": 2.0, "dfl_loss": 3.0},
        precision=0.4,
        recall=0.3,
        map50=map50,
        map50_95=map50 / 2,
        seconds=seconds,
    )


def started(attempt: int = 1) -> Event:
    return TrainingStarted(job_id="t1", attempt=attempt, worker="w", device="cpu", from_epoch=0)


def completed() -> Event:
    return TrainingCompleted(
        job_id="t1",
        attempt=1,
        epochs_done=4,
        best_epoch=3,
        best_metrics={"map50": 0.75, "map50_95": 0.5},
        classes=("nike",),
        seconds=75.0,
        artifacts={"best.pt": Artifact(key="k", size_bytes=1, sha256="0" * 64)},
    )


def reading(done: int, attempt: int = 1, job_id: str = "t1") -> Frame:
    data = {"area": "training", "attempt": attempt, "batch": done, "batches": 20, "stage": "train"}
    return Frame("telemetry.progress", job_id, data)


def seen(*events: Event | Frame) -> TrainingView:
    view = TrainingView("t1")
    for seq, event in enumerate(events, start=1):
        view = advance(view, event if isinstance(event, Frame) else frame(event, seq))
    return view


def test_the_time_left_is_the_open_epochs_at_the_median_pace() -> None:
    view = seen(requested(), started(), epoch(1, seconds=9), epoch(2, seconds=2), epoch(3))
    assert view.remaining_s == pytest.approx(2.0)
    half = advance(view, reading(10))
    assert half.remaining_s == pytest.approx(1.0)


def test_before_the_first_epoch_no_time_is_promised() -> None:
    assert seen(requested(), started(), reading(3)).remaining_s is None
    assert clock(None) == "–"


def test_a_finished_epoch_begins_the_batches_anew() -> None:
    view = seen(requested(), started(), reading(20), epoch(1))
    assert (view.batch, view.epochs_done) == (0, 1)


def test_readings_of_an_older_attempt_count_for_nothing() -> None:
    view = seen(requested(), started(2), reading(5, attempt=2), reading(17, attempt=1))
    assert view.batch == 5


def test_other_trainings_change_nothing() -> None:
    view = seen(requested(), requested("t2"), reading(9, job_id="t2"))
    assert view.job is not None
    assert (view.job.id, view.batch) == ("t1", 0)


def test_the_best_map_is_of_all_epochs() -> None:
    assert seen(requested(), epoch(1, map50=0.7), epoch(2, map50=0.6)).best_map50 == 0.7


@pytest.mark.parametrize("show", [_lines, _moving])
def test_each_epoch_is_shown_and_the_end_ends_it(show: object) -> None:
    few = Fitted(argument="optimizer", value="AdamW", instead_of="SGD", reason="few images")
    planned = TrainingPlanned(job_id="t1", attempt=1, preset="auto", fitted=(few,))
    frames = [requested(), started(), planned, epoch(1), epoch(2, map50=0.75), completed()]
    sheet = io.StringIO()
    console = Console(file=sheet, width=120, force_terminal=show is _moving)
    numbered = [frame(event, seq) for seq, event in enumerate(frames, start=1)]
    job = show(numbered, TrainingView("t1"), console)  # type: ignore[operator]
    assert job.status == "completed"
    for number in ("1/4", "2/4", "0.750"):
        assert number in sheet.getvalue()
    assert sheet.getvalue().count("optimizer AdamW instead of SGD: few images") == 1


def test_the_table_holds_the_last_eight_epochs() -> None:
    view = seen(requested(), *(epoch(number) for number in range(1, 12)))
    assert epoch_table(view).row_count == 8


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.4, "0:00"), (59.6, "1:00"), (75, "1:15"), (3700, "1:01:40")]
)
def test_seconds_are_shown_as_a_clock(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


def test_the_ending_says_what_came_out_or_why_it_failed() -> None:
    good = seen(requested(), started(), completed()).job
    assert good is not None
    assert "0.750" in ending(good)
    assert "1:15" in ending(good)
    failure = TrainingFailed(job_id="t1", attempt=1, error_code="oom", message="use batch 4")
    bad = seen(requested(), started(), failure).job
    assert bad is not None
    assert ending(bad) == "failed: use batch 4"
