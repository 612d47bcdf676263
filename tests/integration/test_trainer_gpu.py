"""Admission to GPUs on a host whose cards are faked below the real NVML binding."""

import asyncio
import socket
from pathlib import Path

import pynvml
import pytest

from libs.common.events import TrainingAdjusted, TrainingFailed, TrainingStarted
from libs.common.service import Deps
from services.trainer.telemetry import reading
from tests.integration.test_trainer_runs import ENDS, request, until
from tests.integration.test_trainer_troubles import trainer
from tests.unit.services.trainer.conftest import draw_dataset
from tests.unit.services.trainer.fake_nvml import GIB, Card, install

STRANGER = 4_000_001


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return draw_dataset(tmp_path / "drawn")


async def test_a_training_waits_while_a_stranger_fills_the_card_and_says_so(
    deps: Deps, nursery: socket.socket, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = Card(used_bytes=15 * GIB, processes=[(STRANGER, 15 * GIB)])
    install(monkeypatch, card)
    readings = deps.bus.listen("progress.training.>")
    asked = request(dataset)
    arguments = asked.arguments.model_copy(update={"device": None, "imgsz": 640, "batch_size": 16})
    async with trainer(deps, nursery, fault="card_dies"):
        await deps.bus.publish(asked.model_copy(update={"arguments": arguments}))
        async with asyncio.timeout(20):
            _, waiting = await anext(readings)
        assert waiting["stage"] == "waiting"
        assert "NVIDIA T4 has 1.0 GiB free" in waiting["waiting_reason"]
        assert str(STRANGER) in waiting["waiting_reason"]
        card.used_bytes, card.processes = GIB // 4, []
        records = await until(deps, TrainingStarted)
    started = records[-1].event
    assert isinstance(started, TrainingStarted)
    assert started.device == "0"


async def test_a_training_that_no_card_can_hold_fails_with_what_would_fit(
    deps: Deps, nursery: socket.socket, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, Card(total_bytes=6 * GIB))
    asked = request(dataset)
    large = {"device": "0", "imgsz": 1280, "batch_size": 16, "model_architecture": "yolov8m"}
    asked = asked.model_copy(update={"arguments": asked.arguments.model_copy(update=large)})
    async with trainer(deps, nursery):
        await deps.bus.publish(asked)
        records = await until(deps, *ENDS)
    failed = records[-1].event
    assert isinstance(failed, TrainingFailed)
    assert failed.error_code == "gpu_too_small"
    assert "the largest card here has 6.0 GiB" in failed.message
    assert "A batch of 1 would fit" in failed.message or "A batch of 2 would fit" in failed.message


async def test_a_card_that_falls_off_the_bus_is_told_and_another_takes_over(
    deps: Deps, nursery: socket.socket, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards = Card(), Card(used_bytes=2 * GIB)
    install(monkeypatch, *cards)
    asked = request(dataset)
    arguments = asked.arguments.model_copy(update={"device": None})
    async with trainer(deps, nursery, fault="card_dies") as service:
        monkeypatch.setattr(service, "_run", lost_while_running(service, cards[0]))
        await deps.bus.publish(asked.model_copy(update={"arguments": arguments}))
        first = await until(deps, TrainingAdjusted)
        both = await until(deps, TrainingStarted, after=first[-1].seq)
    [started] = [each.event for each in first if isinstance(each.event, TrainingStarted)]
    lost, again = first[-1].event, both[-1].event
    assert isinstance(lost, TrainingAdjusted)
    assert isinstance(again, TrainingStarted)
    assert (started.device, lost.error_code, again.device) == ("0", "gpu_lost", "1")


def lost_while_running(service: object, card: Card) -> object:
    """The card goes while its training runs."""
    run = service._run  # type: ignore[attr-defined]

    async def losing(*arguments: object) -> object:
        card.lost = True
        return await run(*arguments)

    return losing


async def test_heat_is_told_with_its_reason(deps: Deps, monkeypatch: pytest.MonkeyPatch) -> None:
    hot = Card(celsius=92, reasons=pynvml.nvmlClocksEventReasonHwThermalSlowdown)
    install(monkeypatch, hot)
    [gpu] = reading(deps, {})["gpus"]
    assert gpu["temperature_c"] == 92
    assert gpu["throttled"] == ("hardware_thermal",)


async def test_two_cards_are_taken_together_or_not_at_all(
    deps: Deps, nursery: socket.socket, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is full at first; then both are there; in mid-training one of them is lost."""
    cards = Card(), Card(used_bytes=15 * GIB, processes=[(STRANGER, 15 * GIB)])
    install(monkeypatch, *cards)
    readings = deps.bus.listen("progress.training.>")
    two = {"device": "0,1", "imgsz": 640, "batch_size": 16}
    asked = request(dataset)
    async with trainer(deps, nursery, fault="card_dies") as service:
        monkeypatch.setattr(service, "_run", lost_while_running(service, cards[1]))
        arguments = asked.arguments.model_copy(update=two)
        await deps.bus.publish(asked.model_copy(update={"arguments": arguments}))
        async with asyncio.timeout(20):
            _, waiting = await anext(readings)
        assert waiting["waiting_reason"].startswith("on GPU 1 needs about")
        assert service.admission.places == {}
        cards[1].used_bytes, cards[1].processes = GIB // 4, []
        records = await until(deps, TrainingStarted)
        assert len(service.admission.places["job"].uuids) == 2
        records = await until(deps, *ENDS)
    told = [each.event for each in records]
    assert [event.device for event in told if isinstance(event, TrainingStarted)] == ["0,1"]
    [lost] = [event for event in told if isinstance(event, TrainingAdjusted)]
    assert (lost.error_code, "GPU 1 does not answer" in lost.message) == ("gpu_lost", True)
    failed = told[-1]
    assert isinstance(failed, TrainingFailed)
    assert failed.error_code == "no_such_device"
