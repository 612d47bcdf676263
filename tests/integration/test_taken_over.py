"""A worker that was stopped while it put its results into place, taken for dead, and wakes up."""

import asyncio
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from libs.common import subjects
from libs.common.artifacts import ArtifactStore
from libs.common.attempts import Attempt, load
from libs.common.errors import TransientError
from libs.common.events import Artifact, DatasetRef, TrainingArguments, TrainingCancelled
from libs.common.events import TrainingRequested as Requested
from libs.common.events import TrainingStarted as Started
from libs.common.service import Deps
from libs.common.work import run_jobs
from services.trainer.publish import publish
from services.trainer.tidying import tidy

FILES = ("weights/best.pt", "weights/last.pt", "results.csv")
REQUEST = Requested(
    job_id="job",
    dataset=DatasetRef(name="d"),
    arguments=TrainingArguments(mode="full"),
    experiment_name="run",
)


async def begun(deps: Deps, number: int) -> Attempt:
    job = await load(deps, "training", "job")
    assert job
    attempt = Attempt(job, number, deps)
    await attempt.tell(Started, worker=f"w{number}", device="cpu", from_epoch=0)
    return attempt


async def published(attempt: Attempt, folder: Path) -> None:
    """What a child made, each file with the number of its attempt in it."""
    await asyncio.to_thread(folder.mkdir)
    files = {}
    for name in FILES:
        files[name] = folder / Path(name).name
        files[name].write_text(f"{name} of attempt {attempt.number}")
    done: dict[str, Any] = {
        "epochs_done": 1, "stopped_early": False, "best_epoch": 1, "best_metrics": {},
        "classes": ["a"], "seconds": 1.0, "files": {name: str(files[name]) for name in FILES},
    }  # fmt: skip
    await publish(attempt, REQUEST, done, folder)


async def test_who_wakes_up_in_mid_publishing_writes_over_nothing_of_his_successor(
    deps: Deps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, stopped, wakes = ArtifactStore.copy, asyncio.Event(), asyncio.Event()

    async def stops_after_the_first(self: ArtifactStore, source: Artifact, key: str) -> Artifact:
        copied = await copy(self, source, key)
        if not stopped.is_set():
            stopped.set()
            await wakes.wait()
        return copied

    monkeypatch.setattr(ArtifactStore, "copy", stops_after_the_first)
    await deps.bus.publish(REQUEST)
    first = await begun(deps, 1)
    sleeper = asyncio.create_task(published(first, tmp_path / "first"))
    await stopped.wait()
    await published(await begun(deps, 2), tmp_path / "second")
    wakes.set()
    with pytest.raises(TransientError, match="took the job over"):
        await sleeper
    assert first.fenced
    job = await load(deps, "training", "job")
    assert job
    assert job.status == "completed"
    for artifact in job.outcome.artifacts.values():  # type: ignore[union-attr]
        data = await deps.artifacts.get_bytes(artifact.key)
        assert hashlib.sha256(data).hexdigest() == artifact.sha256, artifact.key


async def test_what_a_replaced_attempt_stored_after_the_job_had_ended_goes(deps: Deps) -> None:
    begins, wakes, stored = asyncio.Event(), asyncio.Event(), asyncio.Event()
    late = f"{REQUEST.prefix}/.attempts/job-1/checkpoints/9/state.pt"

    async def train(attempt: Attempt) -> None:
        await attempt.tell(Started, worker="w1", device="cpu", from_epoch=0)
        begins.set()
        try:
            await asyncio.Event().wait()
        finally:
            await wakes.wait()
            await attempt.deps.artifacts.put_bytes(late, b"late")
            stored.set()

    queues = [replace(each, ack_wait_s=600) for each in subjects.trainer("default")]  # once
    worker = asyncio.create_task(run_jobs(deps, queues, train, tidy=tidy))
    await deps.bus.publish(REQUEST)
    await begins.wait()
    second = {"job_id": "job", "attempt": 2}
    await deps.bus.publish(Started(**second, worker="w2", device="cpu", from_epoch=0))
    await deps.bus.publish(TrainingCancelled(**second))
    wakes.set()
    async with asyncio.timeout(20):
        await stored.wait()
        while await deps.artifacts.list(REQUEST.prefix):
            await asyncio.sleep(0.01)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
