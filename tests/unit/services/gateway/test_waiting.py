"""Where waiting trainings stand, and when they may start."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from libs.common.events import TrainingPaused
from libs.common.hosts import Drain
from libs.common.jobs import Job
from services.gateway.waiting import Paces, Standing, standings
from tests.unit.services.gateway.test_views import Level, epoch, job, started

ONE_PLACE = {"host": "gpu-1", "pool": "default", "slots": 1}
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def running(job_id: str, priority: Level = "normal") -> Job:
    return replace(job(started(), priority=priority), id=job_id)


def standing(
    *jobs: Job,
    hosts: tuple[dict[str, Any], ...] = (ONE_PLACE,),
    drained: tuple[str, ...] = (),
    paces: Paces | None = None,
    **readings: dict[str, Any],
) -> dict[str, Standing]:
    drains = {host: Drain(host, "finish", NOW, 1) for host in drained}
    return standings(jobs, hosts, drains, paces or Paces(), readings.get)


def test_the_queue_is_by_priority_and_then_by_age() -> None:
    waiting = [
        job(job_id="a", priority="low", seq=1),
        job(job_id="b", seq=3),
        job(job_id="c", seq=2),
        job(job_id="d", priority="high", seq=9),
    ]
    found = standing(*waiting, running("e", "high"))
    assert {name: each.position for name, each in found.items()} == {"d": 1, "c": 2, "b": 3, "a": 4}
    assert found["c"].reason.startswith("waits for a free trainer; 1 before it; ")


def test_a_start_is_foreseen_from_measured_epochs_of_those_before_it() -> None:
    paces = Paces()
    paces.learn(job(started(), epoch(1)))  # 10 s an epoch, 4 epochs
    first, second = job(job_id="a", seq=2), job(job_id="b", seq=3)
    eta = {"attempt": 1, "eta_s": 100.0}
    found = standing(running("r"), first, second, paces=paces, r=eta)
    assert (found["a"].starts_in_s, found["b"].starts_in_s) == (100.0, 140.0)
    assert found["b"].reason.endswith("starts in about 2 min")
    assert standing(running("r"), first, paces=paces)["a"].starts_in_s == 40.0


def test_what_depends_on_something_unknown_is_unknown() -> None:
    first, second = job(job_id="a", seq=2), job(job_id="b", seq=3)
    found = standing(running("r"), first)
    assert found["a"].starts_in_s is None
    assert found["a"].reason == "waits for a free trainer; when it starts is unknown"
    found = standing(first, second)
    assert (found["a"].starts_in_s, found["b"].starts_in_s) == (0.0, None)


def test_an_urgent_one_starts_in_the_place_of_one_that_gives_way() -> None:
    urgent = job(job_id="a", priority="high", seq=2)
    assert standing(running("r"), urgent)["a"].starts_in_s == 0.0
    tired = replace(running("r"), preempted=1)
    assert standing(tired, urgent)["a"].starts_in_s is None


def test_one_that_is_about_to_leave_has_no_place_any_more() -> None:
    stays, leaves = running("r", "high"), running("s", "low")
    found = standing(stays, leaves, job(job_id="a"), r={"attempt": 1, "eta_s": 50.0})
    assert found["a"].starts_in_s == 50.0


def test_the_reason_is_that_of_the_trainer_that_has_it_or_of_what_it_left() -> None:
    waiting = job(job_id="a")
    reading = {"stage": "waiting", "attempt": 1, "waiting_reason": "needs 4 GiB"}
    told = standing(waiting, a=reading | {"starts_in_s": 30.0})["a"]
    assert (told.starts_in_s, told.reason) == (30.0, "needs 4 GiB; starts in about 30 s")
    assert told.code == "told_by_trainer"
    for reason, said in (("preempted", "gave way to the more urgent x"), ("drained", "left x")):
        paused = TrainingPaused.model_validate(
            {"job_id": "a", "attempt": 1, "reason": reason, "by": "x"}
        )
        left = replace(job(job_id="a"), attempt=1, paused=paused)
        assert standing(left)["a"].reason.startswith(said)
        assert standing(left)["a"].code == reason


def test_without_a_trainer_that_takes_trainings_nobody_can_say() -> None:
    waiting = job(job_id="a")
    none = standing(waiting, hosts=())["a"]
    assert none.reason.startswith("waits for a trainer: no trainer is there; when it starts")
    drained = standing(waiting, drained=("gpu-1",))["a"]
    assert "the hosts of all trainers are drained (gpu-1)" in drained.reason
    assert (none.starts_in_s, drained.starts_in_s) == (None, None)
    assert (none.code, drained.code) == ("no_trainer", "all_drained")
