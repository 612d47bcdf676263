"""`make load`: a log of many jobs, many sockets, many requests a second, on a whole stack.

python -m tests.load [--jobs 10000] [--sockets 1000] [--rate 200] [--seconds 60]

Prints p50 and p99 by kind of request, statuses, delays of live events, and what each process held
at the start and at the end. Ends with 1 when an answer was wrong: anything but 2xx, and 429 or 503
that say when to try again.
"""

import argparse
import asyncio
import itertools
import shutil
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import nats
import orjson

from deploy.secrets import load_or_make
from libs.common import subjects
from libs.common.cloudevents import encode
from libs.common.events import (
    DatasetRef,
    EpochCompleted,
    Event,
    TrainingArguments,
    TrainingFailed,
    TrainingRequested,
    TrainingStarted,
)
from tests.conftest import Stack, started_stack
from tests.e2e.tiny import tiny_dataset
from tests.load.figures import Answers, held, percentile
from tests.load.sockets import LeanSocket

EPOCHS = 3
BATCH = 500
NOBODYS = "past"  # a pool that no trainer serves: the past is not taken up again
SOCKETS_AT_ONCE = 50
TRIES = {429, 503}
DRAIN_S = 30.0
READ_WHOLE = 50
"""Sockets whose frames are read to their time; of the others the sequence alone."""


def story(number: int) -> list[Event]:
    """A training of the past: asked for, begun, some epochs, ended."""
    job = f"past-{number}"
    told: list[Event] = [
        TrainingRequested(
            job_id=job,
            dataset=DatasetRef(name="logos", path="/logos"),
            arguments=TrainingArguments(mode="full", epochs=EPOCHS),
            experiment_name=f"run-{number}",
            pool=NOBODYS,
        ),
        TrainingStarted(job_id=job, attempt=1, worker="w", device="cpu", from_epoch=0),
    ]
    told += [
        EpochCompleted(
            job_id=job,
            attempt=1,
            epoch=epoch,
            epochs=EPOCHS,
            train_losses={"box": 1.0},
            precision=0.5,
            recall=0.5,
            map50=0.5,
            map50_95=0.4,
            seconds=1,
        )
        for epoch in range(1, EPOCHS + 1)
    ]
    return [*told, TrainingFailed(job_id=job, attempt=1, error_code="past", message="long ago")]


async def fill(stack: Stack, jobs: int) -> int:
    """Store the past as a backup that is put back would; answers the last sequence."""
    password = load_or_make(stack.home).bus["setup"]
    port = orjson.loads((stack.home / "stack.json").read_bytes())["ports"]["nats"]
    nc = await nats.connect(f"nats://127.0.0.1:{port}", user="setup", password=password)
    js = nc.jetstream(timeout=30)
    waiting = set()
    for number in range(jobs):
        for event in story(number):
            subject, payload = subjects.of(event), encode(event, source="load")
            waiting.add(asyncio.ensure_future(js.publish(subject, payload)))
        if len(waiting) >= BATCH:
            await asyncio.gather(*waiting)
            waiting.clear()
    await asyncio.gather(*waiting)
    last = int((await js.stream_info("EVENTS")).state.last_seq)
    await nc.close()
    return last


async def known(stack: Stack, job: str) -> None:
    """Until the gateway has read the log up to the end of a job: it was told past it."""
    address = f"{stack.url}/api/v1/ml/training/status/{job}"
    async with asyncio.timeout(120), httpx.AsyncClient(trust_env=False, timeout=60) as client:
        while '"failed"' not in (await client.get(address)).text:
            await asyncio.sleep(0.2)


class Listeners:
    """Sockets on all events, and how late each event came."""

    def __init__(self, stack: Stack, after: int) -> None:
        self.port = int(stack.url.rsplit(":", 1)[1])
        self.path = f"/api/v1/ml/ws?after={after}"
        self.late_s: list[float] = []
        self.sockets: list[LeanSocket] = []

    async def open(self, count: int) -> None:
        """All of them, some at a time."""
        gate = asyncio.Semaphore(SOCKETS_AT_ONCE)

        async def one(number: int) -> None:
            async with gate:
                note = self._note if number < READ_WHOLE else None
                self.sockets.append(await LeanSocket.open(self.port, self.path, note))

        await asyncio.gather(*(one(number) for number in range(count)))

    @property
    def lost(self) -> int:
        """Sockets that were closed."""
        return sum(each.lost for each in self.sockets)

    @property
    def seqs(self) -> list[list[int]]:
        """Of each, in the order in which they came."""
        return [each.seqs for each in self.sockets]

    def _note(self, payload: bytes) -> None:
        self.late_s.append(time.time() - _seconds(orjson.loads(payload)["time"]))

    def close(self) -> None:
        """Without a farewell."""
        for each in self.sockets:
            each.close()


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


async def ask(client: httpx.AsyncClient, answers: Answers, turn: int, jobs: int, data: str) -> None:
    """One request of the mix: 64 % one job, 20 % lists, 10 % events, 5 % status, 0.5 % new work."""
    job = f"past-{(turn * 7919) % jobs}"
    share = turn % 20
    kind, method, path, body = "one job", "GET", f"/training/status/{job}", None
    if share in {1, 6, 11, 16}:
        kind, path = "list of jobs", f"/training/status?limit=20&name=run-{turn % 97}"
    elif share in {2, 12}:
        kind, path = "events", f"/events?after={turn % 30000}&limit=20"
    elif share == 3:
        kind, path = "status", "/status"
    elif turn % 200 == 4:  # each tells some seven events to every socket
        kind, method, path, body = (
            "a request for work",
            "POST",
            "/dataset/validate",
            {"dataset_path": data},
        )
    began = time.perf_counter()
    try:
        headers = {"Prefer": "respond-async"} if body else {}
        answer = await client.request(method, path, json=body, headers=headers)
    except httpx.HTTPError as error:
        answers.failures[repr(error)[:80]] += 1
        return
    answers.add(kind, answer.status_code, time.perf_counter() - began)
    wrong = answer.status_code >= 400 and not (
        answer.status_code in TRIES and "Retry-After" in answer.headers
    )
    if wrong:
        answers.failures[f"{answer.status_code} {kind}: {answer.text[:60]}"] += 1


async def press(stack: Stack, rate: float, seconds: float, jobs: int) -> tuple[Answers, float]:
    """Requests at a steady rate, answered earlier ones or not; and the rate of answers."""
    answers, turns = Answers(), itertools.count()
    data = str(tiny_dataset(stack))
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200, keepalive_expiry=2.0)
    base = f"{stack.url}/api/v1/ml"
    async with httpx.AsyncClient(
        base_url=base, timeout=60, trust_env=False, limits=limits
    ) as client:
        began = time.monotonic()
        tasks = set()
        for turn in turns:
            due = began + turn / rate
            if due - began >= seconds:
                break
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            tasks.add(asyncio.create_task(ask(client, answers, turn, jobs, data)))
            if turn % 1000 == 999:
                ended = sum(answers.statuses.values())
                say(f"{turn + 1} asked, {ended} answered after {time.monotonic() - began:.0f} s")
        _, late = await asyncio.wait(tasks, timeout=DRAIN_S)
        for task in late:
            task.cancel()
            answers.failures[f"no answer {DRAIN_S:.0f} s after the end"] += 1
        await asyncio.gather(*late, return_exceptions=True)
        took = time.monotonic() - began
    return answers, (len(tasks) - len(late)) / took


async def run(stack: Stack, given: argparse.Namespace) -> int:
    """Fill, listen, press, and say what came of it."""
    began = time.monotonic()
    last = await fill(stack, given.jobs)
    say(f"{given.jobs} jobs, {last} events in the log after {time.monotonic() - began:.0f} s")
    await known(stack, f"past-{given.jobs - 1}")
    before = held(stack.supervisor.pid)
    listeners = Listeners(stack, last)
    began = time.monotonic()
    await listeners.open(given.sockets)
    say(f"{given.sockets} sockets open after {time.monotonic() - began:.1f} s")
    answers, rate = await press(stack, given.rate, given.seconds, given.jobs)
    await asyncio.sleep(3)  # what is still on its way
    after = held(stack.supervisor.pid)
    say(f"\n{rate:.0f} requests/s answered\n{'':28} number   p50 ms  p99 ms")
    say("\n".join(answers.rows()))
    say(f"statuses {dict(answers.statuses)}, failures {dict(answers.failures)}")
    gaps = sum(seqs != sorted(set(seqs)) for seqs in listeners.seqs)
    counts = {len(seqs) for seqs in listeners.seqs}
    late, frames = listeners.late_s, sum(map(len, listeners.seqs))
    say(
        f"live events: {frames} frames, p50 {percentile(late, 50):.0f} ms, p99 "
        f"{percentile(late, 99):.0f} ms; sockets lost {listeners.lost}, out of order {gaps}, "
        f"events per socket {min(counts)} to {max(counts)}"
    )
    say(f"\n{'':14} MiB before  after   fds before  after   threads before  after")
    for name, then in sorted(before.items()):
        now = after[name]
        say(
            f"{name:14} {then.rss_mib:10.0f} {now.rss_mib:6.0f} {then.fds:12} {now.fds:6} "
            f"{then.threads:16} {now.threads:6}"
        )
    listeners.close()
    return 1 if answers.failures or listeners.lost or gaps else 0


def say(line: str) -> None:
    """As it comes."""
    print(line, flush=True)


def main() -> int:
    """0 when nothing was lost and no answer was wrong."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--jobs", type=int, default=10_000)
    words.add_argument("--sockets", type=int, default=1000)
    words.add_argument("--rate", type=float, default=200.0, help="requests a second")
    words.add_argument("--seconds", type=float, default=60.0)
    given = words.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="load-"))
    environment: dict[str, Any] = {"SHIRUSHI_REQUESTS_PER_S": "100000"}
    try:
        with started_stack(folder, **environment) as stack:
            return asyncio.run(run(stack, given))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
