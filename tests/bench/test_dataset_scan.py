"""Speed of the dataset scan in CPU time per image, against ultralytics' own cold label scan.

Both look at the same files in the same run; `-s` prints the figures. Our worker processes are
warm, as they are in the running service; ultralytics' imports are not counted either.
"""

import asyncio
import gc
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
import psutil
import pytest

from services.dataset.domain.findings import Findings
from services.dataset.findings_file import FindingsWriter
from services.dataset.found_so_far import Found
from services.dataset.options import ValidateOptions
from services.dataset.validation import Means, validate
from services.dataset.workers import Workers

IMAGES = 4000
FEW = 100
"""Images of the set that warms the processes up."""
CLASSES = 20
TURNS, FULL_TURNS = 5, 3
"""Of each kind of check; each full one takes seconds."""
GOALS = {"fast": 8, "standard": 5, "full": 0.25, "1 % changed": 10, "1 % got a tail": 10}
FLOORS = {name: 0.75 * goal for name, goal in GOALS.items()}
"""What is asserted, on a machine that others work on, too."""
SIZES = ((640, 480), (800, 600), (640, 640), (500, 375))


def make_images(root: Path, count: int = IMAGES) -> Path:
    """JPEGs of about 110 KB with one to five boxes each; a tenth are val."""
    rng = np.random.default_rng(0)
    for index in range(count):
        split = "val" if index % 10 == 0 else "train"
        image, label = root / "images" / split, root / "labels" / split
        image.mkdir(parents=True, exist_ok=True)
        label.mkdir(parents=True, exist_ok=True)
        width, height = SIZES[index % len(SIZES)]
        coarse = rng.integers(0, 255, (height // 16, width // 16, 3), dtype=np.uint8)
        smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        noise = rng.integers(-18, 18, (height, width, 1))
        pixels = np.clip(smooth.astype(np.int16) + noise, 0, 255).astype(np.uint8)
        _, jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 81])
        (image / f"img_{index:06d}.jpg").write_bytes(jpeg.tobytes())
        rows = []
        for _ in range(int(rng.integers(1, 6))):
            w, h = rng.uniform(0.05, 0.3, 2)
            x, y = rng.uniform(w / 2, 1 - w / 2), rng.uniform(h / 2, 1 - h / 2)
            rows.append(f"{rng.integers(0, CLASSES)} {x:.6f} {y:.6f} {w:.6f} {h:.6f}\n")
        (label / f"img_{index:06d}.txt").write_text("".join(rows))
    names = ", ".join(f"c{index}" for index in range(CLASSES))
    (root / "data.yaml").write_text(f"train: images/train\nval: images/val\nnames: [{names}]\n")
    return root


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = make_images(tmp_path_factory.mktemp("scan"))
    yield folder
    shutil.rmtree(folder)


SCAN = """
import json, os, sys, time
from pathlib import Path
from ultralytics.data.dataset import YOLODataset
root, classes = Path(sys.argv[1]), int(sys.argv[2])
data = {"names": {at: f"c{at}" for at in range(classes)}, "nc": classes, "channels": 3}
for line in sys.stdin:
    begin = time.process_time()
    for split in ("train", "val"):
        YOLODataset(img_path=str(root / "images" / split), data=data, task="detect")
        (root / "labels" / f"{split}.cache").unlink()
    print("RESULT", time.process_time() - begin, flush=True)
"""


class Ultralytics:
    """A process that scans labels without a cache, as every training begins with."""

    def __init__(self, root: Path, home: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", SCAN, str(root), str(CLASSES)],
            env=os.environ
            | {"YOLO_OFFLINE": "1", "YOLO_AUTOINSTALL": "0", "YOLO_CONFIG_DIR": str(home)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.turns_s: list[float] = []
        self.turn()
        self.turns_s.clear()  # the first one warms up

    def turn(self) -> None:
        """One scan; its CPU seconds per image are noted."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        told = next(line for line in self._process.stdout if line.startswith("RESULT"))
        self.turns_s.append(float(told.removeprefix("RESULT")) / IMAGES)

    @property
    def usual_s(self) -> float:
        """The median of its turns."""
        return median(self.turns_s)

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


@pytest.fixture(scope="module")
def ultralytics(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ultralytics]:
    """With a copy of the set: it saves pictures anew that have anything behind their end."""
    copy = tmp_path_factory.mktemp("theirs")
    shutil.copytree(root, copy, dirs_exist_ok=True)
    peer = Ultralytics(copy, tmp_path_factory.mktemp("yolo"))
    yield peer
    peer.close()
    shutil.rmtree(copy)


def clocks_of_children() -> list[int]:
    """The clocks of CPU time of the processes that this one has started (clock_getcpuclockid(3)):
    to the nanosecond, while what /proc tells is in hundredths of a second."""
    return [~child.pid << 3 | 2 for child in psutil.Process().children(recursive=True)]


def cpu_s(clocks: list[int]) -> float:
    """CPU time of this process and of those of the clocks."""
    return time.process_time() + sum(map(time.clock_gettime, clocks))


async def our_s(
    root: Path, folder: Path, workers: Workers, *, known: Path | None = None, **options: Any
) -> float:
    """CPU seconds per image of a whole check, report and list of findings included."""

    async def quiet(done: int, of: int, stage: str) -> None: ...

    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    workers.remembered.clear()  # of boxes and pairs of an earlier turn
    clocks = clocks_of_children()  # takes milliseconds, which are not ours
    begin = cpu_s(clocks)
    found = Found(FindingsWriter(folder), Findings(100))
    report = await validate(
        root,
        ValidateOptions(**options),
        named="bench",
        validation_id="bench",
        roots=(root,),
        means=Means(workers, known),
        found=found,
        progress=quiet,
    )
    found.writer.close()
    spent, images = cpu_s(clocks) - begin, report["total_images"]
    assert report["usable"]["train"]["images"] == images * 9 // 10
    return float(spent / images)


def saved_anew(file: Path) -> None:
    """Other pixels, as after an edit: a little brighter."""
    pixels = cv2.imread(str(file))
    assert pixels is not None
    brighter = np.clip(pixels.astype(np.int16) + 4, 0, 255).astype(np.uint8)
    _, jpeg = cv2.imencode(".jpg", brighter, [cv2.IMWRITE_JPEG_QUALITY, 81])
    file.write_bytes(jpeg.tobytes())


def with_a_tail(file: Path) -> None:
    """The same picture with a byte behind its end, which is a finding of its own."""
    file.write_bytes(file.read_bytes() + b"\0")


@pytest.mark.slow
async def test_the_cost_of_each_depth_against_the_trainers_scan(
    root: Path, ultralytics: Ultralytics, tmp_path: Path
) -> None:
    """Whole checks as users get them, what is seen kept for the next one. The incremental one
    comes after a restart: its processes are warm, but what the first ones remembered is gone.

    Ours and theirs take turns, and medians are compared: neither has the better minute.
    """
    files = list((root / "images/train").iterdir())
    mean_kb = sum(file.stat().st_size for file in files) / len(files) / 1000
    times: dict[str, list[float]] = {}
    warm = tmp_path / "warm"
    few = await asyncio.to_thread(make_images, tmp_path / "few", FEW)
    gc.freeze()  # as the service does; what ultralytics imported is no part of it

    async def turn(name: str, workers: Workers, folder: Path, known: Path, mode: str) -> None:
        await asyncio.to_thread(ultralytics.turn)
        spent = await our_s(root, folder, workers, known=known, mode=mode)
        times.setdefault(name, []).append(spent)

    async with Workers() as workers:
        await our_s(few, warm, workers, mode="full")
        for at in range(TURNS):
            for mode in ("fast", "standard", "full")[: 3 if at < FULL_TURNS else 2]:
                folder = tmp_path / f"{mode}{at}"
                await turn(mode, workers, folder, folder, mode)
    known = tmp_path / "full0"
    async with Workers() as workers:
        await our_s(few, warm, workers, mode="full")
        for at in range(TURNS):
            for name, change in (("1 % changed", saved_anew), ("1 % got a tail", with_a_tail)):
                for file in files[at::100][: IMAGES // 100]:
                    change(file)
                await asyncio.sleep(1.2)  # files changed within the last second are not trusted
                await turn(name, workers, tmp_path / "again", known, "full")
    theirs = ultralytics.usual_s
    spread = f"{min(ultralytics.turns_s) * 1e6:.0f} to {max(ultralytics.turns_s) * 1e6:.0f}"
    print(f"\n{IMAGES} JPEGs, mean {mean_kb:.0f} KB")
    print(f"ultralytics    {theirs * 1e6:7.1f} µs/image ({spread})")
    for name, least in FLOORS.items():
        usual, best = median(times[name]), min(times[name])
        told = f"{usual * 1e6:7.1f} µs/image, best {best * 1e6:7.1f}  {theirs / usual:6.2f} ×"
        print(f"{name:14} {told}  (goal {GOALS[name]:g})")
        assert theirs / usual > least, name


@pytest.mark.slow
def test_a_million_images_are_checked_in_bounded_memory() -> None:
    command = [sys.executable, "-m", "tests.bench.million", "1000000"]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=1200).stdout)
    print(f"\nA million images: {told}")
    assert told["first_mib"] < 950
    assert told["again_mib"] < 954  # 1 GB
