"""`python -m services.dataset` killed in mid-scan: the next process ends the job the same way."""

import asyncio
import os
import shutil
import signal
import time
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import psutil
from PIL import Image

from libs.common import subjects
from libs.common.events import (
    DatasetCancelled,
    DatasetCancelRequested,
    DatasetFindingsFound,
    DatasetRef,
    DatasetRequested,
    DatasetStarted,
    DatasetValidated,
    Event,
)
from libs.common.service import Deps
from services.dataset.domain.catalogue import CATALOGUE
from services.dataset.domain.findings import Rules
from services.dataset.look import look_at
from services.dataset.part import Chunk, Orders
from services.dataset.workers import Workers
from tests.integration.test_dataset_service import WAIT_S, ask, service, told
from tests.unit.services.dataset.conftest import make_dataset, put, tree_hash

SCAN_S = 2.0
"""What a scan of the drawn dataset takes, so that a part of it is kept before its end."""
SOON_S = 5.0
"""For a cancel and for the first progress: 1 and 2 s are promised on a machine that is free."""
WIDTH, HEIGHT = 1600, 1200
OWN = ("validation_id", "processing_time", "report_url", "pictures", "reused")
"""Of a report: what two checks of the same dataset may differ in."""


def template() -> tuple[bytes, int]:
    """A mosaic of 16 x 12 colours as PNG, and where its palette begins."""
    cells = np.kron(np.arange(192, dtype=np.uint8).reshape(12, 16), np.ones((100, 100), np.uint8))
    mosaic, out = Image.fromarray(cells), BytesIO()
    mosaic.putpalette(bytes(768))
    mosaic.save(out, "PNG")
    return out.getvalue(), out.getvalue().index(b"PLTE")


def coloured(png: bytes, at: int, seed: int) -> bytes:
    """Another picture at no cost: the same pixels with other colours."""
    palette = b"PLTE" + np.random.default_rng(seed).bytes(768)
    return png[:at] + palette + zlib.crc32(palette).to_bytes(4, "big") + png[at + 776 :]


def draw_slow_dataset(root: Path) -> int:
    """Images that take `SCAN_S` to look at on this machine, some labels wrong; how many images."""
    png, at = template()
    put(root / "data.yaml", "train: images/train\nval: images/val\nnames: [cup, bag]\n")
    first = [put(root / f"images/val/{n}.png", coloured(png, at, n)) for n in range(8)]
    orders = Orders(classes=2, rules=Rules(CATALOGUE), images=True, labels=True, full=True)
    chunk = Chunk(tuple(bytes(file) for file in first))
    look_at(chunk, orders, patience_s=0)  # what is needed only once is not measured
    begin = time.process_time()
    assert len(look_at(chunk, orders, patience_s=SOON_S)) == len(first)
    cost_s = (time.process_time() - begin) / len(first)
    count = int(SCAN_S * Workers().processes / cost_s)
    for n in range(count):
        put(root / f"images/train/{n:05d}.png", coloured(png, at, 100 + n))
        if n % 10 == 0:
            put(root / f"labels/train/{n:05d}.txt", f"{n % 4} 0.4 0.4 0.2 0.2\n")
    return len(first) + count


async def facts_of(deps: Deps, job_id: str) -> list[Event]:
    """All facts of a job, up to its end."""
    await told(deps, job_id)
    return [record.event for record in await deps.bus.read(*subjects.of_job("dataset", job_id))]


async def report_of(deps: Deps, end: Event) -> dict[str, Any]:
    assert isinstance(end, DatasetValidated), end
    report: dict[str, Any] = orjson.loads(await deps.artifacts.get_bytes(end.report.key))
    return report


def content(report: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in report.items() if name not in OWN}


async def cancel_at_the_first_progress(deps: Deps, dataset: DatasetRef) -> None:
    readings = deps.bus.listen("progress.dataset.>")
    asked_at = time.monotonic()
    await ask(deps, "cancelled", "validate", dataset)
    async for _, reading in readings:
        if reading["done"] and reading["stage"] == "checking images":
            break
    seen_at = time.monotonic()
    await deps.bus.publish(DatasetCancelRequested(job_id="cancelled"))
    assert isinstance(await told(deps, "cancelled"), DatasetCancelled)
    assert seen_at - asked_at < SOON_S
    assert time.monotonic() - seen_at < SOON_S


def kept_parts(known: Path) -> list[Path]:
    return list(known.glob("*/part-*.parquet"))


async def kill_after_a_part_was_kept(
    deps: Deps, process: asyncio.subprocess.Process, known: Path
) -> None:
    """SIGKILL in mid-scan, as soon as there is something to go on from."""
    async for _, reading in deps.bus.listen("progress.dataset.>"):
        if reading["job_id"] == "killed" and kept_parts(known):
            assert reading["done"] < reading["of"], "the scan is too short for this machine"
            break
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    process.kill()
    await process.wait()
    _, left = psutil.wait_procs(children, timeout=10)
    assert not left


async def test_a_scan_is_cancelled_soon_and_one_that_is_killed_ends_and_reports_the_same(
    deps: Deps, tmp_path: Path
) -> None:
    images = draw_slow_dataset(tmp_path / "slow")
    before = tree_hash(tmp_path / "slow")
    names = ("slow", "copy", "other")
    for name in names[1:]:
        shutil.copytree(tmp_path / "slow", tmp_path / name, copy_function=os.link)
    slow, copy, other = (DatasetRef(name="slow", path=str(tmp_path / name)) for name in names)
    tiny = DatasetRef(name="tiny", path=str(make_dataset(tmp_path / "tiny", train=2, val=1)))
    known = deps.settings.home / "scratch" / "dataset" / "known"
    async with service(deps) as first, asyncio.timeout(WAIT_S):
        await ask(deps, "tiny", "validate", tiny)
        assert isinstance(await told(deps, "tiny"), DatasetValidated)
        await cancel_at_the_first_progress(deps, other)
        await ask(deps, "killed", "validate", slow)
        await kill_after_a_part_was_kept(deps, first, known)
    async with service(deps) as second, asyncio.timeout(WAIT_S):
        await ask(deps, "undisturbed", "validate", copy)  # until the server misses the dead one
        expected = await report_of(deps, (await facts_of(deps, "undisturbed"))[-1])
        facts = await facts_of(deps, "killed")
        second.send_signal(signal.SIGTERM)
        assert await second.wait() == 0
    report = await report_of(deps, facts[-1])
    assert expected["reused"] == {"images": 0, "labels": 0}
    assert 0 < report["reused"]["images"] < images, "it did not start from zero"
    assert report["summary"]["class_out_of_range"]
    assert content(report) == content(expected)
    check_order(facts, sum(report["summary"].values()))
    assert tree_hash(tmp_path / "slow") == before


def check_order(facts: list[Event], findings: int) -> None:
    """One try that broke off, then one that told everything: no fact of the first in between."""
    assert isinstance(facts[0], DatasetRequested)
    attempts = [fact.attempt for fact in facts[1:]]
    assert attempts == sorted(attempts)
    assert [fact.attempt for fact in facts if isinstance(fact, DatasetStarted)] == [1, 2]
    first, second = ([fact for fact in facts[1:] if fact.attempt == n] for n in (1, 2))
    assert isinstance(first[0], DatasetStarted)
    assert all(isinstance(fact, DatasetFindingsFound) for fact in first[1:])
    assert isinstance(second[0], DatasetStarted)
    assert isinstance(second[-1], DatasetValidated)
    batches = [fact for fact in second if isinstance(fact, DatasetFindingsFound)]
    assert len(batches) == len(second) - 2
    assert [fact.batch for fact in batches] == list(range(1, len(batches) + 1))
    assert sum(len(fact.findings) for fact in batches) == findings
