"""Trainings on a real MLflow tracking server: what the log says, once, whatever happens between."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from deploy.ports import free_ports
from integrations.log import Places
from integrations.mlflow import naming
from integrations.mlflow.runs import Runs
from integrations.trainings import follow_trainings, scalars
from libs.client import Client
from libs.common.bus import Bus
from libs.common.events import (
    AnalysisRequested,
    Artifact,
    DatasetRef,
    Event,
    Fitted,
    ModelRef,
    ModelValidated,
    TrainingArguments,
    TrainingCancelled,
    TrainingCompleted,
    TrainingFailed,
    TrainingPlanned,
    TrainingRequested,
)
from tests.conftest import Stack, running, wait_until
from tests.e2e.tiny import QUICK, TRAINED_S, tiny_dataset
from tests.told import epoch

START_S = 180.0
WITHIN_S = 60.0
WEIGHTS = b"weights, or so"
BEST = Artifact(
    key="trainings/p/e/weights/best.pt",
    size_bytes=len(WEIGHTS),
    sha256=sha256(WEIGHTS).hexdigest(),
)


@contextmanager
def tracking_server(folder: Path, port: int) -> Iterator[str]:
    url = f"http://127.0.0.1:{port}"
    store = ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"]
    files = ["--artifacts-destination", str(folder / "artifacts")]
    command = [sys.executable, "-m", "mlflow", "server", *store, *files, "--workers", "1"]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    where = ["--host", "127.0.0.1", "--port", str(port)]
    with running([*command, *where], folder / "mlflow.log", **quiet):
        wait_until(lambda: answers(url), f"MLflow answers; {folder}/mlflow.log", START_S)
        yield url


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", trust_env=False, timeout=10).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with tracking_server(tmp_path_factory.mktemp("mlflow"), free_ports(1)[0]) as url:
        yield url


def request(job_id: str, project: str) -> TrainingRequested:
    return TrainingRequested(
        job_id=job_id,
        dataset=DatasetRef(name="logos", version="v3"),
        arguments=TrainingArguments(mode="full", epochs=3, augmentation_params={"mosaic": 0.5}),
        project_name=project,
        experiment_name=f"run-{job_id}",
        tags=("night",),
    )


def completed(job_id: str) -> TrainingCompleted:
    return TrainingCompleted(
        job_id=job_id,
        attempt=1,
        epochs_done=3,
        best_epoch=3,
        best_metrics={"map50": 0.3},
        classes=("a", "b"),
        seconds=5.0,
        artifacts={"weights/best.pt": BEST},
    )


@asynccontextmanager
async def telling(bus: Bus, url: str, folder: Path) -> AsyncIterator[Places]:
    def download(key: str, to: Path, digest: str) -> None:
        assert (key, digest) == (BEST.key, BEST.sha256)
        to.write_bytes(WEIGHTS)

    runs = Runs(MlflowClient(url), download, first_wait_s=0.05)
    with Places(folder) as places:
        task = asyncio.create_task(follow_trainings(bus, places, "mlflow", runs.take))
        try:
            yield places
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def told(bus: Bus, *events: Event) -> int:
    last = 0
    for event in events:
        last = await bus.publish(event)
    return last


async def until(places: Places, seq: int) -> None:
    async with asyncio.timeout(WITHIN_S):
        while (places.of("mlflow") or 0) < seq:
            await asyncio.sleep(0.01)


def only_run(url: str, job_id: str) -> Run:
    client = MlflowClient(url)
    homes = [each.experiment_id for each in client.search_experiments()]
    [run] = client.search_runs(homes, f"tags.`{naming.TRAINING}` = '{job_id}'")
    return run


def history(url: str, run: Run, name: str) -> list[tuple[int, float]]:
    rows = MlflowClient(url).get_metric_history(run.info.run_id, name)
    return sorted((row.step, row.value) for row in rows)


async def test_a_training_is_a_run_with_what_the_log_says(
    bus: Bus, tmp_path: Path, server: str
) -> None:
    epochs = [epoch("t1", number) for number in (1, 2, 3)]
    fit = Fitted(argument="freeze", value=10, reason="few images")
    async with telling(bus, server, tmp_path) as places:
        last = await told(
            bus,
            request("t1", "shoes"),
            TrainingPlanned(job_id="t1", attempt=1, preset="auto", fitted=(fit,)),
            *epochs,
            completed("t1"),
            AnalysisRequested(
                job_id="a1",
                operation="validate",
                model=ModelRef(name="t1", training_id="t1"),
                dataset=DatasetRef(name="test-set"),
            ),
            ModelValidated(
                job_id="a1",
                attempt=1,
                prefix="validations/x",
                metrics={"map50": 0.7},
                total_images=3,
                seconds=1.0,
                report=BEST,
                artifacts={},
            ),
        )
        await until(places, last)
    run = only_run(server, "t1")
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "run-t1"
    for name in scalars(epochs[0]):
        assert history(server, run, name) == [(each.epoch, scalars(each)[name]) for each in epochs]
    assert history(server, run, "best/map50") == [(3, 0.3)]
    assert history(server, run, "evaluation/map50") == [(0, 0.7)]
    assert run.data.params["augmentation.mosaic"] == "0.5"
    assert run.data.params["fitted.freeze"] == "10"
    assert run.data.params["epochs"] == "3"
    assert run.data.tags["shirushi.dataset_version"] == "v3"
    assert run.data.tags["tag.night"] == "true"
    client = MlflowClient(server)
    [version] = client.search_model_versions(f"run_id='{run.info.run_id}'")
    assert (version.name, version.tags["sha256"]) == ("shoes", BEST.sha256)
    kept = client.download_artifacts(run.info.run_id, "weights/best.pt", str(tmp_path))
    assert sha256(await asyncio.to_thread(Path(kept).read_bytes)).hexdigest() == BEST.sha256


async def test_told_all_over_again_nothing_is_doubled(
    bus: Bus, tmp_path: Path, server: str
) -> None:
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        async with telling(bus, server, tmp_path / folder) as places:
            if folder == "first":
                last = await told(
                    bus, request("t2", "hats"), epoch("t2", 1), epoch("t2", 2), completed("t2")
                )
            await until(places, last)
    run = only_run(server, "t2")
    assert history(server, run, "metrics/mAP50") == [(1, 0.1), (2, 0.2)]
    assert len(MlflowClient(server).search_model_versions("name='hats'")) == 1


async def test_a_run_that_was_begun_by_one_who_died_gets_its_parameters(
    bus: Bus, tmp_path: Path, server: str
) -> None:
    client = MlflowClient(server)
    half = client.create_run(
        client.create_experiment("caps"), tags=naming.tags(request("t6", "caps"))
    )
    async with telling(bus, server, tmp_path) as places:
        last = await told(bus, request("t6", "caps"), completed("t6"))
        await until(places, last)
    run = only_run(server, "t6")
    assert run.info.run_id == half.info.run_id
    assert run.data.params["epochs"] == "3"


async def test_a_failure_and_a_cancel_are_told_as_such(
    bus: Bus, tmp_path: Path, server: str
) -> None:
    async with telling(bus, server, tmp_path) as places:
        last = await told(
            bus,
            request("t3", "bags"),
            request("t4", "bags"),
            TrainingFailed(job_id="t3", attempt=1, error_code="nan", message="the loss is nan"),
            TrainingCancelled(job_id="t4", attempt=1),
        )
        await until(places, last)
    assert only_run(server, "t3").info.status == "FAILED"
    assert only_run(server, "t3").data.tags["shirushi.error"] == "nan: the loss is nan"
    assert only_run(server, "t4").info.status == "KILLED"


async def test_a_server_that_was_away_is_told_everything(
    bus: Bus, tmp_path: Path, server: str
) -> None:
    [port] = free_ports(1)
    async with telling(bus, f"http://127.0.0.1:{port}", tmp_path) as places:
        last = await told(bus, request("t5", "mugs"), epoch("t5", 1), completed("t5"))
        await asyncio.sleep(0.3)
        assert places.of("mlflow") is None
        async with line(port, server):
            await until(places, last)
    assert history(server, only_run(server, "t5"), "metrics/mAP50") == [(1, 0.1)]


@asynccontextmanager
async def line(port: int, server: str) -> AsyncIterator[None]:
    """Whoever connects to `port` talks to `server`."""
    writers: list[asyncio.StreamWriter] = []

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to_there = await asyncio.open_connection("127.0.0.1", port_of(server))
        writers.extend((writer, to_there))
        with suppress(ConnectionError):
            await asyncio.gather(copy(reader, to_there), copy(there, writer))

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()

    listening = await asyncio.start_server(join, "127.0.0.1", port)
    try:
        yield
    finally:
        listening.close()
        for writer in writers:
            writer.close()
        await asyncio.gather(*(each.wait_closed() for each in writers), return_exceptions=True)


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


async def test_the_command_says_what_is_wrong_with_an_address() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "integrations.mlflow", "ftp://x"), stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 1
    assert b"http(s)://HOST:PORT" in said


def test_a_whole_training_is_on_the_server_as_it_is_in_the_log(stack: Stack, server: str) -> None:
    command = [sys.executable, "-m", "integrations.mlflow", server]
    where = {"SHIRUSHI_HOME": str(stack.home), "SHIRUSHI_URL": stack.url}
    with running(command, stack.home / "mlflow.log", **where), Client(stack.url) as client:
        started = client.start_training(tiny_dataset(stack), epochs=2, **QUICK)
        training = started["training_id"]
        wait_until(lambda: client.training(training)["status"] == "completed", "trained", TRAINED_S)
        wait_until(lambda: ended(server, training), "MLflow was told the end", WITHIN_S)
        logged: list[dict[str, Any]] = [
            each["data"]
            for each in client.recorded_events(limit=500)
            if (each["type"], each["subject"]) == ("training.epoch_completed.v1", training)
        ]
        artifacts = {each["name"]: each["sha256"] for each in client.artifacts(training)}
    run = only_run(server, training)
    assert run.info.status == "FINISHED"
    assert [each["epoch"] for each in logged] == [1, 2]
    for ours, theirs in (("map50", "mAP50"), ("map50_95", "mAP50-95"), ("recall", "recall")):
        expected = [(each["epoch"], each[ours]) for each in logged]
        assert history(server, run, f"metrics/{theirs}") == expected
    for name in ("box_loss", "cls_loss", "dfl_loss"):
        expected = [(each["epoch"], each["train_losses"][name]) for each in logged]
        assert history(server, run, f"train/{name}") == expected
    best = MlflowClient(server).download_artifacts(run.info.run_id, "weights/best.pt")
    assert sha256(Path(best).read_bytes()).hexdigest() == artifacts["weights/best.pt"]


def ended(server: str, training: str) -> bool:
    homes = [each.experiment_id for each in MlflowClient(server).search_experiments()]
    query = f"tags.`{naming.TRAINING}` = '{training}' and attributes.status = 'FINISHED'"
    return bool(MlflowClient(server).search_runs(homes, query))
