"""Who is put which frame, and who is left to fetch."""

from dataclasses import dataclass, field

import orjson
import pytest

from services.gateway.edge.wire import payload_of, text_frame
from services.gateway.fanout import Fanout
from services.gateway.readings import Readings
from services.gateway.ring import Ring, frame
from services.gateway.topics import Topics


@dataclass
class Line:
    """A wire that takes `room` more frames."""

    room: int = 1000
    taken: list[bytes] = field(default_factory=list)

    def put(self, frame: bytes) -> bool:
        self.taken.append(frame)
        self.room -= 1
        return not self.full

    async def ready(self) -> bool:
        return True

    @property
    def full(self) -> bool:
        return self.room <= 0

    @property
    def seqs(self) -> list[int]:
        return [orjson.loads(payload_of(each))["seq"] for each in self.taken]


@dataclass(eq=False)
class Reader:
    wire: Line
    topics: Topics = field(default_factory=Topics)
    seen: int = 0
    behind: list[int] = field(default_factory=list)

    def fell_behind(self, place: int) -> None:
        self.behind.append(place)

    def look_again(self) -> None:
        """It may always listen."""


def told(ring: Ring, seq: int, kind: str = "training.started.v1") -> None:
    ring.append(frame(seq, f"evt.{kind}.j", b'{"type":"x"}'))


def test_a_frame_goes_to_all_who_have_what_is_before_it_and_want_it() -> None:
    ring = Ring()
    fanout = Fanout(ring, Readings())
    live, other, catching_up = (
        Reader(Line()),
        Reader(Line(), Topics(("dataset.>",))),
        Reader(Line()),
    )
    for reader in (live, other, catching_up):
        fanout.enter(reader)
    fanout.release(live)
    fanout.release(other)
    told(ring, 1)
    told(ring, 2, "dataset.started.v1")
    assert (live.wire.seqs, other.wire.seqs, catching_up.wire.seqs) == ([1, 2], [2], [])
    fanout.leave(live)
    told(ring, 3)
    assert live.wire.seqs == [1, 2]


def test_who_is_full_is_left_out_and_knows_its_place() -> None:
    ring = Ring()
    fanout = Fanout(ring, Readings())
    slow, quick = Reader(Line(room=2)), Reader(Line())
    for reader in (slow, quick):
        fanout.enter(reader)
        fanout.release(reader)
    for seq in range(1, 6):
        told(ring, seq)
    assert (slow.wire.seqs, slow.behind) == ([1, 2], [2])
    assert quick.wire.seqs == [1, 2, 3, 4, 5]


def test_of_readings_the_newest_wins_for_who_could_not_take_them() -> None:
    readings = Readings()
    fanout = Fanout(Ring(), readings)
    reader = Reader(Line(room=0), Topics(("telemetry.>",)))
    plain = Reader(Line())
    fanout.enter(reader)
    fanout.enter(plain)
    for batch in (1, 2, 3):
        readings.take("progress.training.j", {"batch": batch})
        fanout._tell_readings()
    assert reader.wire.taken == []
    reader.wire.room = 10
    fanout._tell_readings()
    fanout._tell_readings()
    [only] = [orjson.loads(payload_of(each)) for each in reader.wire.taken]
    assert (only["type"], only["data"]) == ("telemetry.progress", {"batch": 3})
    assert plain.wire.taken == []


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 100_000])
def test_a_frame_holds_what_it_was_made_from(size: int) -> None:
    assert payload_of(text_frame(b"{" * size)) == b"{" * size
