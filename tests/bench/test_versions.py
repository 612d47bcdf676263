"""What versions cost: an edit of a version against its import, on a real store, in CPU time."""

import time
from pathlib import Path

import pytest

from libs.common.dataset_edits import DeleteClass, RenameClass
from libs.common.dataset_survey import survey_dataset
from libs.common.dataset_versions import read_manifest
from libs.common.events import DatasetRef
from libs.common.service import Deps
from services.dataset.contents import Contents
from services.dataset.domain.diff import compare
from services.dataset.editions import Edition, apply, labels_to_read
from services.dataset.registry import Registry
from services.dataset.sources import draft_of_folder, draft_of_manifest
from tests.unit.services.dataset.conftest import jpeg, put

IMAGES = 4000
PADDING = bytes(110_000)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """4,000 files of about 110 KB, each another, with a label each."""
    folder = tmp_path / "logos"
    put(folder / "data.yaml", "train: images/train\nval: images/val\nnames: [cup, bag]\n")
    for index in range(IMAGES):
        split = "val" if index % 5 == 0 else "train"
        image = jpeg(index % 50) + PADDING + b"%d" % index
        put(folder / f"images/{split}/{index:05d}.jpg", image)
        put(folder / f"labels/{split}/{index:05d}.txt", f"0 0.5 0.5 0.1 0.{index:05d}1\n")
    return folder


async def test_an_edit_costs_its_labels_not_its_images(
    deps: Deps, root: Path, tmp_path: Path
) -> None:
    async def quiet(_done: int, _of: int) -> None: ...

    registry = Registry(deps.bus, deps.artifacts)
    clock, wall = time.process_time(), time.monotonic()
    first = await registry.register("logos", draft_of_folder(survey_dataset(root), ()), quiet)
    imported_s, imported_wall_s = time.process_time() - clock, time.monotonic() - wall

    ref = DatasetRef(name="logos", version=first.version, manifest=first.manifest)
    draft = draft_of_manifest((await read_manifest(ref, deps.artifacts))[0])
    took: dict[str, float] = {}
    rename = RenameClass.model_validate({"op": "rename_class", "class": 0, "to": "x"})
    delete = DeleteClass.model_validate({"op": "delete_class", "class": 1})
    for name, step in (
        ("rename a class", rename),
        ("delete a class, labels fetched", delete),
        ("delete a class, labels in the cache", delete),
    ):
        clock = time.process_time()
        contents = Contents(deps.artifacts, tmp_path / "cache")
        await contents.fetch(labels_to_read(draft, [step]))
        edition = Edition(draft, contents)
        apply(edition, [step])
        changes = list(compare(draft, edition.draft, contents.text))
        await registry.register("logos", edition.draft, quiet)
        took[name] = time.process_time() - clock
        assert not changes, "no label has the class"
    print(f"\nimport of {IMAGES} images of 110 KB: {imported_s:.1f} s CPU, {imported_wall_s:.1f} s")
    for name, seconds in took.items():
        print(f"{name}: {seconds:.2f} s CPU, {imported_s / seconds:.1f} times less")
    assert took["rename a class"] < imported_s / 5
    assert took["delete a class, labels in the cache"] < imported_s / 3
