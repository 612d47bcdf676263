"""Judged images are given out only while they are what was judged, from any worker's disk."""

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from libs.common.dataset_versions import Manifest, Member, blob_key, manifest_key, materialise
from libs.common.errors import BadInput, Conflict
from libs.common.events import DatasetRef
from libs.common.service import Deps
from services.analyzer.originals import fingerprint, original
from services.analyzer.parquet import Image

CONTENT = b"pixels of a logo"


async def registered(deps: Deps) -> DatasetRef:
    """A registered version with one image."""
    digest = hashlib.sha256(CONTENT).hexdigest()
    member = Member(path="images/val/a.png", size_bytes=len(CONTENT), sha256=digest)
    manifest = Manifest(name="logos", version="v1", classes=("a",), files=(member,))
    await deps.artifacts.put_bytes(blob_key("logos", digest), CONTENT)
    text = manifest.model_dump_json().encode()
    stored = await deps.artifacts.put_bytes(manifest_key("logos", "v1"), text)
    return DatasetRef(name="logos", version="v1", manifest=stored)


async def test_an_image_of_a_registered_version_is_fetched_again_by_a_worker_that_never_had_it(
    deps: Deps,
) -> None:
    ref = await registered(deps)
    folder = await materialise(ref, deps.artifacts, deps.scratch / "datasets")
    path = str(folder / "images/val/a.png")
    [image] = await fingerprint(deps, ref, [Image(path, 4, 4)])
    assert image.member == "images/val/a.png"
    shutil.rmtree(deps.scratch / "datasets")
    elsewhere = replace(image, path="/of/another/worker/a.png")
    assert await original(deps, ref, elsewhere) == CONTENT


async def test_what_lies_outside_the_roots_or_has_no_hash_is_refused(
    deps: Deps, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    ref = DatasetRef(name="set", path=str(tmp_path))
    outside = tmp_path_factory.mktemp("outside") / "secret.png"
    outside.write_bytes(CONTENT)
    (tmp_path / "link.png").symlink_to(outside)
    for path in (outside, tmp_path / "link.png"):
        [image] = await fingerprint(deps, ref, [Image(str(path), 4, 4)])
        with pytest.raises(BadInput, match="outside the allowed folders"):
            await original(deps, ref, image)
    with pytest.raises(Conflict, match="validate again"):
        await original(deps, ref, Image(str(outside), 4, 4))
    with pytest.raises(Conflict, match="not there any more"):
        await original(deps, ref, Image(str(tmp_path / "gone.png"), 4, 4, sha256="0" * 64))
