"""After the storm: the whole log and the whole store are read, and every promise is checked."""

import asyncio
import hashlib
import re
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any

import httpx
import nats
import nats.errors
import nats.js.errors
import orjson
from nats.aio.client import Client
from nats.js.api import ConsumerConfig, DeliverPolicy

from libs.common.artifacts import ArtifactStore
from libs.common.bus import Bus
from libs.common.errors import NotFound, ShirushiError
from tests.chaos import history
from tests.chaos.history import History, Told
from tests.chaos.system import System

LOOK_S = 0.5
TIDY_S = 30.0
VIEWS = ("/training/status", "/dataset/validate", "/model/validate", "/model/compare", "/datasets")
UNNAMED = re.compile(
    r"trainings/[^/]+/[^/]+/\.reserved"  # a name, for ever
    r"|datasets/[^/]+/(blobs/[0-9a-f]{64}|\.collected)"  # `collect` frees what no version holds
)


async def connected(system: System) -> Client:
    """With all rights within the services' account."""
    return await nats.connect(
        f"nats://127.0.0.1:{system.ports['nats']}",
        user="setup",
        password=system.secrets.bus["setup"],
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.25,
        error_cb=_quiet,
    )


async def _quiet(_: Exception) -> None:
    """What goes wrong is raised by the call that it concerns."""


async def read_log(nc: Client, after: int = 0) -> list[Told]:
    """Every message of the log past a sequence."""
    return [
        Told(raw.seq, told["id"], told["type"], told["subject"], told["data"])
        for raw in await Bus(nc, source="chaos").page(after=after, limit=10**9)
        for told in [orjson.loads(raw.payload)]
    ]


async def dead_letters(nc: Client) -> list[str]:
    """Job ids of the requests that were given up."""
    js = nc.jetstream()
    total = (await js.stream_info("DEAD")).state.messages
    if not total:
        return []
    config = ConsumerConfig(deliver_policy=DeliverPolicy.ALL, ack_policy="none")  # type: ignore[arg-type]
    sub = await js.pull_subscribe("", stream="DEAD", config=config)
    found = await sub.fetch(total, timeout=10)
    await sub.unsubscribe()
    return [message.subject.rsplit(".", 1)[1] for message in found]


async def settled(nc: Client, patience_s: float) -> tuple[list[Told], float]:
    """The log once every job in it has ended, or as it is when patience is over; and seconds."""
    began = time.monotonic()
    log: list[Told] = []
    while True:
        with suppress(nats.errors.Error, nats.js.errors.Error, TimeoutError):
            log += await read_log(nc, log[-1].seq if log else 0)
            jobs, _ = history.histories(log)
            if jobs and not history.unfinished(jobs) + history.unfollowed(jobs):
                return log, time.monotonic() - began
        if time.monotonic() - began > patience_s:
            return log, time.monotonic() - began
        await asyncio.sleep(LOOK_S)


async def wrong_store(store: ArtifactStore, jobs: dict[str, History]) -> list[str]:
    """Artifacts that a fact names and that cannot be read, and those that no fact names."""
    promised = history.promised(jobs)
    wrong = [text for key in promised if (text := await _unreadable(store, promised[key]))]
    manifests = [key for key in promised if key.endswith("/manifest.json")]
    for key in manifests:
        with suppress(ShirushiError):
            for member in orjson.loads(await store.get_bytes(key))["files"]:
                name = f"{PurePosixPath(key).parent.parent}/blobs/{member['sha256']}"
                if text := await _unreadable(store, member | {"key": name}):
                    wrong.append(f"{text}, which {key} holds")
    named = set(promised) | await _named_in_reports(store, jobs)
    named |= {f"{key}l" for key in promised if key.endswith("/diff.json")}  # the same, in rows
    there = [head.key for head in await store.list("")]
    stray = [key for key in there if key not in named and not UNNAMED.fullmatch(key)]
    return wrong + [f"{key} is in the store and no fact names it" for key in stray]


async def _unreadable(store: ArtifactStore, promised: dict[str, Any]) -> str | None:
    key = promised["key"]
    try:
        data = await store.get_bytes(key)
    except ShirushiError as error:
        return f"{key} is promised and cannot be read: {error.code}"
    if hashlib.sha256(data).hexdigest() != promised["sha256"]:
        return f"{key} is promised and holds other bytes"
    return None


async def _named_in_reports(store: ArtifactStore, jobs: dict[str, History]) -> set[str]:
    """Diagrams of checks: the report, which a fact names, names them."""
    found: set[str] = set()
    for job in jobs.values():
        if job.end and job.end.kind == "dataset.validated.v1":
            with suppress(ShirushiError):
                report = orjson.loads(await store.get_bytes(job.end.data["report"]["key"]))
                found |= {each["key"] for each in report.get("pictures", ())}
    return found


async def wrong_fold(system: System, jobs: dict[str, History]) -> list[str]:
    """What the gateway shows against the log, and against a gateway that starts anew."""
    async with httpx.AsyncClient(base_url=system.url, trust_env=False, timeout=30) as client:
        live = await _views(client)
        for process in system.victims("gateway"):
            process.kill()
            await asyncio.to_thread(process.wait, 10)
        await system.ready()
        fresh = await _views(client)
        expected = history.statuses(jobs)
        rows = [*live["/dataset/validate"], *live["/model/validate"]]
        shown = {row["validation_id"]: row["status"] for row in rows}
        attempts: dict[str, int] = {}
        for job in jobs.values():
            if job.area == "training":
                row = (await client.get(f"/training/status/{job.job_id}")).json()
                shown[job.job_id], attempts[job.job_id] = row["status"], row["attempt"]
    wrong = [
        f"{route}: a gateway that starts anew says otherwise"
        for route in VIEWS
        if live[route] != fresh[route]
    ]
    wrong += [
        f"{job_id} is shown as {status}, it is {expected.get(job_id)}"
        for job_id, status in shown.items()
        if status != expected.get(job_id)
    ]
    wrong += [
        f"{job_id} is shown as taken up {attempt} times, it was {jobs[job_id].starts}"
        for job_id, attempt in attempts.items()
        if attempt != jobs[job_id].starts
    ]
    return wrong


async def _views(client: httpx.AsyncClient) -> dict[str, Any]:
    return {route: (await client.get(route)).json() for route in VIEWS}


async def wrong_leases(system: System) -> list[str]:
    """Room on cards that nobody uses, and is still promised."""
    async with httpx.AsyncClient(base_url=system.url, trust_env=False, timeout=30) as client:
        status = (await client.get("/status")).json()
    held = [lease for service in status["services"] for lease in service.get("leases") or ()]
    return [f"lease of {lease} is still held" for lease in held]


class Witness:
    """Reads each artifact at the moment that an end announces it: it must be there already."""

    def __init__(self, system: System) -> None:
        self._system = system
        self.wrong: list[str] = []
        self.read = 0

    async def watch(self, after: int) -> None:
        """For ever."""
        nc, store = await connected(self._system), self._system.artifacts()
        try:
            async for raw in Bus(nc, source="chaos").follow(after=after):
                told = orjson.loads(raw.payload)
                if told["type"] in history.TERMINAL:
                    await self._look(store, told["type"], history.artifacts(told["data"]))
        finally:
            await nc.close()

    async def _look(self, store: ArtifactStore, kind: str, named: Iterable[dict[str, Any]]) -> None:
        for each in named:
            while True:
                try:
                    async with asyncio.timeout(5):
                        await store.head(each["key"])
                    self.read += 1
                except NotFound:
                    self.wrong.append(f"{kind} announced {each['key']} before it was there")
                except (ShirushiError, TimeoutError):
                    await asyncio.sleep(LOOK_S)
                    continue
                break


async def _once_tidy(system: System, jobs: dict[str, History]) -> list[str]:
    """As `wrong_store`, once it finds nothing: jobs are tidied after they were told to be over."""
    began = time.monotonic()
    while wrong := await wrong_store(system.artifacts(), jobs):
        if time.monotonic() - began > TIDY_S:
            break
        await asyncio.sleep(LOOK_S)
    return wrong


async def verdict(
    system: System, nc: Client, log: Sequence[Told], accepted: Iterable[str]
) -> tuple[list[str], dict[str, History]]:
    """Everything that is wrong with log, store and gateway; and the jobs."""
    jobs, wrong = history.histories(log)
    wrong += history.unfinished(jobs) + history.unfollowed(jobs)
    wrong += [
        f"{job_id} was accepted and is not in the log" for job_id in accepted if job_id not in jobs
    ]
    wrong += history.wrong_epochs(jobs) + history.wrong_failures(jobs)
    wrong += history.wrong_dead(await dead_letters(nc), jobs)
    wrong += await _once_tidy(system, jobs)
    wrong += await wrong_fold(system, jobs)
    wrong += await wrong_leases(system)
    return wrong, jobs
