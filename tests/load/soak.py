"""`make soak`: very many tiny trainings one after the other; nothing grows.

python -m tests.load.soak [--trainings 1000] [--at-once 8] [--seconds 3600]

The training process alone is a double that ends in a moment (`fast.py`); trainer, gateway, bus and
store are the real ones. Prints what each process holds as it goes on, the consumers of the log and
the files left behind; ends with 1 when something grew from the first quarter to the last.
"""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import nats
import orjson

from deploy.secrets import load_or_make
from tests.conftest import Stack, started_stack
from tests.e2e.tiny import QUICK, tiny_dataset
from tests.load.figures import Held, held

LOOK_S = 5.0
ROOM_MIB = 24.0
"""What a process may hold more at the end: what it knows of jobs, what the allocator keeps."""
ROOM_FDS = 12
ROOM_THREADS = 4
ROOM_FILES = 20
JUDGED = 20
"""Of so many trainings the analyzer judges one."""
WARM_SHARE = 0.1
"""Of the trainings; meanwhile pools of threads and connections fill up to their bounds."""
ENDED = {"completed", "failed", "cancelled"}


@dataclass(frozen=True)
class Look:
    """At a moment."""

    done: int
    held: dict[str, Held]
    consumers: int
    files: int


async def look(stack: Stack, done: int) -> Look:
    """What is held now; files are those of scratch folders, where nothing is to stay."""
    ports = orjson.loads((stack.home / "stack.json").read_bytes())["ports"]
    password = load_or_make(stack.home).bus["setup"]
    nc = await nats.connect(f"nats://127.0.0.1:{ports['nats']}", user="setup", password=password)
    consumers = (await nc.jetstream().stream_info("EVENTS")).state.consumer_count
    await nc.close()
    files = sum(len(names) for _, _, names in os.walk(stack.home / "scratch"))
    return Look(done, held(stack.supervisor.pid), consumers, files)


async def train(client: httpx.AsyncClient, data: str, number: int) -> str:
    """One training to its end; its status."""
    body = dict(QUICK) | {
        "dataset_path": data,
        "mode": "full",
        "epochs": 2,
        "experiment_name": f"soak-{number}",
        "project_name": "soak",
        "auto_validate": number % JUDGED == 0,
    }
    told = (await client.post("/training/start", json=body)).raise_for_status().json()
    while True:
        answer = await client.get(f"/training/status/{told['training_id']}")
        status = str(answer.raise_for_status().json()["status"])
        if status in ENDED:
            return status
        await asyncio.sleep(0.2)


async def run(stack: Stack, given: argparse.Namespace) -> int:
    """All trainings, some at once; then the comparison."""
    data, looks, numbers = str(tiny_dataset(stack)), [], iter(range(given.trainings))
    ends: dict[str, int] = {}
    over = time.monotonic() + given.seconds

    async def work(client: httpx.AsyncClient) -> None:
        for number in numbers:
            if time.monotonic() > over:
                return
            status = await train(client, data, number)
            ends[status] = ends.get(status, 0) + 1

    async with httpx.AsyncClient(
        base_url=f"{stack.url}/api/v1/ml", timeout=60, trust_env=False
    ) as client:
        workers = [asyncio.create_task(work(client)) for _ in range(given.at_once)]
        began = time.monotonic()
        while any(not each.done() for each in workers):
            await asyncio.wait(workers, timeout=LOOK_S)
            looks.append(await look(stack, sum(ends.values())))
            print(f"{time.monotonic() - began:5.0f} s  {ends}  {shown(looks[-1])}", flush=True)
        await asyncio.gather(*workers)
    grown = compare(looks)
    print("\n".join(grown) if grown else "nothing grew", flush=True)
    return 1 if grown or set(ends) != {"completed"} else 0


def shown(seen: Look) -> str:
    """On a line."""
    parts = [
        f"{name} {each.rss_mib:.0f} MiB {each.fds} fds {each.threads} threads"
        for name, each in sorted(seen.held.items())
    ]
    return f"{'; '.join(parts)}; {seen.consumers} consumers; {seen.files} scratch files"


def compare(looks: list[Look]) -> list[str]:
    """What the last quarter holds more than the first, warm one did, beyond the room."""
    looks = [each for each in looks if each.done >= WARM_SHARE * looks[-1].done]
    quarter = max(1, len(looks) // 4)
    first, last = looks[:quarter], looks[-quarter:]
    grown = []
    for name in looks[-1].held:
        for what, room in (("rss_mib", ROOM_MIB), ("fds", ROOM_FDS), ("threads", ROOM_THREADS)):
            before, after = (
                max(getattr(each.held[name], what) for each in first),
                min(getattr(each.held[name], what) for each in last),
            )
            if after > before + room:
                grown.append(f"{name}: {what} grew from {before:.0f} to {after:.0f}")
    for what, room in (("consumers", ROOM_FDS), ("files", ROOM_FILES)):
        before, after = max(getattr(x, what) for x in first), min(getattr(x, what) for x in last)
        if after > before + room:
            grown.append(f"{what} grew from {before} to {after}")
    return grown


def main() -> int:
    """0 when nothing grew and every training was completed."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--trainings", type=int, default=1000)
    words.add_argument("--at-once", type=int, default=16)
    words.add_argument("--seconds", type=float, default=3600.0)
    given = words.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    environment = {"SHIRUSHI_REQUESTS_PER_S": "100000", "SHIRUSHI_SLOTS": "8"}
    try:
        with started_stack(folder, module="tests.load.fast_up", **environment) as stack:
            return asyncio.run(run(stack, given))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
