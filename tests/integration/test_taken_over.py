"""A worker that was stopped while it put its results into place, taken for dead, and wakes up."""

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import pytest

from libs.common.artifacts import ArtifactStore
from libs.common.attempts import Attempt, load
from libs.common.errors import TransientError
from libs.common.events import Artifact, DatasetRef, TrainingArguments
from libs.common.events import TrainingRequested as Requested
from libs.common.events import TrainingStarted as Started
from libs.common.service import Deps
from services.trainer.publish import publish

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
