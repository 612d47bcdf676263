"""A gateway that begins with a snapshot from the store, on a real log."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from libs.common.artifacts import ArtifactStore
from libs.common.bus import Bus
from libs.common.events import (
    DatasetFailed,
    DatasetRef,
    DatasetRequested,
    DatasetStarted,
)
from libs.common.service import Deps, end
from services.gateway import snapshot
from services.gateway import snapshots as module
from services.gateway.ledger import Ledger
from services.gateway.snapshots import Snapshots


async def told(bus: Bus, first: int, last: int) -> None:
    """A check that fails, for each number."""
    for number in range(first, last):
        job = f"j{number}"
        await bus.publish(
            DatasetRequested(job_id=job, operation="validate", dataset=DatasetRef(name="logos"))
        )
        await bus.publish(DatasetStarted(job_id=job, attempt=1, worker="w"))
        if number % 2:
            await bus.publish(DatasetFailed(job_id=job, attempt=1, error_code="x", message="m"))


@asynccontextmanager
async def following(bus: Bus, store: ArtifactStore, scratch: Path) -> AsyncIterator[Snapshots]:
    """A ledger that has caught up."""
    found = Snapshots(Ledger(), store, scratch)
    task = asyncio.create_task(found.follow(bus))
    try:
        await found.ledger.catch_up()
        yield found
    finally:
        with suppress(asyncio.CancelledError):
            await end(task)


async def whole(bus: Bus) -> Ledger:
    """What one knows that reads the log from its beginning."""
    ledger = Ledger()
    for raw in await bus.page(limit=10**6):
        ledger.take(raw)
    return ledger


async def test_a_gateway_begins_with_the_newest_snapshot_and_reads_the_rest(deps: Deps) -> None:
    await told(deps.bus, 0, 20)
    async with following(deps.bus, deps.artifacts, deps.scratch) as first:
        taken = [await first.take()]
        await told(deps.bus, 20, 30)
        while first.ledger.ring.last < await deps.bus.last_sequence():
            await first.ledger.ring.moved()
        taken += [await first.take(), await first.take()]
    known = await deps.artifacts.list("ledger")
    assert len(known) == 1 + 1, "the two newest are kept; the same one taken twice is one"
    await told(deps.bus, 30, 40)
    async with following(deps.bus, deps.artifacts, deps.scratch) as second:
        assert second.newest == taken[1] > taken[0]
        fresh = await whole(deps.bus)
        assert dict(second.ledger.jobs) == dict(fresh.jobs)
        assert second.ledger.active == fresh.active
        assert second.ledger.ring.last == fresh.ring.last
        assert second.ledger.ring.first > taken[1], "older events come from the log"


@pytest.mark.parametrize("fault", ["damaged", "other code", "other log", "torn", "none"])
async def test_without_a_snapshot_that_fits_the_log_is_read_from_its_beginning(
    deps: Deps, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await told(deps.bus, 0, 6)
    async with following(deps.bus, deps.artifacts, deps.scratch) as first:
        if fault == "other log":
            first.ledger.newest_payload = b"{}"
        await first.take()
    [head] = await deps.artifacts.list("ledger")
    data = await deps.artifacts.get_bytes(head.key)
    if fault == "damaged":
        await deps.artifacts.put_bytes(head.key, data.replace(b"failed", b"faiIed"))
    elif fault == "torn":
        await deps.artifacts.put_bytes(head.key, data[: len(data) // 2])
    elif fault == "none":
        await deps.artifacts.delete(head.key)
    elif fault == "other code":
        monkeypatch.setattr(snapshot, "fingerprint", lambda: "0" * 16)
    async with following(deps.bus, deps.artifacts, deps.scratch) as second:
        assert second.newest == 0
        assert second.ledger.ring.first == 1, "all of it was read"
        assert dict(second.ledger.jobs) == dict((await whole(deps.bus)).jobs)


async def test_one_is_taken_when_the_log_has_grown(
    deps: Deps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEAST", 10)
    monkeypatch.setattr(module, "LOOK_S", 0.02)
    async with following(deps.bus, deps.artifacts, deps.scratch):
        await told(deps.bus, 0, 8)
        async with asyncio.timeout(20):
            while not await deps.artifacts.list("ledger"):
                await asyncio.sleep(0.02)


async def test_a_store_that_is_away_keeps_no_gateway_from_beginning(deps: Deps) -> None:
    settings = deps.settings.model_copy(update={"s3_endpoint": "http://127.0.0.1:9"})
    await told(deps.bus, 0, 3)
    away = ArtifactStore.open(settings)
    async with following(deps.bus, away, deps.scratch) as found:
        assert len(found.ledger.jobs) == 3
