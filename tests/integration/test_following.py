"""A completed training is judged unasked: on the real bus, with the analyzer's own rights."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.nats_conf import API, bus_command, bus_environment
from deploy.ports import free_ports, is_free
from deploy.provision import provision
from deploy.secrets import Secrets, load_or_make
from libs.common.artifacts import ArtifactStore
from libs.common.bus import Bus, connect
from libs.common.events import (
    AnalysisRequested,
    Artifact,
    DatasetRef,
    TrainingArguments,
    TrainingCancelled,
    TrainingCompleted,
    TrainingRequested,
)
from libs.common.outbox import open_outbox
from libs.common.service import Deps
from libs.common.settings import Settings
from services.analyzer.following import ask_for_judgements, follow_trainings, judgement_id
from tests.conftest import STOP_S, running, wait_until

BEST = Artifact(key="trainings/p/e/weights/best.pt", size_bytes=1, sha256="a" * 64)


@contextlib.asynccontextmanager
async def logged_in(url: str, secrets: Secrets, user: str) -> AsyncIterator[Bus]:
    """A bus as one user of our configuration."""
    password = secrets.bus[user]
    async with connect(
        url, source=user, user=user, password=password, api=API, patience_s=1.0
    ) as bus:
        yield bus


@pytest.fixture
async def ours(tmp_path: Path) -> AsyncIterator[tuple[Deps, Bus, Bus]]:
    """The analyzer's deps, and the buses of gateway and trainer, on a server with our accounts."""
    [port] = free_ports(1)
    url, secrets = f"nats://127.0.0.1:{port}", load_or_make(tmp_path)
    command = bus_command(tmp_path / "nats", port)
    with running(command, tmp_path / "log", **bus_environment(secrets)):
        wait_until(lambda: not is_free(port), "nats-server listens", STOP_S)
        await provision(url, secrets)
        async with (
            logged_in(url, secrets, "analyzer") as analyzer,
            logged_in(url, secrets, "gateway") as gateway,
            logged_in(url, secrets, "trainer") as trainer,
        ):
            settings = Settings(home=tmp_path, s3_access_key="a", s3_secret_key="b")
            store = ArtifactStore.open(settings)
            async with open_outbox(analyzer, tmp_path / "outbox") as outbox:
                worker = f"a:{os.getpid()}"
                deps = Deps("analyzer", worker, analyzer, outbox, store, settings, tmp_path)
                yield deps, gateway, trainer


def dataset(folder: Path, *splits: str) -> DatasetRef:
    for split in splits:
        (folder / "images" / split).mkdir(parents=True)
        (folder / f"images/{split}/a.jpg").write_bytes(b"")
    lines = [f"{split}: images/{split}" for split in splits]
    (folder / "data.yaml").write_text("\n".join([*lines, "names: [a]"]))
    return DatasetRef(name="d", path=str(folder))


def training(job_id: str, ref: DatasetRef, *, auto: bool = True) -> TrainingRequested:
    return TrainingRequested(
        job_id=job_id,
        dataset=ref,
        arguments=TrainingArguments(mode="full"),
        experiment_name=job_id,
        auto_validate=auto,
    )


def completed(job_id: str) -> TrainingCompleted:
    return TrainingCompleted(
        job_id=job_id,
        attempt=1,
        epochs_done=1,
        best_epoch=1,
        best_metrics={},
        classes=("a",),
        seconds=1.0,
        artifacts={"weights/best.pt": BEST},
    )


async def asked(bus: Bus) -> list[AnalysisRequested]:
    records = await bus.read("evt.analysis.requested.v1.*")
    return [each.event for each in records if isinstance(each.event, AnalysisRequested)]


async def test_a_completed_training_is_judged_once_on_val_and_test_a_cancelled_one_never(
    ours: tuple[Deps, Bus, Bus], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    deps, gateway, trainer = ours
    both = dataset(tmp_path / "both", "train", "val", "test")
    only_val = dataset(tmp_path / "only-val", "train", "val")
    for event in (
        training("stopped", both),
        training("quiet", both, auto=False),
        training("t1", both),
        training("t2", only_val),
    ):
        await gateway.publish(event)
    await trainer.publish(TrainingCancelled(job_id="stopped", attempt=1))
    for job_id in ("quiet", "t1", "t2"):
        await trainer.publish(completed(job_id))
    following = asyncio.create_task(follow_trainings(deps))
    async with asyncio.timeout(STOP_S):
        while len(found := await asked(gateway)) < 3:
            await asyncio.sleep(0.05)
    following.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await following
    assert [(each.options["split"], each.model.training_id) for each in found] == [
        ("val", "t1"),
        ("test", "t1"),
        ("val", "t2"),
    ]
    assert [each.job_id for each in found[:2]] == [judgement_id("t1", s) for s in ("val", "test")]
    assert found[0].model.key == BEST.key
    assert found[0].dataset == both
    again = await ask_for_judgements(replace(deps), "t1")
    assert again == [each.job_id for each in found[:2]]
    assert len(await asked(gateway)) == 3
    reasons = [str(getattr(record, "reason", "")).lower() for record in caplog.records]
    assert [reason for reason in reasons if "permissions violation" in reason] == []
