"""A sheet of predictions while training, beside the plot that ultralytics draws of a batch."""

import time
from pathlib import Path

import numpy as np
import torch
from ultralytics.utils.plotting import plot_images

from services.trainer.samples import Samples

SIDE_PX, IMAGES, BOXES, SHEETS = 640, 6, 8, 10
NAMES = {0: "nike", 1: "ディスク"}


def test_a_sheet_costs_less_than_the_plot_of_the_same_images(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    soft = torch.from_numpy(rng.random((IMAGES, 3, 24, 24), dtype=np.float32))
    pixels = torch.nn.functional.interpolate(soft, SIDE_PX, mode="bicubic").clamp(0, 1)
    corners = torch.from_numpy(np.sort(rng.random((IMAGES, BOXES, 2, 2)), axis=2)) * SIDE_PX
    boxes = corners.reshape(IMAGES, BOXES, 4).float()
    names = [f"{at}.png" for at in range(IMAGES)]
    kinds = torch.zeros(BOXES)
    samples = Samples(({"im_file": name, "cls": np.zeros((1, 1))} for name in names), NAMES)

    def see() -> None:
        for at, name in enumerate(names):
            found = {"bboxes": boxes[at], "conf": torch.full((BOXES,), 0.5), "cls": kinds}
            truth = {"im_file": name, "bboxes": boxes[at], "cls": kinds}
            samples.see(found, truth, pixels[at])

    see()  # pixels are kept from the first validation on
    began = time.process_time()
    for _ in range(SHEETS):
        see()
        samples.draw(tmp_path / "ours" / "sheet.jpg", "epoch 1 of 9")
    ours_s = (time.process_time() - began) / SHEETS
    labels = {
        "cls": kinds.repeat(IMAGES),
        "bboxes": boxes.reshape(-1, 4) / SIDE_PX,
        "conf": torch.full((IMAGES * BOXES,), 0.5),
        "batch_idx": torch.arange(IMAGES).repeat_interleave(BOXES),
    }
    began = time.process_time()
    for _ in range(SHEETS):
        plot_images(labels, pixels, names, tmp_path / "theirs.jpg", names=NAMES, threaded=False)
    theirs_s = (time.process_time() - began) / SHEETS
    size = (tmp_path / "ours" / "sheet.jpg").stat().st_size
    print(f"sheet {1e3 * ours_s:.0f} ms of CPU, {size // 1000} kB; plot {1e3 * theirs_s:.0f} ms")
    assert ours_s < theirs_s
