"""The whole system on this machine: bus, store and the four services, supervised in the foreground.

python -m deploy.up     SHIRUSHI_HOME  SHIRUSHI_PORT  SHIRUSHI_NATS_PORT  SHIRUSHI_S3_PORT
                        SHIRUSHI_ROOTS  SHIRUSHI_OUTPUTS  SHIRUSHI_INTERNAL_TLS

SIGHUP makes new passwords, keys and certificates and starts everything again with them:
`python -m deploy.rotate` asks for it and waits until it is done.
"""

import asyncio
import logging
import os
import signal
import ssl
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import nats.errors

from deploy import home as homes
from deploy.certificates import Certificates, certificates
from deploy.console import Console
from deploy.integrations import integrations
from deploy.nats_conf import API, bus_command, bus_environment
from deploy.ports import answers, http_status
from deploy.processes import DoesNotStart, Process, Program
from deploy.provision import keep_mirror, provision
from deploy.secrets import SERVICES, Secrets, load_or_make
from deploy.store import BUCKET, make_bucket, store_command, store_environment
from libs.common import logs
from libs.common.errors import TopologyDrift

log = logging.getLogger("deploy.up")

READY_WITHIN_S = 120.0
# together less than the five seconds in which everything is gone
SERVICE_GRACE_S = 2.0
STORE_GRACE_S = 2.0
BUS_GRACE_S = 0.5


class Stack:
    """All processes of one home."""

    def __init__(
        self, home: Path, ports: dict[str, int], secrets: Secrets, tls: Certificates | None
    ) -> None:
        self.home = home
        self.ports = ports
        self.secrets = secrets
        self.tls = tls
        self.ca = tls.ca if tls else None
        self.nats_url = homes.nats_url(ports, tls)
        self.s3_endpoint = f"http{'s' if tls else ''}://127.0.0.1:{ports['s3.port']}"
        self.integrations = integrations()
        self.console = Console(("nats", "store", *SERVICES, *self.integrations))
        self.processes: list[Process] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        logs_folder = home / "logs"
        logs_folder.mkdir(exist_ok=True)
        self._process: Callable[[Program], Process] = lambda program: Process(
            program, logs_folder, self.console.show
        )

    async def start(self) -> None:
        """In order: bus, streams, store, services; returns when the gateway says it is ready."""
        await self._up(self._bus())
        await provision(self.nats_url, self.secrets, self.ca)
        keeper = keep_mirror(self.nats_url, self.secrets, self.ca)
        self.tasks.append(asyncio.create_task(keeper))
        await self._up(self._store())
        async with asyncio.TaskGroup() as group:
            for name in SERVICES:
                group.create_task(self._up(self._service(name)))
        for name in self.integrations:
            await self._up(self._integration(name))

    async def stop(self) -> None:
        """In reverse order: services, store, bus. Less than five seconds."""
        ours = {*SERVICES, *self.integrations}
        services = [each for each in self.processes if each.program.name in ours]
        servers = [each for each in self.processes if each.program.name not in ours]
        await asyncio.gather(*(each.stop() for each in reversed(services)))
        for server in reversed(servers):
            await server.stop()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def _note(self, task: "asyncio.Task[None]") -> None:
        """Keep the first failure of a process that cannot be kept running."""
        failed = not task.cancelled() and task.exception()
        if failed and not self.broken.done():
            self.broken.set_exception(failed)

    async def _up(self, program: Program) -> None:
        process = self._process(program)
        self.processes.append(process)
        task = asyncio.create_task(process.run())
        task.add_done_callback(self._note)
        self.tasks.append(task)
        await process.ready.wait()

    def _bus(self) -> Program:
        async def ready() -> bool:
            return await answers(self.ports["nats"])

        command = bus_command(self.home / "nats", self.ports["nats"], self.tls)
        return Program("nats", command, bus_environment(self.secrets), ready, BUS_GRACE_S)

    def _store(self) -> Program:
        async def ready() -> bool:
            return await make_bucket(self.s3_endpoint, self.secrets, ca=self.ca)

        read_from = tuple(
            each for each in os.environ.get("SHIRUSHI_S3_DATASETS", "").split(",") if each
        )
        command = store_command(
            self.home / "store", self.ports, self.secrets, tls=self.tls, dataset_buckets=read_from
        )
        environment = store_environment(self.secrets, self.home / "store")
        # it puts its sockets into /tmp
        return Program("store", command, environment, ready, STORE_GRACE_S, umask=0o077)

    def _service(self, name: str) -> Program:
        async def ready() -> bool:
            return name != "gateway" or await self._served()

        command = [sys.executable, "-m", f"services.{name}"]
        return Program(name, command, self._environment(name), ready, SERVICE_GRACE_S)

    def _integration(self, name: str) -> Program:
        async def ready() -> bool:
            return True  # the stack waits for none of them

        environment = {"SHIRUSHI_HOME": str(self.home), "PYTHONUNBUFFERED": "1"}
        return Program(name, self.integrations[name], environment, ready, SERVICE_GRACE_S)

    async def _served(self) -> bool:
        return await http_status(self.ports["http"], "/readyz", tls=homes.speaks_tls()) == 200

    def _environment(self, name: str) -> dict[str, str]:
        """What a service is told: its own credentials, nobody else's."""
        roots = os.environ.get("SHIRUSHI_ROOTS") or str(Path.cwd())
        outputs = os.environ.get("SHIRUSHI_OUTPUTS") or str(self.home.parent / "ml_outputs")
        access_key, secret_key = self.secrets.store_keys(name)
        environment = {
            "SHIRUSHI_HOME": str(self.home),
            "SHIRUSHI_ROOTS": os.pathsep.join((roots, str(self.home / "datasets"))),
            "SHIRUSHI_OUTPUTS": outputs,
            "SHIRUSHI_NATS_URL": self.nats_url,
            "SHIRUSHI_NATS_USER": name,
            "SHIRUSHI_NATS_API": API,
            "SHIRUSHI_NATS_PASSWORD": self.secrets.bus[name],
            "SHIRUSHI_S3_ENDPOINT": self.s3_endpoint,
            "SHIRUSHI_S3_BUCKET": BUCKET,
            "SHIRUSHI_S3_ACCESS_KEY": access_key,
            "SHIRUSHI_S3_SECRET_KEY": secret_key,
            "PYTHONUNBUFFERED": "1",
        }
        if self.ca:
            environment |= {"SHIRUSHI_NATS_CA": str(self.ca), "SHIRUSHI_S3_CA": str(self.ca)}
        if name == "gateway":
            environment["SHIRUSHI_PORT"] = str(self.ports["http"])
            environment["SHIRUSHI_PAGE_KEY"] = self.secrets.page["session_key"]
        return environment


async def run(home: Path) -> None:
    """Keep the stack of `home` up until a signal asks to stop; SIGHUP: with new secrets.

    Raises:
        CannotStart, DoesNotStart, TopologyDrift: with what to do.
    """
    loop = asyncio.get_running_loop()
    told_to_stop, told_to_rotate = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told_to_stop.set)
    loop.add_signal_handler(signal.SIGHUP, told_to_rotate.set)
    (home / "datasets").mkdir(exist_ok=True)
    ports = homes.choose_ports(home)
    while not told_to_stop.is_set():
        anew = told_to_rotate.is_set()
        told_to_rotate.clear()
        secrets = load_or_make(home, anew=anew)
        stack = Stack(home, ports, secrets, certificates(home, anew=anew))
        await _keep_up(stack, told_to_stop, told_to_rotate)
    stack.console.say("stopped")


async def _keep_up(stack: Stack, *ends: asyncio.Event) -> None:
    """Start `stack` and stop it when one of `ends` is set, or it breaks."""
    url = homes.write_stack(stack.home, stack.ports, stack.secrets.bus["reader"], stack.tls)

    async def start() -> None:
        async with asyncio.timeout(READY_WITHIN_S):
            await stack.start()
        stack.console.say(f"ready  {url}/ui/ml")

    starting = asyncio.create_task(start())
    waiting = [asyncio.create_task(end.wait()) for end in ends]
    over: set[asyncio.Future[Any]] = {*waiting, stack.broken}
    try:
        await asyncio.wait({starting, *over}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            await asyncio.wait(over, return_when=asyncio.FIRST_COMPLETED)
        if stack.broken.done():
            stack.broken.result()
    except TimeoutError as error:
        raise DoesNotStart(
            f"not ready in {READY_WITHIN_S:.0f} s: see {stack.home / 'logs'}"
        ) from error
    finally:
        for task in (starting, *waiting):
            task.cancel()
        await asyncio.gather(starting, *waiting, return_exceptions=True)
        await stack.stop()
        (stack.home / "stack.json").unlink(missing_ok=True)


def main() -> int:
    """0 when it was stopped, 1 when it could not run."""
    logs.configure(json=False)
    home = homes.home_folder()
    try:
        with homes.locked(home):
            asyncio.run(run(home))
    except (
        homes.CannotStart,
        DoesNotStart,
        TopologyDrift,
        FileNotFoundError,
        ValueError,
        nats.errors.Error,
        ssl.SSLError,
    ) as error:
        with suppress(BrokenPipeError):
            print(f"shirushi: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
