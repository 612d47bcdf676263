"""A check of very many images whose headers and labels are generated.

    python -m tests.bench.million 1000000

Through the service's own code go: the columns, putting parts together, the store of known files
(parts, then the whole file, then loading it again), every rule over the whole, the list of
findings, and the report. Generated are the listing and what worker processes would send back.
Prints the peak of memory and the CPU time of this process, as JSON.
"""

import asyncio
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from services.dataset.domain.catalogue import CATALOGUE
from services.dataset.domain.filetree import FileTree, SplitFiles
from services.dataset.domain.findings import Findings, Hit, Rules
from services.dataset.domain.paths import Paths
from services.dataset.domain.report import About, build_report
from services.dataset.domain.scanned import BOX, IMAGE, PIXELS, Label
from services.dataset.domain.tally import count
from services.dataset.domain.whole import WHOLE_RULES
from services.dataset.findings_file import FindingsWriter
from services.dataset.found_so_far import Found
from services.dataset.known import KnownFiles
from services.dataset.listing import Listing
from services.dataset.part import Chunk, Orders, Part, Stamps
from services.dataset.scan import Scan
from services.dataset.standing import Mask
from services.dataset.workers import Workers

CLASSES = 50
BOXES_EACH = 3


class Generated(Workers):
    """Says of each image what a worker would say of a sound one with three boxes."""

    def __init__(self) -> None:
        super().__init__(2)
        self.rng = np.random.default_rng(0)

    async def standing(
        self, _root: str, _images: Paths, _labels: Paths | None, stamps: Stamps, _orders: Orders
    ) -> tuple[Mask, Mask]:
        stands = stamps[:, 1] > 0
        return stands, stands

    async def look(self, chunk: Chunk, _: Orders) -> Part:
        count, rng = len(chunk.images), self.rng
        images, boxes = np.zeros(count, IMAGE), np.zeros(count * BOXES_EACH, BOX)
        images["size_bytes"], images["width"] = 100_000, rng.integers(400, 1200, count)
        images["height"], images["format"], images["mode"] = 640, 1, 2
        images["orientation"] = images["frames"] = 1
        images["usable"], images["label"] = True, Label.KEPT
        images["labels_digest"] = rng.integers(1, 2**63, count)
        boxes["image"] = np.repeat(np.arange(count), BOXES_EACH)
        boxes["class"] = rng.integers(0, CLASSES, len(boxes))
        boxes["line"] = np.tile(np.arange(1, BOXES_EACH + 1), count)
        for name, low, high in (("x", 0.3, 0.7), ("y", 0.3, 0.7), ("width", 0.05, 0.4)):
            boxes[name] = rng.uniform(low, high, len(boxes))
        boxes["height"] = boxes["width"]
        known = chunk.stamps is not None and bool((chunk.stamps[:, 1] > 0).all())
        new = np.full(count, not known)
        stamps = np.full((count, 6), 7, np.int64)
        tiny = Hit("tiny_box", "The box is tiny.", 1, "0 0.5 0.5 0.001 0.001")
        hits = [] if known else [(0, True, tiny)]
        return Part(
            images, np.zeros(0, PIXELS), boxes[: 0 if known else None], stamps, new, new, hits
        )


def listing_of(count: int) -> Listing:
    """Names of 48 bytes in two splits."""
    val = count // 10
    train = (f"images/train/shop_{i % 97:02d}/camera_{i:08d}_front.jpg" for i in range(count - val))
    parts = [
        Paths.of(sorted(train)),
        Paths.of(f"images/val/shop_00/camera_{i:08d}_side_.jpg" for i in range(val)),
    ]
    paths = Paths.joined(parts)
    tree = FileTree(
        {
            "train": SplitFiles("/data", paths[: count - val]),
            "val": SplitFiles("/data", paths[count - val :]),
        }
    )
    return Listing("/data", ("train", "val"), paths, (count - val, val), tree)


async def check(count_images: int, folder: Path) -> dict[str, float]:
    """Peak memory in MiB and CPU seconds after a first and after a second check."""
    rules = Rules(CATALOGUE)
    orders = Orders(CLASSES, rules, images=True, labels=True, full=False)
    names = tuple(f"c{index}" for index in range(CLASSES))
    told: dict[str, float] = {"imports_mib": peak_mib()}
    for turn in ("first", "again"):
        begin = time.process_time()
        found = Found(FindingsWriter(folder), Findings(100))

        def take(split: str | None, file: str | None, hit: Hit, found: Found = found) -> None:
            found.add(rules.finding(hit, split=split, file=file))

        async def quiet(done: int, of: int, stage: str) -> None: ...

        known = KnownFiles(folder / "known", "/data", "looks", "verdicts")
        scan = Scan(listing_of(count_images), names, orders, Generated(), known)
        scanned = await scan.run(take, quiet)
        for _, rule in WHOLE_RULES:
            for split, file, hit in rule(scanned, rules):
                take(split, file, hit)
        about = About("v", "d", names, {"train": "images/train"}, (), 1.0)
        report = build_report(about, count(scanned, found.findings))
        found.writer.close()
        assert report["total_images"] == count_images
        assert scan.reused["images"] == (count_images if turn == "again" else 0)
        assert len(scanned.boxes) == count_images * BOXES_EACH
        told[f"{turn}_mib"] = peak_mib()
        told[f"{turn}_cpu_s"] = round(time.process_time() - begin, 1)
        del scan, scanned, report
    return told


def peak_mib() -> float:
    """The most that this process ever held."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        print(json.dumps(asyncio.run(check(int(sys.argv[1]), Path(name)))))
