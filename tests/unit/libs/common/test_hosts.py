"""Which hosts are drained, by what the log says."""

from datetime import UTC, datetime

from libs.common.cloudevents import Recorded
from libs.common.events import Event, HostDrained, HostDrainRequested, HostUndrainRequested
from libs.common.host_names import host_id
from libs.common.hosts import Drains

START = datetime(2026, 1, 1, tzinfo=UTC)
HOST = {"job_id": host_id("a.b"), "host": "a.b"}


def folded(*events: Event) -> Drains:
    drains = Drains()
    for seq, event in enumerate(events, 1):
        drains.fold(Recorded(seq, START, "x", event))
    return drains


def asked(**more: str) -> Event:
    return HostDrainRequested.model_validate(HOST | more)


def empty(request_seq: int) -> Event:
    return HostDrained.model_validate(HOST | {"worker": "a.b:1", "request_seq": request_seq})


def test_a_host_is_a_token_of_a_subject_and_no_two_are_the_same() -> None:
    assert host_id("a.b").startswith("a-b-")
    assert len({host_id(name) for name in ("a.b", "a-b", "a_b")}) == 3
    assert len(host_id("x" * 128)) <= 64


def test_a_drain_asked_for_again_is_the_same_drain() -> None:
    drain = folded(asked(), empty(1), asked(running="finish", nonce="2")).of["a.b"]
    assert (drain.running, drain.seq, drain.empty) == ("finish", 1, frozenset({"a.b:1"}))


def test_what_a_trainer_said_of_an_earlier_drain_does_not_count() -> None:
    undrained = HostUndrainRequested.model_validate(HOST)
    assert folded(asked(), undrained, empty(1)).of == {}
    assert folded(asked(), undrained, asked(nonce="2"), empty(1)).of["a.b"].empty == frozenset()
