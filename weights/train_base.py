"""Train the base weights: YOLOv8n from its architecture file on synthetic logos, no download.

    python -m weights.train_base WORK [--minutes 60 | --epochs 33]

WORK receives the dataset (`logos/`) and the run (`run/weights/best.pt`, one checkpoint an epoch).
`publish_base.py` makes the released file of it. Every image and the training order follow from
seeds; with --minutes the number of epochs follows from the machine's speed as well.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from libs.synthetic import BASE_SPEC, write_dataset

SEED = 0
THREADS = 2
RECIPE: dict[str, Any] = {
    "model": "yolov8n.yaml",
    "imgsz": 160,
    "batch": 16,
    "nbs": 16,  # an optimizer step each batch: the stock 64 starves small sets of steps
    "optimizer": "AdamW",
    "lr0": 0.002,
    "lrf": 0.01,
    "momentum": 0.9,
    "warmup_epochs": 1.0,
    "warmup_bias_lr": 0.0,
    "cos_lr": True,
    "close_mosaic": 1,
    "fliplr": 0.0,  # a mirrored mark is another mark
    "seed": SEED,
    "deterministic": True,
    "device": "cpu",
    "workers": 1,
    "amp": False,
    "plots": False,
    "exist_ok": True,
}


def main() -> int:
    """Write the dataset if it is not there, then train."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("work", type=Path, help="folder for the dataset and the run")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--epochs", type=int, default=33)
    length.add_argument("--minutes", type=float, help="as many epochs as fit, decayed to the end")
    options = parser.parse_args()
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    prepare_environment(work)
    summary = write_dataset(work / "logos", BASE_SPEC, workers=THREADS)
    print(f"{summary.images} images, sha256 {summary.sha256}", flush=True)
    budget = {"time": options.minutes / 60} if options.minutes else {"epochs": options.epochs}
    train(
        {**RECIPE, **budget, "data": str(work / "logos/data.yaml"), "save_dir": str(work / "run")}
    )
    return 0


def prepare_environment(work: Path) -> None:
    """Switch off everything that would look for a network; must run before torch is imported."""
    os.environ.update(
        YOLO_OFFLINE="1",
        YOLO_AUTOINSTALL="0",
        ULTRALYTICS_SAFE_LOAD="1",
        OMP_WAIT_POLICY="passive",  # spinning threads cost a factor of six on busy cores
        YOLO_CONFIG_DIR=str(work / "config"),
    )
    import matplotlib as mpl  # noqa: PLC0415

    fonts = Path(mpl.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"
    for name in ("Arial.ttf", "Arial.Unicode.ttf"):  # ultralytics fetches them if they are absent
        target = work / "config/Ultralytics" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(fonts, target)


def train(overrides: dict[str, Any]) -> None:
    """Run the stock trainer with two threads and the memory layout that CPUs convolve fastest."""
    import torch  # noqa: PLC0415
    from ultralytics.models.yolo.detect import DetectionTrainer  # noqa: PLC0415

    class CpuTrainer(DetectionTrainer):
        def _setup_train(self) -> None:
            super()._setup_train()  # type: ignore[no-untyped-call]
            torch.set_num_threads(THREADS)
            mine: Any = self  # the library's attributes are typed for their state before this call
            mine.model = mine.model.to(memory_format=torch.channels_last)
            mine.ema.ema.to(memory_format=torch.channels_last)

        def preprocess_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
            batch = super().preprocess_batch(batch)
            batch["img"] = batch["img"].contiguous(memory_format=torch.channels_last)
            return batch

    CpuTrainer(overrides=overrides).train()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    sys.exit(main())
