"""The demo: from an empty folder to a judged logo detector over the real stack, in the open.

python -m deploy.demo [--exit] [--home FOLDER] [--epochs N] [--min-map50 0.6]
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from deploy.home import home_folder, is_locked
from libs.client import Client, ClientError, show
from libs.client.address import running_stack
from libs.client.judgement import judgement
from libs.client.watch import ending, watch
from libs.common.errors import ShirushiError
from libs.common.jobs import Job
from libs.synthetic import DEMO_SPEC, write_dataset
from libs.synthetic.__main__ import describe, progress_bar

BASE_MODEL = "shirushi-logo-n"
PROJECT = "demo"
RECIPE: Mapping[str, Any] = {
    "model_architecture": "yolov8n",
    "base_model_path": BASE_MODEL,
    "batch_size": 16,
    "learning_rate": 0.004,
    "optimizer": "AdamW",
    "freeze": 10,
    "imgsz": DEMO_SPEC.size,
    "seed": 0,
}
_START_S = 120.0
_STOP_S = 30.0


class DemoFailed(Exception):
    """The demo cannot go on; the message says what to do."""


class Stages:
    """Shows each stage as it runs and remembers how long it took."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """One numbered part of the demo."""
        self.console.rule(f"[bold]{len(self.seconds) + 1}. {name}", align="left")
        began = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - began
        self.console.print(f"[dim]{self.seconds[name]:.1f} s[/]")

    def table(self) -> Table:
        """Seconds per stage, and in total."""
        table = Table(box=None, show_header=False, show_footer=True, pad_edge=False)
        table.add_column(footer="total")
        table.add_column(footer=f"{sum(self.seconds.values()):.1f} s", justify="right")
        for name, seconds in self.seconds.items():
            table.add_row(name, f"{seconds:.1f} s")
        return table


def main(argv: list[str] | None = None) -> int:
    """0 if the model is good enough, 1 if it is not or something failed."""
    options = _parser().parse_args(argv)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    os.environ["SHIRUSHI_HOME"] = str(options.home)
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell had it ignored
        signal.signal(number, signal.default_int_handler)
    stages = Stages(console)
    supervisor: subprocess.Popen[bytes] | None = None
    try:
        with stages.stage("Draw the dataset"):
            dataset = _draw(options.home / "datasets" / "demo-logos", console)
        with stages.stage("Start the stack"):
            url, supervisor = _start(options.home, console)
        with Client(url) as client:
            good = _run(client, dataset, options, stages)
        console.rule()
        console.print(stages.table())
        if supervisor and not options.exit:
            _stay(supervisor, url, console)
    except (DemoFailed, ClientError, ShirushiError) as error:
        console.print(str(error), style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        return 130
    else:
        return 0 if good else 1
    finally:
        if supervisor:
            _stop(supervisor)


def _run(client: Client, dataset: Path, options: argparse.Namespace, stages: Stages) -> bool:
    """Validate, train, judge and draw; whether the model is good enough."""
    console = stages.console
    with stages.stage("Validate the dataset"):
        report = client.validate_dataset(dataset)
        show.validation(console, report)
        if not report["valid"]:
            raise DemoFailed("the demo's own dataset was found not valid")
    with stages.stage("Train by transfer"):
        job, training = _train(client, dataset, options.epochs, console)
    with stages.stage("Judge the model on the test split"):
        judged = client.validate_model(training["best_model_path"], str(dataset), split="test")
        judgement(console, judged)
    with stages.stage("Draw its curves"):
        drawn = client.visualize_model(training["best_model_path"])
        show.rows(console, drawn.get("artifacts") or [], ("name", "size_bytes"), "nothing drawn")
    console.rule()
    show.pairs(console, _links(client, job, training, judged))
    good = bool(judged["map50"] >= options.min_map50)
    colour, word = ("green", "≥") if good else ("red", "<")
    console.print(f"[{colour}]mAP50 on test {judged['map50']:.3f} {word} {options.min_map50}[/]")
    return good


def _draw(folder: Path, console: Console) -> Path:
    with progress_bar(console) as on_progress:
        summary = write_dataset(folder, DEMO_SPEC, workers=2, on_progress=on_progress)
    console.print(describe(summary), soft_wrap=True, markup=False)
    return folder


def _start(home: Path, console: Console) -> tuple[str, subprocess.Popen[bytes] | None]:
    """The address of the home's stack; with the supervisor, if it was not up already."""
    log_path = home / "demo-stack.log"
    supervisor = None
    if not is_locked(home):
        (home / "stack.json").unlink(missing_ok=True)  # of a stack that was killed
        with log_path.open("wb") as log:
            supervisor = subprocess.Popen(
                [sys.executable, "-m", "deploy.up"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches us first, then we stop it in order
            )
    try:
        with console.status("waiting until every service is ready"):
            url = _await_ready(home, supervisor)
    except BaseException:
        if supervisor:
            _stop(supervisor)
        raise
    console.print(f"{url} is ready; its log: {log_path}" if supervisor else f"{url} is up already")
    return url, supervisor


def _await_ready(home: Path, supervisor: subprocess.Popen[bytes] | None) -> str:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if supervisor and supervisor.poll() is not None:
            break
        url = running_stack(home)
        if url and _ready(url):
            return url
        time.sleep(0.1)
    if supervisor is None:
        raise DemoFailed(f"the stack in {home} does not get ready: `make down`, then try again")
    said = (home / "demo-stack.log").read_text(errors="replace").splitlines()
    raise DemoFailed("\n".join(["the stack did not start:", *said[-15:]]))


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=2, trust_env=False).is_success
    except httpx.TransportError:
        return False


def _train(client: Client, dataset: Path, epochs: int, console: Console) -> tuple[Job, show.Json]:
    """A fresh experiment each time; returns its events folded, and its status."""
    started = client.start_training(
        dataset,
        "transfer",
        **RECIPE,
        epochs=epochs,
        project_name=PROJECT,
        experiment_name=f"logos-{datetime.now(UTC):%Y%m%d-%H%M%S}",
    )
    training_id = started["training_id"]
    console.print(f"training {training_id}: {client.url.split('/api/')[0]}/ui/ml shows it live")
    job = watch(client, training_id, console)
    console.print(ending(job))
    if job.status != "completed":
        raise DemoFailed(f"training {training_id} ended as {job.status}")
    return job, client.training(training_id)


def _links(client: Client, job: Job, training: show.Json, judged: show.Json) -> dict[str, object]:
    site = client.url.split("/api/")[0]
    return {
        "the page": f"{site}/ui/ml",
        "the API": f"{site}/docs",
        "events": f"{client.url}/events?after={job.first_seq - 1}",
        "artifacts": f"{client.url}/training/{job.id}/artifacts",
        "run": training["output_dir"],
        "weights": training["best_model_path"],
        "errors": judged.get("error_samples_dir"),
    }


def _stay(supervisor: subprocess.Popen[bytes], url: str, console: Console) -> None:
    console.print(f"\n[bold]{url}/ui/ml[/] stays up. Ctrl-C stops it.")
    try:
        code = supervisor.wait()
    except KeyboardInterrupt:
        return
    if code != 0:
        raise DemoFailed("the stack stopped by itself; see demo-stack.log in its home")


def _stop(supervisor: subprocess.Popen[bytes]) -> None:
    """In order, as Ctrl-C would; by force only if that hangs."""
    if supervisor.poll() is None:
        supervisor.send_signal(signal.SIGINT)
        try:
            supervisor.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(supervisor.pid, signal.SIGKILL)
            supervisor.wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.demo", description=__doc__)
    parser.add_argument("--home", type=lambda text: Path(text).resolve(), default=home_folder())
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--min-map50", type=float, default=0.6, help="exit with 1 below this")
    parser.add_argument("--exit", action="store_true", help="stop everything after the summary")
    return parser


if __name__ == "__main__":
    sys.exit(main())
