"""What is kept of hosts: the last minutes finely, the last day coarsely, and no more."""

from typing import Any

from services.gateway.host_history import COARSE, FINE, MOST_HOSTS, HostHistory


def reading(cpu: float, host: str = "h", gpus: tuple[str, ...] = ()) -> dict[str, Any]:
    cards = [{"uuid": each, "name": "T4", "utilization_percent": cpu} for each in gpus]
    return {"host": host, "cpu_percent": cpu, "memory_percent": 1.0, "gpus": cards}


def test_a_day_is_kept_coarsely_and_the_last_minutes_finely() -> None:
    known = HostHistory()
    for second in range(0, 100_000, 2):
        known.take(reading(second), float(second))
    told = known.columns("h", 0, 1e9)
    assert len(told["time"]) <= FINE + COARSE
    assert told["time"] == sorted(told["time"])
    assert told["time"][-1] - told["time"][-2] == 2
    assert told["time"][1] - told["time"][0] == 30
    assert told["time"][-1] - told["time"][0] > 80_000
    assert known.columns("h", 99_990, 1e9)["cpu_percent"] == [
        99_990,
        99_992,
        99_994,
        99_996,
        99_998,
    ]


def test_two_services_of_one_host_tell_of_it_once() -> None:
    known = HostHistory()
    for second in (0.0, 0.1, 2.0, 2.1):
        known.take(reading(1), second)
    assert known.columns("h", 0, 9)["time"] == [0.0, 2.0]


def test_a_card_that_comes_late_or_goes_has_gaps() -> None:
    known = HostHistory()
    for second, gpus in enumerate([(), ("a",), ("a", "b"), ("b",)]):
        known.take(reading(second, gpus=gpus), 2.0 * second)
    cards = {each["uuid"]: each for each in known.columns("h", 0, 99)["gpus"]}
    assert cards["a"]["utilization_percent"] == [None, 1, 2, None]
    assert cards["b"]["utilization_percent"] == [None, None, 2, 3]


def test_the_hosts_heard_of_last_are_kept() -> None:
    known = HostHistory()
    for number in range(MOST_HOSTS + 5):
        known.take(reading(1, host=f"h{number}"), float(number))
    assert len(known.hosts()) == MOST_HOSTS
    assert known.columns("h0", 0, 1e9)["time"] == []
