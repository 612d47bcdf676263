import numpy as np
import orjson
import pytest

from services.analyzer.domain.dimensions import Looks
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.insight import Json, Setting, insight
from services.analyzer.domain.report import analyse
from tests.unit.services.analyzer.domain.sets import by_hand, drawn

BOX = [10, 10, 50, 50]
NOTHING: dict[str, Evidence] = {
    "no detection": by_hand(3, "ab", [(0, 0, BOX)], []),
    "no label": by_hand(3, "ab", [], [(0, 0, 0.9, BOX)]),
    "nothing at all": by_hand(2, "ab", [], []),
    "one image": by_hand(1, "a", [(0, 0, BOX)], [(0, 0, 0.9, BOX)]),
    "boxes without area": by_hand(2, "a", [(0, 0, [5, 5, 5, 5])], [(0, 0, 0.9, [5, 5, 5, 5])]),
}


def found(data: Evidence, *, in_train: int = 0) -> Json:
    names = [f"test/{at}.jpg" for at in range(data.images)]
    value_i = np.linspace(0, 1, data.images)
    in_train_i = (np.arange(data.images) < in_train).astype(np.int64)
    size_i2 = np.full((data.images, 2), 320.0)
    looks = Looks(size_i2, 640, value_i, value_i, value_i, in_train_i)
    analysis = analyse(data, confidence=0.25, match_iou=0.5)
    return insight(analysis, Setting("test", names, names, looks))


def test_blocks_of_a_report_are_plain_values_that_agree_with_it() -> None:
    data = drawn(1, images=90)
    report = orjson.loads(orjson.dumps(found(data, in_train=9)))
    assert set(report) == {"uncertainty", "slices", "thresholds", "suspects", "advice"}
    for name, bounds in report["uncertainty"]["intervals"].items():
        assert bounds["low"] <= bounds["high"], name
        assert bounds["standard_error"] > 0, name
    assert {row["dimension"] for row in report["slices"]["parts"]} == {
        *("class", "size", "aspect", "position", "crowding"),
        *("brightness", "contrast", "sharpness", "leakage"),
    }
    assert [each["target"]["kind"] for each in report["thresholds"]] == ["max_f1", "false_alarms"]
    said = {each["code"]: each for each in report["advice"]}
    assert said["leakage"]["numbers"] == {"images": 9, "of": 90}


@pytest.mark.parametrize("name", NOTHING)
def test_sets_with_next_to_nothing_in_them_are_no_error(name: str) -> None:
    report = orjson.loads(orjson.dumps(found(NOTHING[name])))
    assert report["suspects"]["suspects"] == []
    assert report["slices"]["weakest"] == []


def test_the_same_judgement_gives_the_same_insight() -> None:
    assert found(drawn(2)) == found(drawn(2))
