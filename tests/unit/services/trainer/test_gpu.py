"""What only a real GPU can show: `pytest -m gpu`. Without one each is skipped, with the reason.

The card is taken as it is: any size, shared with others or not. Figures are printed (`-s`).
"""

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from libs.common.events import TrainingCompleted
from libs.common.service import Deps
from services.trainer.admission import shape_of
from services.trainer.child import Child
from services.trainer.domain.devices import Gpu
from services.trainer.domain.memory import (
    CONTEXT_BYTES,
    GIB,
    MIB,
    Shape,
    needed_bytes,
    predicted_bytes,
)
from services.trainer.gpu import read_gpus
from tests.integration.test_trainer_runs import ENDS, request, until
from tests.integration.test_trainer_troubles import adjustments, epochs, trainer
from tests.unit.services.trainer.conftest import Run, Train, draw_dataset
from tests.unit.services.trainer.test_child import STATES, Killed, newest_state, told_by

pytestmark = [pytest.mark.gpu, pytest.mark.slow]
IMAGES = 160
SHARE = 0.1
SCALER = """
import sys, torch
print(sorted(torch.load(sys.argv[1], weights_only=True)["scaler"]))
"""


@pytest.fixture
def card() -> Gpu:
    """The first GPU of this host, as the real NVML tells of it."""
    return read_gpus()[0]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough images for one large batch."""
    return draw_dataset(tmp_path_factory.mktemp("many"), train=IMAGES, val=16)


def on(card: Gpu, **given: Any) -> dict[str, Any]:
    """Arguments of a training on that card."""
    workers = min(4, os.cpu_count() or 1)
    return {"device": str(card.index), "amp": True, "workers": workers, **given}


def too_large_for(share_bytes: float) -> int:
    """A batch at 640 that needs twice as much, if one of this data does."""
    for batch in (16, 32, 64, 128):
        if predicted_bytes(Shape("yolov8m", 640, batch, amp=True)) > 2 * share_bytes:
            return batch
    pytest.skip("a tenth of this card is more than these trainings need")


def peak_of(run: Run) -> int:
    return max(int(epoch["gpu_peak_bytes"]) for epoch in run.of("epoch"))


async def test_nvml_tells_of_the_card_and_of_a_training_on_it(
    train: Train, many: Path, card: Gpu
) -> None:
    used: list[int] = []

    async def look(child: Child, message: dict[str, Any]) -> None:
        if message["type"] == "epoch":
            used.append(read_gpus()[0].memory_used_bytes)

    await train(dataset=many, hook=look, **on(card, epochs=2, imgsz=320, batch_size=16))
    assert card.name != "GPU"
    assert card.uuid.startswith(("GPU-", "MIG-"))
    assert 0 < card.memory_used_bytes < card.memory_total_bytes
    assert card.temperature_c is None or 0 < card.temperature_c < 120
    assert max(used) - card.memory_used_bytes > 200 * MIB


@pytest.mark.parametrize(
    ("architecture", "batch", "amp"),
    [("yolov8n", 16, True), ("yolov8n", 16, False), ("yolov8s", 8, True), ("yolov8m", 8, True)],
)
async def test_what_is_predicted_with_its_margin_covers_what_a_training_takes(
    train: Train, many: Path, card: Gpu, architecture: str, batch: int, amp: bool
) -> None:
    shape = Shape(architecture, 640, batch, amp)
    if needed_bytes(shape, None) > card.free_bytes:
        pytest.skip(f"the card has {card.free_bytes / GIB:.1f} GiB free")
    given = on(card, epochs=1, imgsz=640, batch_size=batch, amp=amp)
    run = await train(dataset=many, model_architecture=architecture, **given)
    peak = peak_of(run)
    expected = predicted_bytes(shape) - CONTEXT_BYTES
    print(f"{shape} on {card.name}: {peak / GIB:.2f} GiB, {peak / expected:.2f} of the prediction")
    assert peak + CONTEXT_BYTES <= needed_bytes(shape, None)
    assert peak >= 0.4 * expected, "a prediction far too large keeps trainings waiting for nothing"


async def test_a_training_can_only_exhaust_its_own_share_of_the_card(
    train: Train, many: Path, card: Gpu
) -> None:
    share_bytes = SHARE * card.memory_total_bytes
    used: list[int] = []

    async def look(child: Child, message: dict[str, Any]) -> None:
        used.append(read_gpus()[0].memory_used_bytes)

    given = on(card, epochs=1, imgsz=640, batch_size=too_large_for(share_bytes), workers=0)
    run = await train(
        dataset=many, model_architecture="yolov8m", gpu_load_rate=SHARE, hook=look, **given
    )
    assert run.last("failed")["code"] == "out_of_memory"
    assert max(used) - card.memory_used_bytes < share_bytes + 2 * CONTEXT_BYTES


async def test_a_real_lack_of_memory_is_healed_with_a_smaller_batch_and_remembered(
    deps: Deps, nursery: socket.socket, many: Path, card: Gpu
) -> None:
    batch = too_large_for(SHARE * card.memory_total_bytes)
    asked = request(many, epochs=2, batch_size=batch, imgsz=640, model_architecture="yolov8m")
    changes = {"device": str(card.index), "amp": True, "gpu_load_rate": SHARE, "workers": 0}
    arguments = asked.arguments.model_copy(update=changes)
    async with trainer(deps, nursery) as service:
        service.admission.learn(shape_of(arguments), card.name, MIB)  # it is let in by mistake
        await deps.bus.publish(asked.model_copy(update={"arguments": arguments}))
        records = await until(deps, *ENDS)
        found = adjustments(records)
        fits = shape_of(arguments, found[-1].batch_size)
        measured = service.admission.known(fits, card.name)
    assert isinstance(records[-1].event, TrainingCompleted)
    assert {each.error_code for each in found} == {"out_of_memory"}
    assert epochs(records).keys() == {1, 2}
    assert measured is not None
    assert measured <= SHARE * card.memory_total_bytes


async def test_half_precision_trains_with_a_scaler_and_without_asking_anybody(
    train: Train, many: Path, card: Gpu, child_home: Path
) -> None:
    run = await train(dataset=many, **on(card, epochs=2, imgsz=320, batch_size=16))
    losses = run.last("epoch")["train_losses"]
    assert losses.keys() == {"box_loss", "cls_loss", "dfl_loss"}
    assert "scale" in await told_by(SCALER, child_home, newest_state(run))
    console = (run.folder.parent / "console.log").read_text()
    assert "Download" not in console
    plain = await train("plain", dataset=many, **on(card, epochs=1, imgsz=320, amp=False))
    assert "scale" not in await told_by(SCALER, child_home, newest_state(plain))


async def test_a_run_killed_on_a_gpu_goes_on_with_the_same_data_and_state(
    train: Train, many: Path, card: Gpu, child_home: Path
) -> None:
    given = on(card, dataset=many, epochs=4, imgsz=160, batch_size=16, amp=False)
    whole = await train("whole", **given)
    killed = await train("killed", hook=Killed(3), **given)
    resumed = await train("resumed", resume=Path(newest_state(killed)).parent, **given)
    assert [epoch["epoch"] for epoch in resumed.of("epoch")] == [3, 4]
    one, two = (run.last("epoch")["train_losses"] for run in (whole, resumed))
    assert two == pytest.approx(one, rel=0.05)
    states = newest_state(whole), newest_state(resumed)
    print("differ after a kill on this card:", await told_by(STATES, child_home, *states))


async def test_a_compiled_training_ends_as_any_other(train: Train, many: Path, card: Gpu) -> None:
    given = on(card, epochs=2, imgsz=320, batch_size=16)
    run = await train(dataset=many, extra={"compile": True}, **given)
    seconds = [epoch["seconds"] for epoch in run.of("epoch")]
    print(f"compiled on {card.name}: {seconds} s an epoch, compilation within the first")
    assert "starting torch.compile" in (run.folder.parent / "console.log").read_text()
    assert run.last("done")["epochs_done"] == 2
