"""The real stack as the storm sees it: started, hit, and made whole again."""

import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from deploy.nats_conf import API
from deploy.ports import free_ports
from deploy.processes import die_with
from deploy.secrets import Secrets, load_or_make
from libs.common.artifacts import ArtifactStore
from libs.common.settings import Settings
from tests.chaos.links import Link
from tests.chaos.schedule import PEERS, SERVICES, Fault
from tests.conftest import ROOT

READY_S = 150.0
LOOK_S = 0.2
SMALL_BYTES = 2048
"""The largest file that a service may write while its disk is full."""
UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


@dataclass
class System:
    """One home, its supervisor, the links between its parts, and perhaps twins of its workers."""

    folder: Path
    twins: bool = False
    mutant: str = ""
    ports: dict[str, int] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    supervisor: subprocess.Popen[bytes] | None = None
    others: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    hits: Counter[str] = field(default_factory=Counter)

    @property
    def home(self) -> Path:
        """Of the stack."""
        return self.folder / "home"

    @property
    def url(self) -> str:
        """Of the gateway's routes."""
        return f"http://127.0.0.1:{self.ports['http']}/api/v1/ml"

    @property
    def secrets(self) -> Secrets:
        """As the supervisor made them."""
        return load_or_make(self.home)

    async def start(self) -> None:
        """The links, then the stack behind them."""
        names = ["http", "nats", "store", *(f"{a}-{b}" for a in SERVICES for b in PEERS)]
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        for service in SERVICES:
            for peer in PEERS:
                link = Link(self.ports[f"{service}-{peer}"], self.ports[peer])
                self.links[f"{service}-{peer}"] = link
                await link.start()
        self.supervise()
        await self.ready()
        if self.twins:
            for name in ("dataset", "analyzer", "trainer"):
                self.others[name] = self._twin(name)

    def supervise(self) -> None:
        """Start the supervisor, as an init system would that saw it die."""
        self.supervisor = self._spawn("tests.chaos.linked_up", log="stack.log")

    async def ready(self) -> None:
        """Until the gateway says so; a supervisor that died is started again."""
        async with (
            asyncio.timeout(READY_S),
            httpx.AsyncClient(trust_env=False, timeout=3) as client,
        ):
            while True:
                if self.supervisor and self.supervisor.poll() is not None:
                    self.supervise()
                with suppress(httpx.HTTPError):
                    answer = await client.get(f"http://127.0.0.1:{self.ports['http']}/readyz")
                    if answer.status_code == 200:
                        return
                await asyncio.sleep(LOOK_S)

    async def stop(self) -> None:
        """All of it."""
        self.calm()
        for process in [*self.others.values(), *([self.supervisor] if self.supervisor else [])]:
            process.terminate()
        for process in [*self.others.values(), *([self.supervisor] if self.supervisor else [])]:
            try:
                await asyncio.to_thread(process.wait, 15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for link in self.links.values():
            await link.stop()

    def calm(self) -> None:
        """Undo what can be undone: nothing stays paused, cut or full."""
        for link in self.links.values():
            link.set("open")
        for process in self._family():
            with suppress(psutil.Error):
                process.send_signal(signal.SIGCONT)
                process.rlimit(psutil.RLIMIT_FSIZE, UNLIMITED)

    async def hit(self, fault: Fault) -> None:
        """Do it, and undo it when its time is over."""
        hit = f"{fault.action} {fault.target}"
        if fault.action in ("cut", "freeze", "slow"):
            link = self.links[fault.target]
            self.hits[hit] += 1
            link.set({"cut": "cut", "freeze": "frozen", "slow": "slow"}[fault.action])  # type: ignore[arg-type]
            await asyncio.sleep(fault.for_s)
            link.set("open")
            return
        found = self.victims(fault.target, every=fault.action == "fill")
        self.hits[hit] += bool(found)
        for process in found:
            with suppress(psutil.Error):
                if fault.action == "kill":
                    process.kill()
                elif fault.action == "pause":
                    process.suspend()
                    await asyncio.sleep(fault.for_s)
                    process.resume()
                else:
                    process.rlimit(psutil.RLIMIT_FSIZE, (SMALL_BYTES, UNLIMITED[1]))
        if fault.action == "fill":
            await asyncio.sleep(fault.for_s)
            for process in self.victims(fault.target, every=True):
                with suppress(psutil.Error):
                    process.rlimit(psutil.RLIMIT_FSIZE, UNLIMITED)

    def victims(self, target: str, *, every: bool = False) -> list[psutil.Process]:
        """The process that is called so now, or with `every` its children too."""
        if target == "supervisor":
            return [psutil.Process(self.supervisor.pid)] if self.supervisor else []
        found = []
        for process in self._family():
            with suppress(psutil.Error):
                named = _name(process)
                if named == target:
                    found.append(process)
                    if every:
                        found += process.children(recursive=True)
        return found if every else found[:1]

    def _family(self) -> list[psutil.Process]:
        found: list[psutil.Process] = []
        for each in [self.supervisor, *self.others.values()]:
            with suppress(psutil.Error):
                if each and each.poll() is None:
                    found += psutil.Process(each.pid).children(recursive=True)
                    found.append(psutil.Process(each.pid))
        return found

    def _environment(self) -> dict[str, str]:
        links = {
            service: {
                "SHIRUSHI_NATS_URL": f"nats://127.0.0.1:{self.ports[f'{service}-nats']}",
                "SHIRUSHI_S3_ENDPOINT": f"http://127.0.0.1:{self.ports[f'{service}-store']}",
            }
            for service in SERVICES
        }
        return os.environ | {
            "SHIRUSHI_HOME": str(self.home),
            "SHIRUSHI_PORT": str(self.ports["http"]),
            "SHIRUSHI_NATS_PORT": str(self.ports["nats"]),
            "SHIRUSHI_S3_PORT": str(self.ports["store"]),
            "SHIRUSHI_ROOTS": os.pathsep.join((str(self.folder), str(ROOT))),
            "SHIRUSHI_CHECKPOINT_S": "0.5",
            "SHIRUSHI_LINKS": json.dumps(links),
            "SHIRUSHI_MUTANT": self.mutant,
            "NO_COLOR": "1",
        }

    def settings(self) -> Settings:
        """Of somebody who looks past all links, with the rights of the gateway."""
        return Settings(
            home=self.folder / "checker",
            nats_url=f"nats://127.0.0.1:{self.ports['nats']}",
            s3_endpoint=f"http://127.0.0.1:{self.ports['store']}",
            s3_access_key=self.secrets.store["access_key"],
            s3_secret_key=self.secrets.store["secret_key"],
        )

    def artifacts(self) -> ArtifactStore:
        """The store."""
        return ArtifactStore.open(self.settings())

    def _twin(self, name: str) -> subprocess.Popen[bytes]:
        """A second worker with a home of its own, past the links, as on another machine."""
        access_key, secret_key = self.secrets.store_keys(name)
        module = [f"services.{name}"]
        if self.mutant:
            module = ["tests.chaos.mutants", self.mutant, *module]
        return self._spawn(
            *module,
            log=f"twin-{name}.log",
            SHIRUSHI_HOME=str(self.folder / "twin"),
            SHIRUSHI_HOST_NAME="twin",
            SHIRUSHI_NATS_URL=f"nats://127.0.0.1:{self.ports['nats']}",
            SHIRUSHI_NATS_API=API,
            SHIRUSHI_NATS_USER=name,
            SHIRUSHI_NATS_PASSWORD=self.secrets.bus[name],
            SHIRUSHI_S3_ENDPOINT=f"http://127.0.0.1:{self.ports['store']}",
            SHIRUSHI_S3_ACCESS_KEY=access_key,
            SHIRUSHI_S3_SECRET_KEY=secret_key,
        )

    def _spawn(self, *module: str, log: str, **environment: str) -> subprocess.Popen[bytes]:
        """A Python process that ends when we do."""
        with (self.folder / log).open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", *module],
                cwd=ROOT,
                env=self._environment() | environment,
                preexec_fn=die_with(os.getpid()),  # noqa: PLW1509 - a call of prctl alone
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )


def _name(process: psutil.Process) -> str:
    """What the storm calls a process: one that a service started is a child."""
    words = process.cmdline()
    for service in SERVICES:
        if f"services.{service}" in words:
            return service
    if words and words[0].endswith("nats-server"):
        return "nats"
    if words and words[0].endswith("weed"):
        return "store"
    parent = process.parent()
    grand = parent.parent() if parent else None
    return "child" if any(_serves(each) for each in (parent, grand) if each) else ""


def _serves(process: psutil.Process) -> bool:
    words = process.cmdline()
    return any(f"services.{service}" in words for service in SERVICES)
