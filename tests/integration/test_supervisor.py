"""The supervisor with all it starts: order, privacy, restarts, and nothing left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from tests.conftest import ROOT, Stack, started_stack, wait_until

pytestmark = pytest.mark.e2e

SERVICES = ("dataset", "trainer", "analyzer", "gateway")
PRIVATE = ("secrets.json", "readers.json", "stack.json", "ports.json")
STOP_WITHIN_S = 5.0


def processes(stack: Stack) -> list[psutil.Process]:
    return psutil.Process(stack.supervisor.pid).children(recursive=True)


def service(stack: Stack, name: str) -> psutil.Process:
    """The process that the supervisor itself started for a service."""
    children = psutil.Process(stack.supervisor.pid).children()
    [found] = [child for child in children if child.cmdline()[-1:] == [f"services.{name}"]]
    return found


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=2, trust_env=False).is_success
    except httpx.TransportError:
        return False


def command(stack: Stack, module: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module],
        cwd=ROOT,
        env=os.environ | {"SHIRUSHI_HOME": str(stack.home), "SHIRUSHI_PORT": "0"},
        capture_output=True,
        timeout=20,
        text=True,
        check=False,
    )


def every_secret(home: Path) -> list[str]:
    groups = json.loads((home / "secrets.json").read_text())
    return [value for group in groups.values() for value in group.values()]


def test_secrets_are_private_and_in_no_command_line_and_in_no_log(stack: Stack) -> None:
    assert stack.home.stat().st_mode & 0o777 == 0o700
    for name in PRIVATE:
        assert (stack.home / name).stat().st_mode & 0o777 == 0o600, name
    secrets = every_secret(stack.home)
    assert len(set(secrets)) == len(secrets) > 10
    shown = [" ".join(process.cmdline()) for process in processes(stack)]
    shown += [log.read_text(errors="replace") for log in (stack.home / "logs").iterdir()]
    shown += [stack.log.read_text(errors="replace"), (stack.home / "nats/nats.conf").read_text()]
    assert not [secret for secret in secrets if any(secret in text for text in shown)]


def test_each_service_knows_its_own_credentials_alone(stack: Stack) -> None:
    passwords = json.loads((stack.home / "secrets.json").read_text())["bus"]
    for name in SERVICES:
        environment = service(stack, name).environ()
        assert environment["SHIRUSHI_NATS_USER"] == name
        known = [user for user, value in passwords.items() if value in environment.values()]
        assert known == [name]


def test_a_second_stack_in_the_same_home_is_refused_with_what_to_do(stack: Stack) -> None:
    refused = command(stack, "deploy.up")
    assert refused.returncode == 1
    assert stack.url in refused.stderr
    assert "make down" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_two_stacks_side_by_side_then_restart_stop_and_come_back(
    stack: Stack, tmp_path: Path
) -> None:
    with started_stack(tmp_path) as second:
        assert ready(stack.url)
        assert second.url != stack.url

        killed = service(second, "gateway")
        killed.kill()
        wait_until(lambda: gone(killed) and not ready(second.url), "the gateway is down")
        wait_until(lambda: ready(second.url), "the gateway is back")
        bus = [each for each in processes(second) if "nats-server" in each.cmdline()[0]]
        bus[0].kill()
        wait_until(lambda: not ready(second.url), "the gateway sees that the bus is away")
        wait_until(lambda: ready(second.url), "all is well again")

        left = processes(second)
        start = time.monotonic()
        second.supervisor.send_signal(signal.SIGINT)
        assert second.supervisor.wait(STOP_WITHIN_S) == 0
        assert time.monotonic() - start < STOP_WITHIN_S
        assert [each for each in left if not gone(each)] == []
        assert not (second.home / "stack.json").exists()

    with started_stack(tmp_path) as again:
        stopped = command(again, "deploy.down")
        assert stopped.returncode == 0, stopped.stderr
        assert again.supervisor.wait(STOP_WITHIN_S) == 0
    assert ready(stack.url)


def test_nothing_is_left_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    with started_stack(tmp_path) as stack:
        left = processes(stack)
        assert len(left) >= len(SERVICES) + 2
        stack.supervisor.kill()
        stack.supervisor.wait(STOP_WITHIN_S)
        wait_until(lambda: all(gone(each) for each in left), "every process is gone", 5.0)
