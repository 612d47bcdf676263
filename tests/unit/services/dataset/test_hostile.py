"""What somebody may put into a dataset to harm whoever checks it: bounded, and never run."""

import asyncio
import multiprocessing
import os
import pickle
import resource
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from services.dataset.domain.findings import Findings
from services.dataset.findings_file import FindingsWriter
from services.dataset.found_so_far import Found
from services.dataset.options import ValidateOptions
from services.dataset.validation import Means, validate
from tests.planted.base import YAML, describe, image, make, put, text
from tests.planted.pictures import png_header
from tests.planted.scenes import photo
from tests.unit.services.dataset.conftest import HereAndNow

GIB = 1024**3
MOST_GROWTH_MIB = 160
MOST_S = 20.0


def sparse(path: Path, size: int, head: bytes = b"") -> None:
    """A file of `size` bytes that holds no block but those of `head`."""
    put(path, head)
    os.truncate(path, size)


def rows(path: Path, size: int) -> None:
    """A label file of real rows."""
    block = b"0 0.5 0.5 0.2 0.2\n" * 60_000
    path.unlink()
    with path.open("wb") as out:
        while out.tell() < size:
            out.write(block)


def pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def laughs(depth: int = 10) -> str:
    """10**depth values by aliases."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, depth)]
    return "\n".join(lines) + "\n" + YAML.replace("[cup, bag]", f"*a{depth - 1}")


def swollen_png() -> bytes:
    """A PNG whose text unpacks to 200 MB."""
    body = b"note\0\0" + zlib.compress(bytes(200_000_000), 9)
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body
    chunk += struct.pack(">I", zlib.crc32(b"zTXt" + body))
    whole = photo(3, "PNG")
    return whole[:33] + chunk + whole[33:]


def endless_list(root: Path) -> None:
    sparse(root / "list.txt", GIB, b"./images/train/t00.jpg\n")
    describe(root, YAML.replace("images/train", "list.txt"))


Plant = Callable[[Path], object]
HOSTILE: dict[str, tuple[str, Plant]] = {
    "a label file of 1 GB of nothing": (
        "oversized_label_file",
        lambda d: sparse(text(d, 3), GIB),
    ),
    "a label file of 300 MB of rows": (
        "oversized_label_file",
        lambda d: rows(text(d, 3), 300_000_000),
    ),
    "an image of 1 GB": ("not_an_image", lambda d: sparse(image(d, 3), GIB)),
    "two gigapixels in a header": (
        "decompression_bomb",
        lambda d: put(d / "images/train/b.png", png_header(50_000, 40_000)),
    ),
    "a square of 1.6 gigapixels": (
        "decompression_bomb",
        lambda d: put(d / "images/train/b.png", png_header(40_000, 40_000)),
    ),
    "text that swells inside a PNG": (
        "corrupt_scan_data",
        lambda d: put(d / "images/train/b.png", swollen_png()),
    ),
    "a list of 1 GB": (
        "split_path_missing",
        endless_list,
    ),
    "a data.yaml of 1 GB": ("yaml_syntax_error", lambda d: sparse(d / "data.yaml", GIB, b"a: b\n")),
    "ten billion values by aliases": ("yaml_syntax_error", lambda d: describe(d, laughs())),
    "a pipe for an image": ("not_an_image", lambda d: pipe(image(d, 3))),
    "a pipe for a label": ("image_without_label", lambda d: pipe(text(d, 3))),
    "a link in a circle": (
        "broken_symlink",
        lambda d: (d / "images/train/round.jpg").symlink_to("round.jpg"),
    ),
}  # fmt: skip


def checked(root: Path) -> tuple[dict[str, int], float, float]:
    """What a check finds, by how many MiB this process grew, and how long it took."""

    async def quiet(_: int, __: int, ___: str) -> None:
        pass

    async def run() -> dict[str, Any]:
        return await validate(
            root,
            ValidateOptions(),
            named="d",
            validation_id="v",
            roots=(root.parent,),
            means=Means(HereAndNow()),
            found=Found(FindingsWriter(root.parent), Findings(10)),
            progress=quiet,
        )

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.monotonic()
    report = asyncio.run(run())
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return report["summary"], grown, time.monotonic() - begin


@pytest.fixture(scope="module")
def apart() -> Iterator[ProcessPoolExecutor]:
    """A process whose memory is measured; warmed up, so that only growth counts."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        yield pool


@pytest.mark.parametrize("name", HOSTILE)
def test_a_trap_gets_its_finding_in_bounded_memory_and_time(
    tmp_path: Path, apart: ProcessPoolExecutor, name: str
) -> None:
    rule, plant = HOSTILE[name]
    sound = make(tmp_path / "sound/d")
    apart.submit(checked, sound).result(60)
    root = make(tmp_path / "trap/d")
    plant(root)
    summary, grown_mib, seconds = apart.submit(checked, root).result(60)
    assert rule in summary, summary
    assert grown_mib < MOST_GROWTH_MIB
    assert seconds < MOST_S


class Bomb:
    """Makes a file where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.mark,))


def test_nothing_in_a_dataset_is_ever_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    bomb = pickle.dumps(Bomb(mark))
    assert pickle.loads(bomb) is None  # noqa: S301 (it does what it shall)
    assert mark.exists()
    mark.unlink()
    root = make(tmp_path / "d")
    places = ("labels/train.cache", "images/train.cache", "labels/train/t00.cache")
    for place in (*places, "images/train/t00.npy", "images/train/t01.pkl", "labels/train/t00.npy"):
        put(root / place, bomb)
    code = f"open({str(mark)!r}, 'w').close()"
    describe(root, f"{YAML}download: |\n  {code}\n")
    checked(root)
    for tag in ("object/apply:os.system", "object/new:os.system", "object/apply:eval"):
        describe(root, YAML.replace("[cup, bag]", f'!!python/{tag} ["{code}"]'))
        summary, *_ = checked(root)
        assert "yaml_unsafe_tag" in summary
    put(root / ".shirushi-rules.yaml", f'tiny_box: !!python/object/apply:eval ["{code}"]\n')
    checked(root)
    assert not mark.exists()
