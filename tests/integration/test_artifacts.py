"""The artifact store on a real S3 server, and its mirror."""

import asyncio
import hashlib
import os
from pathlib import Path

import pytest

from libs.common.artifacts import ArtifactStore
from libs.common.errors import BadInput, Conflict, NotFound, PermanentError, Unavailable
from libs.common.settings import Settings

DATA = bytes(range(256)) * 5000


async def test_what_is_put_reads_back_with_its_hash(
    artifacts: ArtifactStore, tmp_path: Path
) -> None:
    source = tmp_path / "weights.pt"
    source.write_bytes(DATA)
    put = await artifacts.put_file("trainings/p/e/weights/best.pt", source)
    assert (put.size_bytes, put.sha256) == (len(DATA), hashlib.sha256(DATA).hexdigest())
    assert await artifacts.get_bytes(put.key) == DATA
    got = await artifacts.get_file(put.key, tmp_path / "deep" / "copy.pt", sha256=put.sha256)
    assert got.read_bytes() == DATA
    parts = [part async for part in artifacts.stream(put.key, start=10, end=300)]
    assert b"".join(parts) == DATA[10:300]


async def test_bytes_that_are_not_what_was_announced_leave_no_file(
    artifacts: ArtifactStore, tmp_path: Path
) -> None:
    await artifacts.put_bytes("models/a.pt", DATA)
    with pytest.raises(PermanentError, match="hash differs"):
        await artifacts.get_file("models/a.pt", tmp_path / "a.pt", sha256="0" * 64)
    left = {entry.name for entry in os.scandir(tmp_path)}
    assert not {name for name in left if "a.pt" in name}


async def test_a_key_made_once_has_one_winner(artifacts: ArtifactStore) -> None:
    async def make(number: int) -> bool:
        try:
            await artifacts.put_bytes("datasets/a/v1/manifest.json", b"%d" % number, create=True)
        except Conflict:
            return False
        return True

    assert sum(await asyncio.gather(*(make(number) for number in range(8)))) == 1


async def test_keys_list_copy_and_delete(artifacts: ArtifactStore) -> None:
    put = await artifacts.put_bytes("trainings/p/e/.attempts/j-1/results.csv", b"epoch\n1\n")
    copied = await artifacts.copy(put, "trainings/p/e/results.csv")
    assert (copied.key, copied.sha256) == ("trainings/p/e/results.csv", put.sha256)
    assert sorted(each.key for each in await artifacts.list("trainings/p")) == [
        put.key,
        copied.key,
    ]
    await artifacts.delete(put.key, put.key)
    with pytest.raises(NotFound):
        await artifacts.get_bytes(put.key)
    with pytest.raises(NotFound):
        await artifacts.head(put.key)


async def test_the_mirror_shows_results_and_hides_attempts(
    settings: Settings, tmp_path: Path
) -> None:
    outputs = tmp_path / "ml_outputs"
    artifacts = ArtifactStore.open(settings.model_copy(update={"outputs": outputs}))
    put = await artifacts.put_bytes("trainings/p/e/.attempts/j-1/results.csv", b"x")
    await artifacts.put_bytes("validations/m/report.json", b"{}")
    await artifacts.put_bytes("datasets/d/blobs/1", b"blob")
    await artifacts.copy(put, "trainings/p/e/results.csv")
    shown = sorted(p.relative_to(outputs).as_posix() for p in outputs.rglob("*") if p.is_file())
    assert shown == ["trainings/p/e/results.csv", "validations/m/report.json"]


@pytest.mark.parametrize("key", ["", "/etc/passwd", "a/../../b", "a\\b", "a\x00b", "x" * 600])
async def test_a_key_that_is_no_plain_path_is_refused(artifacts: ArtifactStore, key: str) -> None:
    with pytest.raises(BadInput, match="not an artifact key"):
        await artifacts.put_bytes(key, b"")


async def test_a_store_without_keys_is_never_opened() -> None:
    with pytest.raises(PermanentError, match="SHIRUSHI_S3_ACCESS_KEY"):
        ArtifactStore.open(Settings())


async def test_wrong_keys_get_nothing(settings: Settings) -> None:
    wrong = settings.model_copy(update={"s3_access_key": "nobody"})
    with pytest.raises(Unavailable):
        await ArtifactStore.open(wrong).get_bytes("models/a.pt")
