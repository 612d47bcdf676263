"""What telling the progress of a training costs."""

import os
import time
from threading import Thread

from libs.common.service import Deps
from services.trainer.entry import Channel

OVERHEAD = 0.01
TOLD_PER_S = 4


def _drain(pipe: int) -> None:
    while os.read(pipe, 2**16):
        pass


async def test_telling_progress_costs_less_than_a_hundredth_of_a_core(deps: Deps) -> None:
    theirs, ours = os.pipe()
    channel = Channel(ours)
    losses = {"box_loss": 1.234567, "cls_loss": 2.345678, "dfl_loss": 1.456789}
    message = {"epoch": 3, "epochs": 100, "done": 7, "of": 10, "losses": losses}
    Thread(target=_drain, args=(theirs,), daemon=True).start()
    times, began = 5_000, time.process_time()
    for _ in range(times):
        channel.say("batch", **message, images_per_s=12.34)
    child_s = (time.process_time() - began) / times
    began = time.process_time()
    for _ in range(times):
        await deps.bus.tell("progress.training.job", message)
    await deps.bus.nc.flush()
    parent_s = (time.process_time() - began) / times
    share = (child_s + parent_s) * TOLD_PER_S
    print(
        f"\na reading costs {child_s * 1e6:.0f} us in the child and {parent_s * 1e6:.0f} us in "
        f"the service: at {TOLD_PER_S} a second {share:.3%} of a core"
    )
    channel._file.close()
    assert share <= OVERHEAD
