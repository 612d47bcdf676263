"""One supervised process: ready, restarted, stopped, never left behind."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from deploy.processes import FIRST_TRIES, DoesNotStart, Process, Program
from tests.conftest import STOP_S

STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
WAIT = "import signal; print('up', flush=True); signal.pause()"
WITH_CHILD = (
    "import subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])\n"
    "print('child', child.pid, flush=True)\n"
    "child.wait()"
)


class Said:
    """What a process wrote, and a way to wait for it."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def show(self, _: str, line: str) -> None:
        self.lines.append(line)

    async def ready(self) -> bool:
        return bool(self.lines)


def program(script: str, ready: Callable[[], Awaitable[bool]], grace_s: float = 5.0) -> Program:
    command = [sys.executable, "-c", script]
    return Program("it", command, {"SHIRUSHI_TEST_SECRET": "s3cr3t"}, ready, grace_s)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(STOP_S):
        while not condition():
            await asyncio.sleep(0.01)


def alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


async def test_its_lines_are_shown_and_kept_and_its_secret_is_in_no_argument(
    tmp_path: Path,
) -> None:
    said = Said()
    script = f"import os; print(os.environ['SHIRUSHI_TEST_SECRET'], flush=True); {WAIT}"
    process = Process(program(script, said.ready), tmp_path, said.show)
    task = asyncio.create_task(process.run())
    await asyncio.wait_for(process.ready.wait(), STOP_S)
    await until(lambda: said.lines == ["s3cr3t", "up"])
    assert process.pid
    assert "s3cr3t" not in " ".join(psutil.Process(process.pid).cmdline())
    await process.stop()
    await task
    assert (tmp_path / "it.log").read_text() == "s3cr3t\nup\n"
    assert process.pid is None


async def test_it_is_started_again_when_it_is_killed(tmp_path: Path) -> None:
    said = Said()
    process = Process(program(WAIT, said.ready), tmp_path, said.show)
    task = asyncio.create_task(process.run())
    await asyncio.wait_for(process.ready.wait(), STOP_S)
    first = process.pid
    assert first
    os.kill(first, signal.SIGKILL)
    await until(lambda: process.pid not in {None, first} and said.lines == ["up", "up"])
    await process.stop()
    await task


async def test_one_that_never_gets_ready_is_given_up_with_the_place_of_its_log(
    tmp_path: Path,
) -> None:
    async def never() -> bool:
        return False

    process = Process(program("raise SystemExit(3)", never), tmp_path, Said().show)
    with pytest.raises(DoesNotStart, match=r"exit code 3.*it\.log"):
        await asyncio.wait_for(process.run(), 2**FIRST_TRIES)


async def test_one_that_ignores_the_signal_is_ended_after_its_grace(tmp_path: Path) -> None:
    said = Said()
    process = Process(program(f"{STUBBORN}; {WAIT}", said.ready, 0.2), tmp_path, said.show)
    task = asyncio.create_task(process.run())
    await asyncio.wait_for(process.ready.wait(), STOP_S)
    start = asyncio.get_running_loop().time()
    await process.stop()
    await task
    assert 0.2 <= asyncio.get_running_loop().time() - start < 2.0


async def test_what_it_started_goes_with_it(tmp_path: Path) -> None:
    said = Said()
    process = Process(program(WITH_CHILD, said.ready), tmp_path, said.show)
    task = asyncio.create_task(process.run())
    await asyncio.wait_for(process.ready.wait(), STOP_S)
    child = int(said.lines[0].split()[1])
    assert alive(child)
    await process.stop()
    await task
    await until(lambda: not alive(child))
