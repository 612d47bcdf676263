"""The shared window on the log, and topics."""

import asyncio

import orjson
import pytest

from libs.common.errors import BadInput
from services.gateway.live import changed, readable
from services.gateway.ring import Frame, Ring, frame, topic_of
from services.gateway.topics import Topics


def framed(seq: int) -> Frame:
    return frame(seq, "evt.training.started.v1.j", b'{"type":"training.started.v1"}')


def test_a_frame_is_the_envelope_and_its_sequence() -> None:
    made = framed(7)
    assert orjson.loads(made.text) == {"type": "training.started.v1", "seq": 7}
    assert made.topic == "training.started.v1.j"


def test_routing_tokens_are_not_part_of_a_topic() -> None:
    assert topic_of("evt.training.requested.v1.default.high.j") == "training.requested.v1.j"


def test_a_reader_gets_what_is_past_its_place_in_order() -> None:
    ring = Ring()
    for seq in (1, 2, 4, 5):
        ring.append(framed(seq))
    assert [each.seq for each in ring.after(0)] == [1, 2, 4, 5]
    assert [each.seq for each in ring.after(2)] == [4, 5]
    assert [each.seq for each in ring.after(3, limit=1)] == [4]
    assert ring.after(5) == []


def test_the_window_is_bounded_and_knows_where_it_begins() -> None:
    ring = Ring(frames=10)
    for seq in range(1, 101):
        ring.append(framed(seq))
    held = ring.after(0)
    assert len(held) <= 10
    assert held[-1].seq == ring.last == 100
    assert ring.first == held[0].seq > 1


def test_the_window_is_bounded_in_bytes() -> None:
    ring = Ring(size_bytes=500)
    for seq in range(1, 101):
        ring.append(framed(seq))
    assert sum(len(each.text) for each in ring.after(0)) <= 500


async def test_waiting_readers_are_woken_by_the_next_event_even_a_hidden_one() -> None:
    ring = Ring()
    waiting = [asyncio.create_task(ring.moved()) for _ in range(3)]
    await asyncio.sleep(0)
    ring.skip(1)
    await asyncio.wait_for(asyncio.gather(*waiting), 1)
    assert (ring.last, ring.after(0)) == (1, [])


@pytest.mark.parametrize(
    ("patterns", "topic", "wanted"),
    [
        ("training.>", "training.started.v1.j", True),
        ("training.>", "training", False),
        ("training.*.*.j", "training.started.v1.j", True),
        ("training.*.*.k", "training.started.v1.j", False),
        ("dataset.>,training.started.v1.j", "training.started.v1.j", True),
        ("training.started", "training.started.v1.j", False),
        (">", "telemetry.system.host:1", True),
    ],
)
def test_topics_match_like_subjects(patterns: str, topic: str, wanted: bool) -> None:
    assert Topics.parse(patterns).want(topic) is wanted


def test_without_topics_all_events_are_wanted_and_no_telemetry() -> None:
    topics = Topics.parse(None)
    assert topics.want("dataset.validated.v1.j")
    assert not topics.want("telemetry.system.host:1")


@pytest.mark.parametrize("text", ["a..b", "a.>.b", "a b", "x" * 300, "évt.>", "a;b"])
def test_a_malformed_topic_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        Topics.parse(text)


def test_topics_can_be_changed_within_a_bound() -> None:
    topics = Topics(("training.>",))
    order = '{"op": "subscribe", "topics": ["dataset.>"]}'
    assert changed(topics, order, rate=1).patterns == ("training.>", "dataset.>")
    back = '{"op": "unsubscribe", "topics": ["training.>"]}'
    assert changed(topics, back, rate=1).patterns == ()
    many = orjson.dumps({"op": "subscribe", "topics": [f"t{i}.>" for i in range(300)]}).decode()
    with pytest.raises(BadInput, match="at most"):
        changed(topics, many, rate=1)


@pytest.mark.parametrize(
    "text", [None, "", "{", "[]", "1", '{"op": "x", "topics": []}', '{"op": "subscribe"}']
)
def test_a_frame_that_is_no_order_is_refused(text: str | None) -> None:
    with pytest.raises(BadInput):
        changed(Topics(), text, rate=1)


def test_too_many_orders_a_second_are_refused() -> None:
    with pytest.raises(BadInput, match="too many"):
        changed(Topics(), '{"op": "subscribe", "topics": []}', rate=21)


@pytest.mark.parametrize(
    ("payload", "ours"), [(b"{}", True), (b"[]", False), (b"\xff", False), (b"", False)]
)
def test_only_json_objects_are_shown(payload: bytes, ours: bool) -> None:
    assert readable(payload) is ours
