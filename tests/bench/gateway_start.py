"""How soon a gateway answers with very many events in its log, without and with a snapshot.

    python -m tests.bench.gateway_start 1000000

A real nats-server, store and gateway process; the log is made up: trainings of a hundred epochs
with a checkpoint each, and checks of datasets beside them. Prints its figures as JSON.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import psutil

from deploy.ports import free_ports, is_free
from deploy.secrets import load_or_make
from deploy.store import make_bucket, server_binary, store_command, store_environment, store_ports
from libs.common import subjects
from libs.common.bus import connect, provision
from libs.common.cloudevents import encode
from libs.common.events import (
    Artifact,
    CheckpointSaved,
    DatasetFailed,
    DatasetRef,
    DatasetRequested,
    DatasetStarted,
    EpochCompleted,
    Event,
    TrainingArguments,
    TrainingCompleted,
    TrainingRequested,
    TrainingStarted,
)
from tests.conftest import running, wait_until

EPOCHS = 100
CHECKS = 25
"""Beside each training."""
SHA = "0" * 64


def events() -> Iterator[Event]:
    """Without an end."""
    number = 0
    while True:
        number += 1
        yield from training(f"t{number:08d}")
        for check in range(CHECKS):
            job = f"c{number:08d}-{check}"
            data = DatasetRef(name="logos", path="/data/logos")
            yield DatasetRequested(job_id=job, operation="validate", dataset=data)
            yield DatasetStarted(job_id=job, attempt=1, worker="host:1")
            yield DatasetFailed(job_id=job, attempt=1, error_code="no_images", message="none there")


def training(job: str) -> Iterator[Event]:
    """As the trainer tells one."""
    files = {
        name: Artifact(
            key=f"trainings/p/{job}/.attempts/1/{name}", size_bytes=6_000_000, sha256=SHA
        )
        for name in ("state.pt", "last.pt", "best.pt")
    }
    yield TrainingRequested(
        job_id=job,
        dataset=DatasetRef(name="logos", path="/data/logos"),
        arguments=TrainingArguments(mode="full", epochs=EPOCHS),
        project_name="p",
        experiment_name=job,
    )
    yield TrainingStarted(job_id=job, attempt=1, worker="host:1", device="0", from_epoch=0)
    for number in range(1, EPOCHS + 1):
        losses = {"box_loss": 1.23456 / number, "cls_loss": 2.3456 / number, "dfl_loss": 0.98765}
        yield CheckpointSaved(job_id=job, attempt=1, epoch=number, files=files)
        yield EpochCompleted(
            job_id=job,
            attempt=1,
            epoch=number,
            epochs=EPOCHS,
            train_losses=losses,
            val_losses=losses,
            precision=0.51234,
            recall=0.41234,
            map50=number / 200,
            map50_95=number / 300,
            learning_rates={"pg0": 0.01, "pg1": 0.01, "pg2": 0.01},
            seconds=31.234,
            best=True,
        )
    yield TrainingCompleted(
        job_id=job,
        attempt=1,
        epochs_done=EPOCHS,
        best_epoch=EPOCHS,
        best_metrics={"map50": 0.5},
        classes=("a", "b"),
        seconds=3123.0,
        artifacts={f"weights/{name}": each for name, each in files.items()},
    )


async def fill(url: str, count: int) -> None:
    """Lay the events into the log, without waiting for each."""
    async with connect(url, source="bench") as bus:
        await provision(bus.nc)
        for at, event in enumerate(islice(events(), count)):
            await bus.nc.publish(subjects.of(event), encode(event, source="bench"))
            if at % 2000 == 0:
                await bus.nc.flush()
        await bus.nc.flush()
        while await bus.last_sequence() < count:
            await asyncio.sleep(0.1)


def answers_after_s(environment: dict[str, str], folder: Path, port: int, most_s: float) -> Any:
    """Start a gateway; seconds until it lists trainings, its peak of memory, and its process."""
    began_s = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "services.gateway"],
        env=os.environ | environment,
        stdout=(folder / "gateway.log").open("ab"),
        stderr=subprocess.STDOUT,
    )
    address = f"http://127.0.0.1:{port}/api/v1/ml/training/status?limit=1"
    with httpx.Client(trust_env=False, timeout=15) as http:
        while time.perf_counter() - began_s < most_s:
            assert process.poll() is None, (folder / "gateway.log").read_text()[-2000:]
            with suppress(httpx.TransportError):
                if http.get(address).status_code == 200:
                    break
            time.sleep(0.02)
        took_s = time.perf_counter() - began_s
        rss = psutil.Process(process.pid).memory_info().rss / 2**20
        listed_s = time.perf_counter()
        http.get(address.replace("limit=1", "limit=100")).raise_for_status()
        listed_s = time.perf_counter() - listed_s
    return {
        "s": round(took_s, 2),
        "rss_mib": round(rss),
        "first_page_s": round(listed_s, 3),
    }, process


def measure(count: int, folder: Path) -> dict[str, Any]:
    """All of it."""
    nats_port, http_port = free_ports(2)
    nats_url, secrets, ports = f"nats://127.0.0.1:{nats_port}", load_or_make(folder), store_ports()
    endpoint = f"http://127.0.0.1:{ports['s3.port']}"
    bus = [server_binary("nats-server"), "-a", "127.0.0.1", "-p", str(nats_port), "-js", "-sd"]
    store = store_command(folder, ports, secrets)
    found: dict[str, Any] = {"events": count}
    with (
        running([*bus, str(folder / "nats")], folder / "nats.log"),
        running(store, folder / "store.log", **store_environment(secrets, folder)),
    ):
        wait_until(lambda: not is_free(nats_port), "the bus")
        wait_until(lambda: asyncio.run(make_bucket(endpoint, secrets, "shirushi")), "the store")
        began_s = time.perf_counter()
        asyncio.run(fill(nats_url, count))
        found["fill_s"] = round(time.perf_counter() - began_s, 1)
        environment = {
            "SHIRUSHI_HOME": str(folder / "home"),
            "SHIRUSHI_PORT": str(http_port),
            "SHIRUSHI_NATS_URL": nats_url,
            "SHIRUSHI_S3_ENDPOINT": endpoint,
            "SHIRUSHI_S3_ACCESS_KEY": secrets.store["access_key"],
            "SHIRUSHI_S3_SECRET_KEY": secrets.store["secret_key"],
        }
        found["empty_store"], process = answers_after_s(environment, folder, http_port, 900)
        log = folder / "gateway.log"
        began_s = time.perf_counter()
        wait_until(lambda: "snapshot taken" in log.read_text(), "a snapshot is taken", 300)
        found["snapshot_s"] = round(time.perf_counter() - began_s, 1)
        process.terminate()
        process.wait(20)
        found["with_snapshot"], process = answers_after_s(environment, folder, http_port, 900)
        process.terminate()
        process.wait(20)
        assert "began with a snapshot" in log.read_text()
    return found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="gateway-start-", ignore_cleanup_errors=True) as name:
        print(json.dumps(measure(int(sys.argv[1]), Path(name))))
        shutil.rmtree(name, ignore_errors=True)
