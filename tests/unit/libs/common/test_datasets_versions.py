"""Registered versions: materialised whole, verified, shared by hash, never outside their folder."""

import asyncio
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from obstore.store import LocalStore, MemoryStore
from pydantic import ValidationError

from libs.common.artifacts import ArtifactStore
from libs.common.dataset_versions import (
    Manifest,
    Member,
    blob_key,
    manifest_key,
    materialise,
    sanitised,
)
from libs.common.datasets import read_dataset
from libs.common.errors import BadInput, NotFound, PermanentError
from libs.common.events import DatasetRef


async def store(artifacts: ArtifactStore, version: str, files: dict[str, bytes]) -> DatasetRef:
    """A version called `logos`, put by hand."""
    members = []
    for path, data in files.items():
        digest = hashlib.sha256(data).hexdigest()
        await artifacts.put_bytes(blob_key("logos", digest), data)
        members.append(Member(path=path, size_bytes=len(data), sha256=digest))
    manifest = Manifest(
        name="logos", version=version, classes=("a: b", "はな"), files=tuple(members)
    )
    data = manifest.model_dump_json().encode()
    stored = await artifacts.put_bytes(manifest_key("logos", version), data)
    return DatasetRef(name="logos", version=version, manifest=stored)


FILES = {
    "images/train/a.jpg": b"train",
    "labels/train/a.txt": b"1 0.5 0.5 0.1 0.1\n",
    "images/val/b.jpg": b"val",
}


@pytest.fixture
def artifacts() -> ArtifactStore:
    return ArtifactStore(MemoryStore())


async def test_a_version_is_materialised_and_read(artifacts: ArtifactStore, tmp_path: Path) -> None:
    ref = await store(artifacts, "v1", FILES)
    folder = await materialise(ref, artifacts, tmp_path)
    dataset = read_dataset(folder, [folder])
    assert dataset.names == ("a: b", "はな")
    [train] = dataset.splits["train"]
    assert train.image.read_bytes() == b"train"
    assert train.label is not None
    assert dataset.splits["val"][0].label is None
    assert await materialise(ref, artifacts, tmp_path) == folder


async def test_a_second_version_downloads_only_what_is_new(
    artifacts: ArtifactStore, tmp_path: Path
) -> None:
    first = await store(artifacts, "v1", FILES)
    folder = await materialise(first, artifacts, tmp_path)
    second = await store(artifacts, "v2", FILES | {"images/train/c.jpg": b"more"})
    await artifacts.delete(blob_key("logos", hashlib.sha256(b"train").hexdigest()))
    other = await materialise(second, artifacts, tmp_path)
    assert other != folder
    assert (other / "images/train/c.jpg").read_bytes() == b"more"
    assert (other / "images/train/a.jpg").samefile(folder / "images/train/a.jpg")


async def test_a_cached_blob_that_was_changed_is_fetched_anew(
    artifacts: ArtifactStore, tmp_path: Path
) -> None:
    first = await materialise(await store(artifacts, "v1", FILES), artifacts, tmp_path)
    (first / "images/train/a.jpg").write_bytes(b"wrote through a link")
    second = await store(artifacts, "v2", FILES | {"images/train/c.jpg": b"more"})
    folder = await materialise(second, artifacts, tmp_path)
    assert (folder / "images/train/a.jpg").read_bytes() == b"train"


MATERIALISE = """
import asyncio, pathlib, sys
from obstore.store import LocalStore
from libs.common.artifacts import ArtifactStore
from libs.common.dataset_versions import materialise
from libs.common.events import DatasetRef

ref = DatasetRef.model_validate_json(sys.argv[1])
artifacts, cache = ArtifactStore(LocalStore(sys.argv[2])), pathlib.Path(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
print(asyncio.run(materialise(ref, artifacts, cache)))
"""


def test_two_processes_that_need_a_version_at_once_get_one_whole_folder(tmp_path: Path) -> None:
    there = tmp_path / "store"
    there.mkdir()
    many = {f"images/train/{n}.jpg": f"{n}".encode() for n in range(300)} | FILES
    ref = asyncio.run(store(ArtifactStore(LocalStore(there)), "v1", many))
    command = [sys.executable, "-c", MATERIALISE, ref.model_dump_json(), str(there)]
    processes = [
        subprocess.Popen(
            [*command, str(tmp_path / "cache")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write(b"go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[0].decode().strip() for process in processes]
    assert said[0] == said[1] != ""
    files = [path for path in Path(said[0]).rglob("*.*") if path.is_file()]
    assert len(files) == len(many) + 1
    assert not list((tmp_path / "cache" / "versions").glob(".building-*"))


async def test_a_folder_is_taken_as_it_is(artifacts: ArtifactStore, tmp_path: Path) -> None:
    ref = DatasetRef(name="x", path="/some/folder")
    assert await materialise(ref, artifacts, tmp_path) == Path("/some/folder")
    with pytest.raises(BadInput, match="neither a folder nor a version"):
        await materialise(DatasetRef(name="x"), artifacts, tmp_path)


async def test_what_was_changed_after_registering_is_refused(
    artifacts: ArtifactStore, tmp_path: Path
) -> None:
    ref = await store(artifacts, "v1", FILES)
    key = blob_key("logos", hashlib.sha256(b"val").hexdigest())
    await artifacts.put_bytes(key, b"other")
    with pytest.raises(PermanentError) as raised:
        await materialise(ref, artifacts, tmp_path)
    assert raised.value.code == "hash_mismatch"
    await artifacts.delete(key)
    with pytest.raises(NotFound):
        await materialise(ref, artifacts, tmp_path)
    await artifacts.put_bytes(manifest_key("logos", "v1"), b"{}")
    with pytest.raises(BadInput, match="changed"):
        await materialise(ref, artifacts, tmp_path)
    with pytest.raises(BadInput, match="not valid"):
        await materialise(DatasetRef(name="logos", version="v1"), artifacts, tmp_path)
    assert not (tmp_path / "versions").exists()


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/images/a.jpg",
        "../images/a.jpg",
        "images/../../a.jpg",
        "images/./a.jpg",
        "images//a.jpg",
        "images\\a.jpg",
        "images/a\0.jpg",
        "data.yaml",
        "images/",
    ],
)
def test_a_member_that_would_leave_its_place_is_refused(path: str) -> None:
    with pytest.raises(ValidationError):
        Member(path=path, size_bytes=1, sha256="0" * 64)


@pytest.mark.parametrize(
    ("text", "name"),
    [("logos", "logos"), ("../my logos!", "my-logos"), ("ロゴ", "dataset"), ("a" * 99, "a" * 64)],
)
def test_any_text_makes_a_name_that_is_safe_in_keys(text: str, name: str) -> None:
    assert sanitised(text) == name
