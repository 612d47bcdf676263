"""A ledger that begins with a snapshot knows what one knows that has read the whole log."""

import io
import random
from typing import Any

import pytest

from libs.common import subjects
from libs.common.bus import Raw
from libs.common.cloudevents import encode
from libs.common.events import KINDS
from services.gateway import snapshot
from services.gateway.frozen import Line, freeze, thaw
from services.gateway.ledger import Ledger
from tests.made_up import made_up

EVENTS = 1500
JOBS = 60


def a_log(seed: int) -> list[Raw]:
    """Many kinds of events of few jobs, requests first as a rule."""
    chance = random.Random(seed)  # noqa: S311 - the same each time
    kinds: dict[str, list[str]] = {}
    for kind in KINDS:
        kinds.setdefault(kind.split(".")[0], []).append(kind)
    found, begun = [], set()
    for seq in range(1, EVENTS + 1):
        number = min(JOBS, 1 + seq * JOBS // EVENTS) - int(chance.expovariate(0.5))
        area = sorted(kinds)[max(0, number) % len(kinds)]
        begins = [kind for kind in kinds[area] if kind.endswith(".requested.v1")]
        kind = chance.choice(kinds[area])
        if (area, number) not in begun and chance.random() < 0.9:
            kind = chance.choice(begins or kinds[area])
        elif area == "training" and chance.random() < 0.5:
            kind = "training.epoch_completed.v1"
        begun.add((area, number))
        event = made_up(
            kind,
            chance,
            job_id=f"{area}-{number}",
            attempt=chance.randint(1, 2),
            epoch=chance.randint(1, 9),
            name=f"set-{chance.randint(0, 9)}",
            host=f"h{chance.randint(0, 9)}",
        )
        found.append(Raw(seq, subjects.of(event), encode(event, source="tests")))
    found[EVENTS // 2] = Raw(EVENTS // 2 + 1, "evt.x", b"no event")
    return found


def known(ledger: Ledger) -> dict[str, Any]:
    """All that a ledger answers from."""
    return {
        "jobs": dict(ledger.jobs),
        "order": {area: [job.id for job in ledger.newest(area)] for area in ledger.active},
        "live": ledger.dataset_log.live,
        "retired": ledger.dataset_log.retired,
        "drains": ledger.drains.of,
        "paces": ledger.paces.told(),
        "uploads": list(ledger.uploads.items()),
        "without": ledger.without_weights,
        "runs": ledger.runs,
        "trained": ledger.trained,
        "active": {area: jobs for area, jobs in ledger.active.items() if jobs},
        "tally": {key: count for key, count in ledger.tally.jobs.items() if count},
        "epochs": ledger.tally.epochs,
        "last": ledger.ring.last,
    }


@pytest.mark.parametrize("seed", range(4))
def test_from_a_snapshot_on_all_is_as_from_the_beginning(seed: int) -> None:
    log = a_log(seed)
    whole, first, second = Ledger(), Ledger(), Ledger()
    for raw in log:
        whole.take(raw)
    cut = 200 + seed * 300
    for raw in log[:cut]:
        first.take(raw)
    file = io.BytesIO()
    snapshot.taken(first).write(file)
    snapshot.recall(second, file.getvalue())
    assert known(second) == known(first)
    for raw in log[cut:]:
        second.take(raw)
    told, expected = known(second), known(whole)
    assert told == expected
    assert second.tally.epochs_s == pytest.approx(whole.tally.epochs_s)
    areas = {job.area for job in whole.jobs.values()}
    assert {"training", "dataset", "analysis", "model"} <= areas
    assert any(job.epochs for job in whole.jobs.values())
    assert whole.drains.of
    assert whole.dataset_log.live or whole.dataset_log.retired
    assert whole.uploads


def test_a_snapshot_of_a_ledger_that_began_with_one_is_the_same() -> None:
    first, second = Ledger(), Ledger()
    for raw in a_log(7):
        first.take(raw)
    before, after = io.BytesIO(), io.BytesIO()
    digest = snapshot.taken(first).write(before)
    snapshot.recall(second, before.getvalue())
    second.newest_payload = first.newest_payload
    assert snapshot.taken(second).write(after) == digest
    for job in second.jobs.values():  # read, and written again
        assert freeze(job).raw == freeze(thaw(Line.of(freeze(job).raw))).raw
    assert snapshot.taken(second).write(io.BytesIO()) == digest


@pytest.mark.parametrize("damage", [b"", b"\n", b"[]\n", b"{}\n", b"no snapshot\n"])
def test_what_is_no_snapshot_is_refused(damage: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        snapshot.recall(Ledger(), damage)
