"""Versions on a real bus and a real store: fix, edit, preview, restore, collect, import, s3://."""

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from PIL import Image

from deploy.store import make_bucket
from libs.common import subjects
from libs.common.artifacts import ArtifactStore
from libs.common.dataset_versions import blob_key, materialise, read_manifest
from libs.common.datasets import survey_dataset
from libs.common.errors import Conflict, NotFound
from libs.common.events import (
    DatasetCancelled,
    DatasetCancelRequested,
    DatasetCollected,
    DatasetDeleted,
    DatasetFailed,
    DatasetPreviewed,
    DatasetRef,
    DatasetRegistered,
    DatasetValidated,
    TrainingArguments,
    TrainingCancelled,
    TrainingRequested,
)
from libs.common.service import Deps
from libs.common.work import run_jobs
from services.dataset.diff_questions import diff_questions
from services.dataset.garbage import collect
from services.dataset.handlers import DatasetHandler
from services.dataset.registry import Registry
from services.dataset.sources import draft_of_folder
from tests.conftest import Store
from tests.integration.test_dataset_service import WAIT_S, ask, environment_of, ref, told
from tests.unit.services.dataset.conftest import HereAndNow, jpeg, make_dataset, put, tree_hash


@pytest.fixture
async def working(deps: Deps) -> AsyncIterator[Deps]:
    """The service's loop, in this process."""
    handler = DatasetHandler(HereAndNow())
    task = asyncio.create_task(run_jobs(deps, subjects.DATASET, handler, slots=2))
    yield deps
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def made(
    deps: Deps, job_id: str, operation: str, dataset: DatasetRef, **options: Any
) -> DatasetRegistered:
    await ask(deps, job_id, operation, dataset, **options)
    event = await told(deps, job_id)
    assert isinstance(event, DatasetRegistered), event
    return event


async def report_of(deps: Deps, event: DatasetRegistered | DatasetPreviewed) -> dict[str, Any]:
    artifact = event.diff if isinstance(event, DatasetRegistered) else event.report
    assert artifact
    found: dict[str, Any] = orjson.loads(await deps.artifacts.get_bytes(artifact.key))
    return found


async def content(deps: Deps, event: DatasetRegistered) -> tuple[Any, ...]:
    manifest, _ = await read_manifest(ref(event), deps.artifacts)
    return manifest.classes, manifest.files


async def text_of(deps: Deps, event: DatasetRegistered, path: str) -> str:
    manifest, _ = await read_manifest(ref(event), deps.artifacts)
    [member] = [each for each in manifest.files if each.path == path]
    return (await deps.artifacts.get_bytes(blob_key(event.name, member.sha256))).decode()


def plant(root: Path) -> Path:
    """Defects with a safe fix, among sound files."""
    make_dataset(root)
    put(root / "data.yaml", "train: images/train\nvalidation: images/val\nnames: [cup, bag]\n")
    put(root / "labels/train/train00.txt", "\ufeff0 0.3 0.3 0.2 0.2\r\n")
    put(root / "labels/train/train01.txt", "0,0.3,0.3,0.2,0.2\n")
    put(root / "labels/train/train02.txt", "0 9.6 7.2 6.4 4.8\n")
    put(root / "labels/train/train03.txt", "0 0.95 0.3 0.2 0.2\n0 0.3 0.3 0.2 0.2 0.9\n")
    (root / "labels/train/train04.txt").rename(root / "images/train/train04.txt")
    (root / "labels/train/train05.txt").rename(root / "labels/val/train05.txt")
    (root / "labels/train/train06.txt").rename(root / "labels/train/TRAIN06.txt")
    (root / "images/train/train07.jpg").write_bytes(jpeg(7) + b"tail of something")
    (root / "images/train/train08.jpg").rename(root / "images/train/train08.png")
    put(root / "images/train/Thumbs.db", "junk")
    return root


AUTO = {
    *("utf8_bom", "crlf_line_endings", "comma_separated", "not_normalized", "box_out_of_image"),
    *("extra_confidence_column", "label_in_images_dir", "label_in_wrong_split"),
    *("label_case_mismatch", "jpeg_trailing_data", "extension_content_mismatch", "os_junk_file"),
    "val_key_misnamed",
}


async def test_what_a_check_found_is_mended_previewed_and_undone(
    working: Deps, tmp_path: Path
) -> None:
    root = plant(tmp_path / "logos")
    before = tree_hash(root)
    folder = DatasetRef(name="logos", path=str(root))
    await ask(working, "check", "validate", folder)
    checked = await told(working, "check")
    assert isinstance(checked, DatasetValidated), checked
    assert set(checked.summary) >= AUTO

    await ask(working, "look", "fix", folder, validation_id="check", dry_run=True)
    preview = await told(working, "look")
    assert isinstance(preview, DatasetPreviewed), preview
    assert set(preview.changes) >= AUTO
    shown = await report_of(working, preview)
    assert shown["unfixed"] == []
    assert not await working.artifacts.list("datasets/logos/blobs")

    fixed = await made(working, "mend", "fix", folder, validation_id="check")
    assert (fixed.name, fixed.version, fixed.parent) == ("logos", "v2", "v1")
    assert fixed.changes == preview.changes
    assert (await report_of(working, fixed))["changed"] == shown["changed"]
    await ask(working, "again", "validate", ref(fixed))
    clean = await told(working, "again")
    assert isinstance(clean, DatasetValidated), clean
    assert not AUTO & set(clean.summary), clean.summary
    assert (clean.errors, clean.valid) == (0, True)
    assert fixed.counts == {"train": 24, "val": 6}
    assert (await text_of(working, fixed, "labels/train/train02.txt")) == "0 0.3 0.3 0.2 0.2\n"
    assert tree_hash(root) == before, "the source stays as it is"

    assert fixed.before
    first = fixed.model_copy(update=fixed.before.model_dump() | {"manifest": fixed.before.manifest})
    back = await made(working, "back", "restore", DatasetRef(name="logos"), version="v1")
    assert (back.version, back.parent) == ("v3", "v2")
    assert await content(working, back) == await content(working, first)
    assert (await report_of(working, back))["labels"]["changed"] >= 7
    mended = await made(working, "more", "fix", folder, validation_id="check", name="logos")
    assert mended.parent == "v3", "the folder as it is is the newest version already"


async def test_steps_are_one_version_with_a_diff_by_file(working: Deps, tmp_path: Path) -> None:
    root = make_dataset(tmp_path / "logos", train=6, val=2)
    folder = DatasetRef(name="logos", path=str(root))
    steps = [
        {"op": "rename_class", "class": "cup", "to": "mug"},
        {"op": "reorder_classes", "order": ["bag", "mug"]},
        {"op": "move", "images": ["train/train00.jpg"], "to": "val"},
        {"op": "drop", "images": ["images/train/train01.jpg"]},
        {
            "op": "patch_labels",
            "patches": [
                {
                    "image": "train02.jpg",
                    "remove": [{"class": "mug", "box": [0.31, 0.3, 0.2, 0.2]}],
                    "add": [{"class": "bag", "box": [0.1, 0.1, 0.1, 0.1]}],
                },
                {"image": "train03.jpg", "set": []},
            ],
        },
    ]
    edited = await made(working, "edit", "edit", folder, steps=steps)
    assert edited.classes == ("bag", "mug")
    assert edited.counts == {"train": 4, "val": 3}
    assert await text_of(working, edited, "labels/train/train02.txt") == (
        "0 0.7 0.7 0.2 0.2\n0 0.1 0.1 0.1 0.1\n"
    )
    assert await text_of(working, edited, "labels/val/train00.txt") == (
        "1 0.3 0.3 0.2 0.2\n0 0.7 0.7 0.2 0.2\n"
    )
    report = await report_of(working, edited)
    assert report["images"] | {"pixels": 0} == {
        "added": 0,
        "removed": 1,
        "moved": 1,
        "renamed": 0,
        "pixels": 0,
    }
    by_image = {change["image"]: change for change in report["changed"]}
    assert by_image["images/train/train01.jpg"]["kinds"] == ["removed"]
    assert by_image["images/val/train00.jpg"]["before"] == "images/train/train00.jpg"
    assert by_image["images/train/train03.jpg"]["boxes"]["removed"] == 2
    answers = diff_questions(working)
    fields = {"name": "logos", "older": "v1", "newer": "v2", "limit": 3}
    page = orjson.loads(await answers["diff"](fields))
    assert page["images"] == report["images"]
    assert page["changed_total"] == report["changed_total"] == 8
    rest = orjson.loads(await answers["diff"](fields | {"offset": 3, "limit": 100}))
    assert len(page["changed"]) + len(rest["changed"]) == 8
    key = f"datasets/logos/{edited.version}/diff.jsonl"
    paged = orjson.loads(await answers["changes"]({"key": key, "offset": 6}))
    assert len(paged["changed"]) == 2


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ({"op": "rename_class", "class": "cup", "to": "bag"}, "name_taken"),
        ({"op": "delete_class", "class": 7}, "no_class"),
        ({"op": "merge_classes", "classes": ["cup"], "into": "cup"}, "nothing_to_merge"),
        ({"op": "reorder_classes", "order": ["cup"]}, "bad_order"),
        ({"op": "move", "images": ["nothing.jpg"], "to": "val"}, "no_image"),
        ({"op": "rename_class", "class": "cup", "to": "cup"}, "nothing_changes"),
        ({"op": "drop", "images": ["../x"]}, "no_image"),
        ({"op": "burn"}, "bad_options"),
        (
            {"op": "patch_labels", "patches": [{"image": "train00.jpg", "remove": [9]}]},
            "no_such_box",
        ),
    ],
)
async def test_a_step_that_cannot_be_done_leaves_nothing(
    working: Deps, tmp_path: Path, step: dict[str, Any], code: str
) -> None:
    root = make_dataset(tmp_path / "logos", train=2, val=1)
    await ask(working, "edit", "edit", DatasetRef(name="x", path=str(root)), steps=[step])
    failed = await told(working, "edit")
    assert isinstance(failed, DatasetFailed), failed
    assert failed.error_code == code, failed.message
    assert not await working.artifacts.list("datasets")


async def test_two_edits_at_once_both_survive(working: Deps, tmp_path: Path) -> None:
    root = make_dataset(tmp_path / "logos", train=4, val=2)
    folder = DatasetRef(name="logos", path=str(root))
    first = await made(working, "in", "import", folder, name="logos")
    for name in ("cup", "bag"):
        await ask(working, f"less-{name}", "delete_class", ref(first), class_name=name)
    events = [await told(working, f"less-{name}") for name in ("cup", "bag")]
    registered = [event for event in events if isinstance(event, DatasetRegistered)]
    assert {event.version for event in registered} == {"v2", "v3"}
    assert {event.parent for event in registered} == {"v1"}
    assert {event.classes for event in registered} == {("bag",), ("cup",)}


async def test_what_looks_alike_or_is_of_one_source_never_crosses_splits(
    working: Deps, tmp_path: Path
) -> None:
    root = make_dataset(tmp_path / "logos", train=20, val=4)
    rng = np.random.default_rng(5)
    scene = Image.fromarray(rng.integers(0, 255, (6, 8, 3), np.uint8)).resize((320, 240))
    for index in range(4):
        small = scene.resize((320 - 40 * index, 240 - 30 * index))
        small.save(root / f"images/train/seen-{index}-again.jpg", quality=60 + 10 * index)
        put(root / f"images/val/cup_jpg.rf.{index:032x}.jpg", jpeg(500 + index))
    folder = DatasetRef(name="logos", path=str(root))
    for seed in range(4):
        event = await made(working, f"split{seed}", "split", folder, seed=seed)
        manifest, _ = await read_manifest(ref(event), working.artifacts)
        for mark in ("seen-", "cup_jpg.rf"):
            homes = [file.path.split("/")[1] for file in manifest.files if f"/{mark}" in file.path]
            assert len(homes) == 4
            assert len(set(homes)) == 1, f"{mark} with seed {seed}"
        assert set(event.counts) == {"train", "val", "test"}
        assert event.changes["groups_kept_together"] == 2
        await ask(working, f"check{seed}", "validate", ref(event))
        checked = await told(working, f"check{seed}")
        assert isinstance(checked, DatasetValidated)
        assert not [rule for rule in checked.summary if rule.endswith("_across_splits")]


async def test_another_folder_of_the_same_name_gets_its_own_dataset(
    working: Deps, tmp_path: Path
) -> None:
    names: list[tuple[str, str]] = []
    for place in ("a", "b", "a"):
        root = tmp_path / place / "logos"
        if not root.exists():
            make_dataset(root, train=4, val=1 + len(place) * (place == "b"))
        dataset = DatasetRef(name="logos", path=str(root))
        job_id = f"{place}{len(names)}"
        event = await made(working, job_id, "delete_class", dataset, class_id=len(names) % 2)
        names.append((event.name, event.version))
    assert names == [("logos", "v2"), ("logos-2", "v2"), ("logos", "v4")]


async def test_collecting_frees_only_what_nobody_needs(working: Deps, tmp_path: Path) -> None:
    root = make_dataset(tmp_path / "logos", train=4, val=2)
    folder = DatasetRef(name="logos", path=str(root))
    old = await made(working, "old", "import", folder, name="logos")
    await ask(working, "end", "delete", DatasetRef(name="logos"))
    assert isinstance(await told(working, "end"), DatasetDeleted)
    (root / "images/train/train00.jpg").write_bytes(jpeg(77))
    new = await made(working, "new", "import", folder, name="logos")
    assert (new.version, new.parent) == ("v2", None)
    await working.artifacts.put_bytes(blob_key("logos", "0" * 64), b"of an import that broke off")
    training = TrainingRequested(
        job_id="trains", dataset=ref(old), arguments=TrainingArguments(mode="full"),
        experiment_name="x", pool="nobody",
    )  # fmt: skip
    await working.bus.publish(training)
    await ask(working, "used", "collect", DatasetRef(name="logos"))
    refused = await told(working, "used")
    assert isinstance(refused, DatasetFailed)
    assert (refused.error_code, "trains" in refused.message) == ("dataset_in_use", True)
    await materialise(ref(old), working.artifacts, tmp_path / "cache")

    await working.bus.publish(TrainingCancelled(job_id="trains"))
    await ask(working, "free", "collect", DatasetRef(name="logos"))
    freed = await told(working, "free", DatasetCollected, DatasetFailed)
    assert isinstance(freed, DatasetCollected), freed
    assert freed.files == 2, "an image of the deleted version, and what an import left"
    await materialise(ref(new), working.artifacts, tmp_path / "cache2")
    with pytest.raises(NotFound):
        await materialise(ref(old), working.artifacts, tmp_path / "cache3")
    await ask(working, "gone", "restore", DatasetRef(name="logos"), version="v1")
    assert isinstance(await told(working, "gone"), DatasetFailed)


COLLECTOR = """
import asyncio
from libs.common.artifacts import ArtifactStore
from libs.common.dataset_log import DatasetLog
from libs.common.settings import Settings
from services.dataset.garbage import collect

async def quiet(done, of): pass

asyncio.run(collect(ArtifactStore.open(Settings()), DatasetLog(), "logos", "job", quiet))
"""


async def test_a_collector_that_is_killed_ends_its_work_when_it_runs_again(
    working: Deps, tmp_path: Path
) -> None:
    root = make_dataset(tmp_path / "logos", train=3, val=1)
    folder = DatasetRef(name="x", path=str(root))
    kept = await made(working, "in", "import", folder, name="logos")
    keys = [blob_key("logos", f"{index:064x}") for index in range(600)]
    await asyncio.gather(*(working.artifacts.put_bytes(key, b"waste") for key in keys))
    collector = await asyncio.create_subprocess_exec(
        sys.executable, "-c", COLLECTOR, env=environment_of(working.settings)
    )
    async with asyncio.timeout(WAIT_S):
        while len(await working.artifacts.list("datasets/logos/blobs")) > 560:
            await asyncio.sleep(0)
    collector.kill()
    await collector.wait()
    assert len(await working.artifacts.list("datasets/logos/blobs")) > 10, "killed in the middle"
    log = await Registry(working.bus, working.artifacts).log()

    async def quiet(done: int, of: int) -> None:
        assert done <= of

    with pytest.raises(Conflict):
        await collect(working.artifacts, log, "logos", "another", quiet)
    assert await collect(working.artifacts, log, "logos", "job", quiet) == (600, 3000)
    names = {head.key for head in await working.artifacts.list("datasets/logos")}
    assert not [name for name in names if name.endswith(".collecting")]
    await materialise(ref(kept), working.artifacts, tmp_path / "cache")


async def test_a_version_made_while_a_collector_is_at_work_is_whole(
    working: Deps, tmp_path: Path
) -> None:
    root = make_dataset(tmp_path / "logos", train=3, val=1)
    folder = DatasetRef(name="x", path=str(root))
    await made(working, "in", "import", folder, name="logos")
    await ask(working, "end", "delete", DatasetRef(name="logos"))
    await told(working, "end")
    registry = Registry(working.bus, working.artifacts)
    log = await registry.log()
    draft = draft_of_folder(survey_dataset(root), ())
    held = asyncio.Event()

    async def while_it_uploads(done: int, of: int) -> None:
        """The maker found its bytes there; now a whole collection goes by."""
        if not held.is_set():
            held.set()
            freed = await collect(working.artifacts, log, "logos", "job", quiet)
            assert freed[0] > 0

    async def quiet(done: int, of: int) -> None: ...

    new = await registry.register("logos", draft, while_it_uploads)
    dataset = DatasetRef(name="logos", version=new.version, manifest=new.manifest)
    await materialise(dataset, working.artifacts, tmp_path / "cache")


async def test_an_import_that_breaks_off_leaves_nothing(working: Deps, tmp_path: Path) -> None:
    root = make_dataset(tmp_path / "logos", train=4, val=2)
    folder = DatasetRef(name="x", path=str(root))
    kept = await made(working, "in", "import", folder, name="logos")
    before = {head.key for head in await working.artifacts.list("datasets/logos/blobs")}
    for index in range(3000):
        put(root / f"images/train/more{index}.jpg", b"%d of too many" % index)
    readings = working.bus.listen("progress.dataset.>")
    await ask(working, "broken", "import", folder, name="logos")
    async with asyncio.timeout(WAIT_S):
        async for _, reading in readings:
            if reading.get("stage") == "storing files" and reading["done"] > 50:
                break
    await working.bus.publish(DatasetCancelRequested(job_id="broken"))
    assert isinstance(await told(working, "broken"), DatasetCancelled)
    left = {head.key for head in await working.artifacts.list("datasets/logos")}
    assert {key for key in left if "/blobs/" in key} == before
    assert not [key for key in left if key.endswith(".collecting") or "/v2/" in key]
    await materialise(ref(kept), working.artifacts, tmp_path / "cache")


async def test_a_deleted_dataset_comes_back_by_restoring_it(working: Deps, tmp_path: Path) -> None:
    root = make_dataset(tmp_path / "logos", train=2, val=1)
    folder = DatasetRef(name="x", path=str(root))
    first = await made(working, "in", "import", folder, name="logos")
    await ask(working, "end", "delete", DatasetRef(name="logos"))
    await told(working, "end")
    back = await made(working, "back", "restore", DatasetRef(name="logos"), version="v1")
    assert (back.version, back.parent) == ("v2", "v1")
    assert await content(working, back) == await content(working, first)


async def test_a_bucket_is_checked_and_imported_where_it_is_allowed(
    deps: Deps, store: Store, tmp_path: Path
) -> None:
    bucket = f"{deps.settings.s3_bucket[:50]}-sets"
    assert await make_bucket(store.endpoint, store.secrets, bucket)
    settings = deps.settings.model_copy(update={"s3_datasets": (bucket,)})
    allowed = replace(deps, settings=settings, artifacts=ArtifactStore.open(settings))
    there = allowed.artifacts.elsewhere(bucket)
    root = make_dataset(tmp_path / "logos", train=5, val=2)
    for path in sorted(root.rglob("*.*")):
        await there.put_file(f"my/logos/{path.relative_to(root)}", path)
    await there.put_bytes("my/logos-2/secret.txt", b"of another prefix")
    await there.put_bytes("my/logos/run.py", b"never fetched")
    handler = DatasetHandler(HereAndNow())
    task = asyncio.create_task(run_jobs(allowed, subjects.DATASET, handler, slots=2))
    url = f"s3://{bucket}/my/logos"
    await ask(allowed, "check", "validate", DatasetRef(name=url, url=url))
    checked = await told(allowed, "check")
    assert isinstance(checked, DatasetValidated), checked
    assert (checked.valid, checked.total_images) == (True, 7)
    event = await made(allowed, "in", "import", DatasetRef(name=url, url=url), name="logos")
    assert (event.counts, event.source) == ({"train": 5, "val": 2}, url)
    assert not list((allowed.scratch / "cache/s3").rglob("*.py"))
    wrongs = ("s3://other/logos", f"s3://{bucket}/nothing", f"s3://{bucket}/../x")
    for number, wrong in enumerate(wrongs):
        await ask(allowed, f"no{number}", "validate", DatasetRef(name=wrong, url=wrong))
        failed = await told(allowed, f"no{number}")
        assert isinstance(failed, DatasetFailed), failed
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_coco_comes_in_with_what_is_lost_listed(working: Deps, tmp_path: Path) -> None:
    root = tmp_path / "coco"
    for name in ("train", "valid"):
        put(root / name / "a.jpg", jpeg(1 + (name == "valid")))
        data = {
            "images": [{"id": 7, "file_name": "a.jpg", "width": 32, "height": 24}],
            "categories": [{"id": 18, "name": "dog"}, {"id": 3, "name": "cat"}],
            "annotations": [
                {
                    "image_id": 7,
                    "category_id": 18,
                    "bbox": [8, 6, 16, 12],
                    "segmentation": [[1]],
                },
                {"image_id": 7, "category_id": 3, "bbox": [0, 0, 32, 24], "iscrowd": 1},
            ],
        }
        put(root / name / "_annotations.coco.json", json.dumps(data))
    event = await made(
        working, "in", "import", DatasetRef(name="c", path=str(root)), name="animals"
    )
    assert event.classes == ("cat", "dog")
    assert event.counts == {"train": 1, "val": 1}
    assert await text_of(working, event, "labels/train/a.txt") == "1 0.5 0.5 0.5 0.5\n"
    report = await report_of(working, event)
    assert report["format"] == "coco"
    assert report["lost"] == {"crowd regions (iscrowd)": 2, "masks": 2}
    shutil.rmtree(root)
    await materialise(ref(event), working.artifacts, tmp_path / "cache")
