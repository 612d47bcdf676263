"""A small sound dataset, and a check of it without worker processes."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from services.dataset.domain.findings import Findings
from services.dataset.findings_file import Filter, FindingsWriter, read_page
from services.dataset.found_so_far import Found
from services.dataset.look import look_at
from services.dataset.options import ValidateOptions
from services.dataset.part import Chunk, Orders, Part
from services.dataset.validation import Means, validate
from services.dataset.workers import Workers

Check = Callable[..., Any]


class HereAndNow(Workers):
    """Looks at a chunk in the test's own process."""

    async def run(self, work: Callable[[Any], Any], given: Any) -> Any:
        return work(given)

    async def look(self, chunk: Chunk, orders: Orders) -> Part:
        return look_at(chunk, orders)


def jpeg(seed: int) -> bytes:
    noise = np.random.default_rng(seed).integers(0, 255, (24, 32, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).save(out, "JPEG")
    return out.getvalue()


def put(path: Path, data: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def make_dataset(root: Path, *, train: int = 24, val: int = 6) -> Path:
    """Two classes, balanced; every image with its own pixels and one box of each class."""
    put(root / "data.yaml", "train: images/train\nval: images/val\nnames: [cup, bag]\n")
    for split, count in (("train", train), ("val", val)):
        for index in range(count):
            seed = index + 1000 * (split == "val")
            put(root / f"images/{split}/{split}{index:02d}.jpg", jpeg(seed))
            put(
                root / f"labels/{split}/{split}{index:02d}.txt",
                "0 0.3 0.3 0.2 0.2\n1 0.7 0.7 0.2 0.2\n",
            )
    return root


def tree_hash(root: Path) -> str:
    """Names, bytes and times of everything under `root`."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        digest.update(f"{path}{path.lstat().st_mtime_ns}".encode())
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_dataset(tmp_path / "sound")


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Check a folder: `report = await check(folder, mode="fast")`."""

    async def run(
        path: Path, *, roots: tuple[Path, ...] = (), known: Path | None = None, **options: Any
    ) -> dict[str, Any]:
        async def quiet(done: int, of: int, stage: str) -> None:
            assert 0 <= done <= of
            assert stage

        folder = tmp_path / "found"
        folder.mkdir(exist_ok=True)
        found = Found(FindingsWriter(folder), Findings(options.get("max_examples", 100)))
        report = await validate(
            path,
            ValidateOptions(**options),
            named="shown",
            validation_id="job1",
            roots=roots,
            means=Means(HereAndNow(), known),
            found=found,
            progress=quiet,
        )
        assert report["valid"] == (found.findings.of("E") == 0)
        rows, total = read_page(found.writer.close(), Filter(), 0, 10_000)
        assert len(rows) == total == sum(report["summary"].values())
        return report

    return run
