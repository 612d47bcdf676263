"""One supervised process: started, read, started again when it ends, stopped for good."""

import asyncio
import ctypes
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

FIRST_TRIES = 5
STEADY_S = 30.0
LONGEST_WAIT_S = 10.0
PROBE_EVERY_S = 0.05
LINE_LIMIT = 2**20
LAST_WORDS_S = 1.0
OLD_LOG_BYTES = 20 * 2**20
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

Show = Callable[[str, str], None]


class DoesNotStart(Exception):
    """A process ends again and again before it was ever ready."""


@dataclass(frozen=True)
class Program:
    """What to start, and how to know that it is ready. Secrets go into `environment` only."""

    name: str
    command: list[str]
    environment: dict[str, str]
    ready: Callable[[], Awaitable[bool]]
    grace_s: float
    umask: int = -1


class Process:
    """Keeps one `Program` running. `show(name, line)` gets each line that it writes."""

    def __init__(self, program: Program, logs: Path, show: Show) -> None:
        self.program = program
        self.ready = asyncio.Event()
        self._log = logs / f"{program.name}.log"
        self._show = show
        self._stopping = False
        self._child: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Of the running child."""
        running = self._child is not None and self._child.returncode is None
        return self._child.pid if running and self._child else None

    async def run(self) -> None:
        """Start it, and again after a growing wait, until it is stopped.

        Raises:
            DoesNotStart: it ended `FIRST_TRIES` times in a row and was never ready.
        """
        failures = 0
        was_ready = False
        while True:
            start = time.monotonic()
            code = await self._run_once()
            was_ready = was_ready or self.ready.is_set()
            self.ready.clear()
            if self._stopping:
                return
            failures = 1 if time.monotonic() - start > STEADY_S else failures + 1
            if failures >= FIRST_TRIES and not was_ready:
                raise DoesNotStart(
                    f"{self.program.name} does not start (exit code {code}): see {self._log}"
                )
            wait_s = min(0.1 * 2**failures, LONGEST_WAIT_S)
            log.warning(
                "ended, starts again",
                extra={"program": self.program.name, "code": code, "in_s": wait_s},
            )
            await asyncio.sleep(wait_s)

    async def stop(self) -> None:
        """Ask it to stop; after its grace, end it and all that it started by force."""
        self._stopping = True
        child = self._child
        if child is None or child.returncode is not None:
            return
        _signal_group(child.pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(self.program.grace_s):
                await child.wait()
        except TimeoutError:
            _signal_group(child.pid, signal.SIGKILL)
            await child.wait()

    async def _run_once(self) -> int:
        child = self._child = await asyncio.create_subprocess_exec(
            *self.program.command,
            env=os.environ | self.program.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=LINE_LIMIT,
            start_new_session=True,  # Ctrl-C is for us: we stop them in order
            umask=self.program.umask,
            preexec_fn=die_with(os.getpid()),
        )
        if self._stopping:  # told to while it was being started
            _signal_group(child.pid, signal.SIGKILL)
        tasks = [asyncio.create_task(self._probe())]
        if child.stdout:
            tasks.append(asyncio.create_task(self._read(child.stdout)))
        try:
            return await child.wait()
        finally:
            tasks[0].cancel()
            _signal_group(child.pid, signal.SIGKILL)  # whatever it left behind
            # a grandchild in a session of its own may hold the pipe open
            _, open_still = await asyncio.wait(tasks, timeout=LAST_WORDS_S)
            for task in open_still:
                task.cancel()

    async def _probe(self) -> None:
        while not await self.program.ready():  # noqa: ASYNC110 - asked, it cannot tell
            await asyncio.sleep(PROBE_EVERY_S)
        self.ready.set()

    async def _read(self, output: asyncio.StreamReader) -> None:
        if self._log.exists() and self._log.stat().st_size > OLD_LOG_BYTES:
            self._log.replace(self._log.with_suffix(".log.old"))
        with self._log.open("ab") as file:
            while True:
                try:
                    line = await output.readline()
                except ValueError:  # longer than the limit: dropped
                    continue
                if not line:
                    return
                file.write(line)
                file.flush()
                self._show(self.program.name, line.decode(errors="replace").rstrip())


def die_with(parent: int) -> Callable[[], None] | None:
    """For the new child: the kernel kills it when the thread that forked it, our main one, ends."""
    if LIBC is None:
        return None
    prctl = LIBC.prctl

    def in_the_child() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before we asked
            os._exit(1)

    return in_the_child


def _signal_group(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, number)
