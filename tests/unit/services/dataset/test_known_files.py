"""A check looks again only at what has changed, and says the same as one that looks at all."""

import asyncio
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from services.dataset import chunks, closer, look, scan
from services.dataset.crops import Cut, Vectors, describe
from services.dataset.domain.findings import Findings
from services.dataset.findings_file import FindingsWriter
from services.dataset.found_so_far import Found
from services.dataset.known import WHOLE
from services.dataset.options import ValidateOptions
from services.dataset.part import Chunk, Orders, Part
from services.dataset.validation import Means, validate
from services.dataset.workers import Workers
from tests.unit.services.dataset.conftest import (
    Check,
    HereAndNow,
    jpeg,
    make_dataset,
    put,
    tree_hash,
)

ALL = {"images": 30, "labels": 30}


@pytest.fixture(autouse=True)
def _trust_new_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of a test are a moment old."""
    monkeypatch.setattr(look, "FRESH_NS", 0)


@pytest.fixture
def known(tmp_path: Path) -> Path:
    return tmp_path / "known"


def told(report: dict[str, Any]) -> dict[str, Any]:
    """A report without what depends on the run."""
    return {key: value for key, value in report.items() if key not in ("reused", "processing_time")}


def files(known: Path) -> list[str]:
    return [file.name for file in known.rglob("*.parquet")]


def cut_short(known: Path) -> None:
    damage(known, WHOLE, 300)


def stored(known: Path, name: str) -> Path:
    [file] = known.rglob(name)
    return file


def damage(known: Path, name: str, missing: int) -> None:
    file = stored(known, name)
    file.write_bytes(file.read_bytes()[:-missing])


@pytest.mark.parametrize("mode", ["fast", "standard", "full"])
async def test_what_has_not_changed_is_not_looked_at_again(
    root: Path, check: Check, known: Path, mode: str
) -> None:
    put(root / "labels/train/train00.txt", "")
    (root / "labels/train/train01.txt").unlink()
    before = tree_hash(root)
    first = await check(root, known=known, mode=mode)
    second = await check(root, known=known, mode=mode)
    assert first["reused"] == {"images": 0, "labels": 0}
    assert second["reused"] == {"images": 30, "labels": 29}
    assert told(second) == told(first) == told(await check(root, mode=mode))
    assert tree_hash(root) == before


async def test_what_has_changed_is_looked_at_again(root: Path, check: Check, known: Path) -> None:
    put(root / "labels/train/train05.txt", "1 0.5 0.5 0.3 0.3\n0 0.2 0.2 0.1 0.1\n")
    await check(root, known=known)
    put(root / "images/train/train00.jpg", jpeg(77)[:-200])
    put(root / "images/train/new.jpg", jpeg(78))
    put(root / "labels/train/new.txt", "1 0.5 0.5 0.2 0.2\n")
    put(root / "labels/train/train01.txt", "7 0.5 0.5 0.2 0.2\n")
    (root / "images/val/val00.jpg").unlink()
    (root / "labels/val/val01.txt").rename(root / "labels/val/val00.txt")
    report = await check(root, known=known)
    assert report["reused"] == {"images": 28, "labels": 27}
    assert {"truncated_jpeg", "class_out_of_range"} <= set(report["summary"])
    assert told(report) == told(await check(root))
    again = await check(root, known=known)
    assert again["reused"] == {"images": 29, "labels": 28}, "what is faulty is looked at again"
    assert told(again) == told(report)


async def test_only_what_has_changed_is_handed_to_a_process(
    root: Path, check: Check, known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_dataset(root, train=40)
    handed: list[int] = []

    async def impatient(_: Workers, chunk: Chunk, orders: Orders) -> Part:
        handed.append(len(chunk.images))
        return look.look_at(chunk, orders, patience_s=0)  # hands back the first and no more

    await check(root, known=known)
    monkeypatch.setattr(HereAndNow, "look", impatient)
    unchanged = await check(root, known=known)
    assert handed == []
    for name in ("train03", "train07", "train39"):
        put(root / f"images/train/{name}.jpg", jpeg(900 + int(name[-2:])) + b"tail")
        put(root / f"labels/train/{name}.txt", "1 0.5 0.5 0.25 0.25\n")
    put(root / "labels/val/val05.txt", "7 0.5 0.5 0.2 0.2\n")
    report = await check(root, known=known)
    assert handed == [4, 3, 2, 1]
    assert report["reused"] == {"images": 43, "labels": 42}
    assert report["summary"]["jpeg_trailing_data"] == 3
    assert report["summary"]["class_out_of_range"] == 1
    monkeypatch.undo()
    monkeypatch.setattr(look, "FRESH_NS", 0)
    assert told(report) == told(await check(root)) != told(unchanged)


async def test_a_file_that_was_only_written_anew_is_known_by_its_hash(
    root: Path, check: Check, known: Path
) -> None:
    first = await check(root, known=known)
    for image in (root / "images/train").iterdir():
        image.write_bytes(image.read_bytes())
    second = await check(root, known=known)
    assert second["reused"] == ALL
    assert told(second) == told(first)


async def test_other_rules_and_other_classes_give_no_stale_findings(
    root: Path, check: Check, known: Path
) -> None:
    await check(root, known=known)
    small = {"image_too_small": {"threshold": 50}, "full_image_box": {"threshold": 0.1}}
    strict = await check(root, known=known, rules=small)
    assert strict["summary"]["image_too_small"] == 30
    assert strict["summary"]["full_image_box"] == 60
    assert strict["reused"] == {"images": 30, "labels": 0}
    assert told(strict) == told(await check(root, rules=small))
    bombs = {"decompression_bomb": {"threshold": 100}}
    assert (await check(root, known=known, rules=bombs))["summary"]["decompression_bomb"] == 30
    put(root / "data.yaml", "train: images/train\nval: images/val\nnames: [cup]\n")
    fewer = await check(root, known=known)
    assert fewer["summary"]["class_out_of_range"] == 30
    assert told(fewer) == told(await check(root))


async def test_a_deeper_check_looks_deeper_and_a_shallow_one_forgets_nothing(
    root: Path, check: Check, known: Path
) -> None:
    put(root / "images/train/again.jpg", jpeg(3))
    put(root / "labels/train/again.txt", "0 0.3 0.3 0.2 0.2\n")
    for mode, images in (("fast", 0), ("standard", 0), ("full", 0), ("fast", 31), ("full", 31)):
        report = await check(root, known=known, mode=mode)
        assert (mode, report["reused"]["images"]) == (mode, images)
        assert told(report) == told(await check(root, mode=mode))


async def test_a_scan_that_is_killed_goes_on_where_it_was(
    root: Path, tmp_path: Path, check: Check, known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(root / "labels/train/train20.txt", "9 0.5 0.5 0.2 0.2\n")
    monkeypatch.setattr(chunks, "CHUNK_IMAGES", 4)
    monkeypatch.setattr(scan, "KEEP_S", 0.0)
    monkeypatch.setattr(scan, "KEEP_SHARE", 0.0)

    async def die(done: int, of: int, stage: str) -> None:
        if done >= 12:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await validate(
            root,
            ValidateOptions(),
            named="shown",
            validation_id="job1",
            roots=(),
            means=Means(HereAndNow(), known),
            found=Found(FindingsWriter(tmp_path), Findings(100)),
            progress=die,
        )
    assert [name for name in files(known) if name.startswith("part-")]
    report = await check(root, known=known)
    assert report["reused"] == {"images": 12, "labels": 12}
    assert told(report) == told(await check(root))
    assert files(known) == [WHOLE]


@pytest.mark.parametrize("mode", ["fast", "full"])
async def test_after_small_changes_little_is_written_and_every_report_is_that_of_a_fresh_check(
    tmp_path: Path, check: Check, known: Path, mode: str
) -> None:
    root = make_dataset(tmp_path / "large", train=60, val=20)
    await check(root, known=known, mode=mode)
    whole = stored(known, WHOLE)
    written = whole.stat().st_mtime_ns
    put(root / "images/train/train00.jpg", jpeg(77))
    put(root / "labels/train/train01.txt", "1 0.4 0.4 0.3 0.3\n")
    (root / "images/val/val00.jpg").unlink()
    for reused in (78, 79):
        report = await check(root, known=known, mode=mode)
        assert report["reused"] == {"images": reused, "labels": reused}
        assert told(report) == told(await check(root, mode=mode))
        assert (whole.stat().st_mtime_ns, len(files(known))) == (written, 2)
    for seed in range(10):
        put(root / f"images/train/train{seed:02d}.jpg", jpeg(200 + seed))
        report = await check(root, known=known, mode=mode)
        assert told(report) == told(await check(root, mode=mode))
        assert len(files(known)) <= 2
    assert whole.stat().st_mtime_ns > written, "an eighth is too much beside it: one file again"


async def test_a_damaged_part_makes_nothing_known_of_what_it_speaks_of(
    tmp_path: Path, check: Check, known: Path
) -> None:
    root = make_dataset(tmp_path / "large", train=60, val=20)
    await check(root, known=known)
    put(root / "labels/train/train01.txt", "1 0.4 0.4 0.3 0.3\n")
    report = await check(root, known=known)
    part = stored(known, "part-*.parquet")
    pq.write_table(pq.read_table(part).select(["path"]), part)
    again = await check(root, known=known)
    assert again["reused"] == {"images": 79, "labels": 79}
    assert told(again) == told(report)


async def test_a_damaged_store_counts_for_nothing(root: Path, check: Check, known: Path) -> None:
    first = await check(root, known=known)
    cut_short(known)
    second = await check(root, known=known)
    assert second["reused"] == {"images": 0, "labels": 0}
    assert told(second) == told(first)
    assert (await check(root, known=known))["reused"] == ALL


async def test_a_file_that_was_changed_a_moment_ago_is_looked_at_again(
    root: Path, check: Check, known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look, "FRESH_NS", 3600 * 10**9)
    await check(root, known=known)
    assert (await check(root, known=known))["reused"] == {"images": 0, "labels": 0}


async def test_the_stores_of_many_datasets_are_bounded(
    tmp_path: Path, check: Check, known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.dataset.known.KEPT_DATASETS", 2)
    for index in range(4):
        await check(make_dataset(tmp_path / f"d{index}", train=2, val=1), known=known)
    assert files(known) == [WHOLE] * 2


async def test_after_a_restart_boxes_are_described_only_where_image_or_boxes_have_changed(
    root: Path, check: Check, known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[bytes] = []

    def counted(cuts: tuple[Cut, ...]) -> Vectors:
        opened.extend(cut.path for cut in cuts)
        return describe(cuts)

    monkeypatch.setattr(closer, "describe", counted)
    await check(root, known=known, mode="full")
    assert len(opened) == 30
    opened.clear()
    put(root / "labels/train/train03.txt", "0 0.3 0.3 0.2 0.2\n1 0.7 0.7 0.25 0.2\n")
    put(root / "images/train/train05.jpg", jpeg(77))
    second = await check(root, known=known, mode="full")
    assert [Path(path.decode()).stem for path in opened] == ["train03", "train05"]
    assert told(second) == told(await check(root, mode="full"))
    damage(known, "described.npy", 40)
    opened.clear()
    assert told(await check(root, known=known, mode="full")) == told(second)
    assert len(opened) == 30, "a damaged file counts for nothing"
