"""Epochs as tables and curves."""

from services.gateway.epochs import curve, history
from tests.unit.services.gateway.test_views import epoch, job, started


def test_history_has_the_columns_of_results_csv() -> None:
    [row] = history(job(started(), epoch(1)))
    assert row == {
        "epoch": 1,
        "time": 10.0,
        "train/box_loss": 1.0,
        "metrics/precision(B)": 0.5,
        "metrics/recall(B)": 0.5,
        "metrics/mAP50(B)": 0.5,
        "metrics/mAP50-95(B)": 0.1,
        "val/box_loss": 2.0,
        "lr/pg0": 0.01,
        "seconds": 10.0,
    }


def test_a_curve_has_few_points_and_always_the_last() -> None:
    long = job(started(), *(epoch(number, number / 1000) for number in range(1, 11)))
    assert curve(long, "metrics/mAP50-95(B)", 20)["epochs"] == list(range(1, 11))
    few = curve(long, "metrics/mAP50-95(B)", 3)
    assert (few["epochs"], few["values"]) == ([2, 6, 10], [0.002, 0.006, 0.01])


def test_a_curve_is_a_column_of_the_history() -> None:
    run = job(started(), epoch(1))
    [row] = history(run)
    for column in ("metrics/recall(B)", "train/box_loss", "val/box_loss", "seconds"):
        assert curve(run, column, 9)["values"] == [row[column]]
    assert curve(run, "val/dfl_loss", 9)["values"] == [None]
