"""Room on a card for others than trainings, on a real bus; the card is faked below NVML."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from libs.common.asks import answer_gpu_questions
from libs.common.errors import PermanentError
from libs.common.events import TrainingStarted
from libs.common.gpu_lease import gpu_lease
from libs.common.service import Deps
from services.trainer.admission import Admission
from services.trainer.leases import lease_questions
from services.trainer.telemetry import reading
from tests.integration.test_trainer_runs import request, until
from tests.integration.test_trainer_troubles import trainer
from tests.unit.services.trainer.conftest import draw_dataset
from tests.unit.services.trainer.fake_nvml import GIB, Card, install

HOST = "gpu-1.example"
TERM_S = 0.6
WAIT_S = 30.0
HOLDER = """
import asyncio, sys
from libs.common.bus import connect
from libs.common.gpu_lease import gpu_lease
from services.trainer.domain.memory import GIB
async def main():
    async def wait(reason): print(reason)
    async with connect(sys.argv[1], source="holder") as bus, gpu_lease(
        bus, sys.argv[2], holder="killed", device="0", need_bytes=10 * GIB, on_wait=wait,
        term_s=float(sys.argv[3]),
    ) as lease:
        print("held", lease.granted_by, flush=True)
        await asyncio.sleep(600)
asyncio.run(main())
"""


@asynccontextmanager
async def owner(deps: Deps, admission: Admission) -> AsyncIterator[None]:
    """The trainer's part that answers."""
    work = answer_gpu_questions(deps.bus, HOST, lease_questions(admission, f"{HOST}:1"))
    task = asyncio.create_task(work)
    await asyncio.sleep(0)
    await deps.bus.nc.flush()
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Reasons(list[str]):
    """What a holder was told while it waited."""

    async def note(self, reason: str) -> None:
        self.append(reason)


async def test_a_lease_counts_until_it_is_given_back_and_a_training_waits_for_it(
    deps: Deps, nursery: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, Card())
    asked = request(draw_dataset(tmp_path / "drawn"))
    large = {"device": None, "imgsz": 640, "batch_size": 16}
    asked = asked.model_copy(update={"arguments": asked.arguments.model_copy(update=large)})
    readings = deps.bus.listen("progress.training.>")
    async with trainer(deps, nursery, fault="card_dies") as service, owner(deps, service.admission):
        hold = gpu_lease(
            deps.bus,
            HOST,
            holder="analysis 1",
            device="0",
            need_bytes=13 * GIB,
            on_wait=Reasons().note,
        )
        async with hold as lease, asyncio.timeout(WAIT_S):
            assert lease.granted_by == f"{HOST}:1"
            told = reading(deps, {}, None, {"leases": service.admission.shown()})
            assert told["leases"] == [
                {"holder": "analysis 1", "device": "0", "need_bytes": 13 * GIB}
            ]
            await deps.bus.publish(asked)
            _, waiting = await anext(readings)
            assert "leased to analysis 1" in waiting["waiting_reason"]
        assert service.admission.shown() == []
        records = await until(deps, TrainingStarted)
    assert isinstance(records[-1].event, TrainingStarted)
    assert records[-1].event.device == "0"


async def test_the_lease_of_a_holder_that_was_killed_runs_out(
    deps: Deps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, Card())
    admission = Admission(tmp_path / "peaks.json")
    command = [sys.executable, "-c", HOLDER, deps.settings.nats_url, HOST, str(TERM_S)]
    async with owner(deps, admission), asyncio.timeout(WAIT_S):
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        assert process.stdout
        assert (await process.stdout.readline()).decode() == f"held {HOST}:1\n"
        await asyncio.sleep(1.5 * TERM_S)  # longer than it lasts: it is renewed
        assert [each["holder"] for each in admission.shown()] == ["killed"]
        process.kill()
        await process.wait()
        reasons = Reasons()
        async with gpu_lease(
            deps.bus,
            HOST,
            holder="next",
            device="0",
            need_bytes=10 * GIB,
            on_wait=reasons.note,
            term_s=TERM_S,
        ):
            assert [each["holder"] for each in admission.shown()] == ["next"]
    assert all("GiB free" in reason for reason in reasons)


async def test_a_trainer_that_started_anew_learns_of_leases_when_they_are_renewed(
    deps: Deps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, Card())
    hold = gpu_lease(
        deps.bus,
        HOST,
        holder="analysis 1",
        device="0",
        need_bytes=GIB,
        on_wait=Reasons().note,
        term_s=TERM_S,
    )
    async with owner(deps, Admission(tmp_path / "a.json")):
        held = await hold.__aenter__()
    fresh = Admission(tmp_path / "b.json")
    async with owner(deps, fresh), asyncio.timeout(WAIT_S):
        while not fresh.shown():
            await asyncio.sleep(0.02)
        await hold.__aexit__(None, None, None)
        assert held.granted_by
        assert fresh.shown() == []


async def test_a_host_without_such_a_card_says_so_and_one_without_a_trainer_has_no_owner(
    deps: Deps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch)
    monkeypatch.setattr("libs.common.gpu_lease.PATIENCE_S", 0.2)
    hold = {"holder": "analysis 1", "device": "0", "on_wait": Reasons().note}
    async with owner(deps, Admission(tmp_path / "peaks.json")):
        with pytest.raises(PermanentError, match="no GPU 0: leave device out") as refused:
            async with gpu_lease(deps.bus, HOST, need_bytes=GIB, **hold):  # type: ignore[arg-type]
                pass
        assert refused.value.code == "no_gpu"
        install(monkeypatch, Card(total_bytes=4 * GIB))
        with pytest.raises(PermanentError, match="the largest card here has 4"):
            async with gpu_lease(deps.bus, HOST, need_bytes=9 * GIB, **hold):  # type: ignore[arg-type]
                pass
    async with gpu_lease(deps.bus, HOST, need_bytes=GIB, **hold) as lease:  # type: ignore[arg-type]
        assert lease.granted_by is None
