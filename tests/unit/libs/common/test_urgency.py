"""Who gives way to whom."""

import pytest

from libs.common.urgency import Holder, Turns, gives_way, open_levels

HIGH, NORMAL, LOW = 0, 1, 2
OLD, NEW, NOW = 0.0, 50.0, 100.0


def holder(job_id: str, level: int, began_s: float = OLD, **more: int) -> Holder:
    return Holder(job_id, level, began_s, **more)  # type: ignore[arg-type]


def test_the_least_urgent_gives_way_and_of_those_the_newest() -> None:
    holders = [holder("n", NORMAL, NEW), holder("old", LOW), holder("new", LOW, NEW)]
    found = gives_way(HIGH, holders, NOW)
    assert found is not None
    assert found.job_id == "new"


@pytest.mark.parametrize("level", [NORMAL, LOW])
def test_nobody_gives_way_to_an_equal_or_a_less_urgent_one(level: int) -> None:
    assert gives_way(level, [holder("a", NORMAL), holder("b", HIGH)], NOW) is None


def test_one_that_gave_way_has_its_time_before_it_is_asked_again() -> None:
    assert gives_way(HIGH, [holder("a", LOW, NEW, preempted=1)], NEW + 59) is None
    assert gives_way(HIGH, [holder("a", LOW, NEW, preempted=1)], NEW + 60)
    assert gives_way(HIGH, [holder("a", LOW, NEW, preempted=2)], NEW + 119) is None
    assert gives_way(HIGH, [holder("a", LOW, NEW, preempted=99)], NEW + 600), "10 minutes at most"


def test_one_that_leaves_or_finishes_is_not_asked() -> None:
    assert gives_way(HIGH, [holder("a", LOW, settled=True)], NOW) is None


def test_a_worker_without_a_free_place_looks_only_where_somebody_would_give_way() -> None:
    assert open_levels(3, [holder("a", LOW)], free=True, now_s=NOW) == 3
    assert open_levels(3, [holder("a", LOW)], free=False, now_s=NOW) == 2
    assert open_levels(3, [holder("a", NORMAL)], free=False, now_s=NOW) == 1
    assert open_levels(3, [holder("a", HIGH)], free=False, now_s=NOW) == 0
    assert open_levels(3, [holder("a", LOW, NOW, preempted=1)], free=False, now_s=NOW) == 0


def test_after_four_urgent_ones_it_is_the_turn_of_those_that_waited() -> None:
    turns, due = Turns(), list[bool]()
    for others_wait in (True, True, True, True, False):
        turns.took(others_wait=others_wait)
        due.append(turns.due)
    assert due == [False, False, False, True, False]
    assert gives_way(HIGH, [holder("a", LOW, NEW, by_turn=True)], NEW + 59) is None
