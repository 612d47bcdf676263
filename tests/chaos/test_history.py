"""The checker of histories: what is right passes, each wrong is named."""

from typing import Any

import pytest

from tests.chaos.history import (
    Told,
    histories,
    promised,
    unfinished,
    unfollowed,
    wrong_dead,
    wrong_epochs,
    wrong_failures,
    wrong_views,
)
from tests.chaos.schedule import Fault, Schedule, schedule, shrunk

FILE = {"key": "k", "size_bytes": 1, "sha256": "0" * 64}


def log(*facts: tuple[str, int] | tuple[str, int, dict[str, Any]]) -> list[Told]:
    """Messages of one training: name, attempt and data of each."""
    told = []
    for seq, (name, attempt, *more) in enumerate(facts, start=1):
        data = {"attempt": attempt} | (more[0] if more else {})
        told.append(Told(seq, f"{name}:{data}", f"training.{name}.v1", "job", data))
    return told


def epoch(number: int, attempt: int = 1) -> tuple[str, int, dict[str, Any]]:
    return "epoch_completed", attempt, {"epoch": number}


def completed(done: int, attempt: int = 1) -> tuple[str, int, dict[str, Any]]:
    return "completed", attempt, {"epochs_done": done, "artifacts": {"a": FILE}}


def started(attempt: int = 1, begins: int = 0) -> tuple[str, int, dict[str, Any]]:
    return "started", attempt, {"from_epoch": begins}


ASKED = ("requested", 0)
GOOD = (ASKED, started(), epoch(1), started(2, 1), epoch(2, 2), completed(2, 2))


def complaints(told: list[Told]) -> list[str]:
    jobs, wrong = histories(told)
    return wrong + unfinished(jobs) + wrong_epochs(jobs)


def test_a_training_that_was_taken_over_and_completed_is_right() -> None:
    assert complaints(log(*GOOD)) == []


def test_what_a_replaced_attempt_tells_late_counts_for_nothing() -> None:
    late = (*GOOD[:-1], epoch(2, 1), completed(2, 1), GOOD[-1])
    assert complaints(log(*late)) == []
    assert len(histories(log(*late))[0]["job"].late) == 2


@pytest.mark.parametrize(
    ("facts", "complaint"),
    [
        (GOOD[:-1], "no end"),
        ((*GOOD, epoch(3, 2)), "follows its end"),
        ((ASKED, epoch(1)), "never started"),
        (GOOD[1:], "nobody asked for"),
        ((ASKED, started(), started(1, 1)), "started twice"),
        ((ASKED, started(), epoch(2), completed(2)), "told epochs"),
        ((*GOOD[:4], ("epoch_completed", 2, {"epoch": 1}), completed(1, 2)), "told epochs"),
        ((ASKED, started(), epoch(1), completed(2)), "told epochs"),
    ],
)
def test_each_wrong_is_named(facts: Any, complaint: str) -> None:
    assert any(complaint in each for each in complaints(log(*facts)))


def test_a_message_that_is_stored_twice_is_named() -> None:
    twice = log(ASKED, started(), epoch(1), epoch(1), completed(1))
    assert any("twice" in each for each in complaints(twice))


def test_an_end_promises_its_artifacts() -> None:
    assert list(promised(histories(log(*GOOD))[0])) == ["k"]


def test_a_training_that_is_to_be_judged_has_its_judgements() -> None:
    wish = ("requested", 0, {"auto_validate": True})
    told = log(wish, *GOOD[1:])
    assert any("0 judgements" in each for each in unfollowed(histories(told)[0]))
    model = {"model": {"training_id": "job"}}
    told += [Told(90 + n, f"{n}", "analysis.requested.v1", f"a{n}", model) for n in (1, 2)]
    assert unfollowed(histories(told)[0]) == []


def test_a_job_fails_for_no_reason_but_that_it_was_disturbed() -> None:
    killed = ("failed", 1, {"error_code": "worker_died"})
    missing = ("failed", 1, {"error_code": "model_missing", "message": "gone"})
    assert wrong_failures(histories(log(ASKED, started(), killed))[0]) == []
    [said] = wrong_failures(histories(log(ASKED, started(), missing))[0])
    assert "model_missing: gone" in said


def test_a_dead_letter_needs_a_failure() -> None:
    assert wrong_dead(["job"], histories(log(*GOOD))[0])
    failed = log(ASKED, ("failed", 1))
    assert wrong_dead(["job"], histories(failed)[0]) == []


@pytest.mark.parametrize("seen", [[3, 4, 6], [3, 4, 5, 5, 6], [3, 5, 4, 6], [2, 3, 4, 5, 6]])
def test_a_reader_must_see_the_log_past_its_place_once_and_in_order(seen: list[int]) -> None:
    told = log(*GOOD)
    assert wrong_views({"r": [3, 4, 5, 6]}, told, {"r": 2}) == []
    assert wrong_views({"r": seen}, told, {"r": 2})


def test_a_seed_makes_the_same_storm_again_and_others_make_others() -> None:
    assert schedule(7) == schedule(7)
    assert len({schedule(seed).faults for seed in range(50)}) == 50
    assert all(fault.at_s <= 30 for fault in schedule(7).faults)


async def test_a_failing_storm_is_shrunk_to_the_faults_that_matter() -> None:
    bad = {Fault(1.0, "kill", "nats"), Fault(9.0, "cut", "trainer-nats", 2.0)}
    storm = schedule(5)
    storm = Schedule(5, 30, (*storm.faults, *bad), storm.asks)
    runs = 0

    async def fails(milder: Schedule) -> bool:
        nonlocal runs
        runs += 1
        return bad <= set(milder.faults)

    found = await shrunk(storm, fails, tries=60)
    assert set(found.faults) == bad
    assert runs <= 60
