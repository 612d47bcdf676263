"""A ZIP from anybody: what a dataset does not have is refused before anything is written."""

import io
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from libs.common.datasets import read_dataset
from libs.common.errors import BadInput
from services.dataset.zips import dataset_folder, unpack
from tests.unit.services.dataset.conftest import make_dataset

Archive = zipfile.ZipFile


def zipped(path: Path, fill: Callable[[Archive], object]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        fill(archive)
    return path


def link(archive: Archive) -> None:
    member = zipfile.ZipInfo("images/train/a.jpg")
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(member, "/etc/passwd")


def twice(archive: Archive) -> None:
    archive.writestr("data.yaml", "a")
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("data.yaml", "b")


def bomb(archive: Archive) -> None:
    zeros = bytes(4 * 1024**2)
    with archive.open("images/train/a.jpg", "w", force_zip64=True) as member:
        for _ in range(40):
            member.write(zeros)


@pytest.mark.parametrize(
    ("code", "fill"),
    [
        ("zip_traversal", lambda a: a.writestr("../../evil.txt", "x")),
        ("zip_traversal", lambda a: a.writestr("images/../../evil.txt", "x")),
        ("zip_traversal", lambda a: a.writestr("/etc/evil.txt", "x")),
        ("zip_traversal", lambda a: a.writestr("C:/evil.txt", "x")),
        ("zip_link", link),
        ("zip_double", twice),
        ("zip_bomb", bomb),
    ],
)
def test_a_hostile_member_is_refused_and_nothing_is_written(
    tmp_path: Path, code: str, fill: Callable[[Archive], object]
) -> None:
    archive = zipped(tmp_path / "a.zip", fill)
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(BadInput) as raised:
        unpack(archive, folder)
    assert raised.value.code == code
    assert not list(folder.rglob("*"))
    assert {path.name for path in tmp_path.iterdir()} == {"a.zip", "out"}


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", lambda a: a.writestr("data.yaml", "x"))
    data = bytearray(archive.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    archive.write_bytes(data)
    with pytest.raises(BadInput, match="encrypted"):
        unpack(archive, tmp_path)


def test_a_member_that_holds_more_than_it_announces_is_refused(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", lambda a: a.writestr("a.txt", b"x" * 5000))
    data = bytearray(archive.read_bytes())
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = (10).to_bytes(4, "little")
    archive.write_bytes(data)
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(BadInput):
        unpack(archive, folder)
    assert all(path.stat().st_size <= 10 for path in folder.rglob("*.txt"))


@pytest.mark.parametrize("data", [b"", b"not a zip", b"PK\x03\x04" + bytes(100)])
def test_what_is_no_zip_is_refused(tmp_path: Path, data: bytes) -> None:
    archive = tmp_path / "a.zip"
    archive.write_bytes(data)
    with pytest.raises(BadInput, match="not a sound ZIP"):
        unpack(archive, tmp_path)


@pytest.mark.parametrize("inside", ["", "my dataset/v1/"])
def test_a_dataset_is_unpacked_and_found_at_any_depth_without_the_rest(
    tmp_path: Path, inside: str
) -> None:
    root = make_dataset(tmp_path / "d", train=3, val=1)

    def fill(archive: Archive) -> None:
        for path in sorted(root.rglob("*.*")):
            archive.write(path, f"{inside}{path.relative_to(root)}")
        archive.writestr(f"{inside}labels/train.cache", b"\x80pickle")
        archive.writestr(f"{inside}run.py", "raise SystemExit")
        archive.writestr("__MACOSX/images/._a.jpg", "x")

    folder = tmp_path / "out"
    folder.mkdir()
    assert unpack(zipped(tmp_path / "a.zip", fill), folder) == 9
    found = dataset_folder(folder)
    assert found == folder / inside
    assert len(read_dataset(found).splits["train"]) == 3


def test_an_archive_without_a_dataset_is_refused(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("readme.txt", "hello")
    (tmp_path / "a.zip").write_bytes(out.getvalue())
    folder = tmp_path / "out"
    folder.mkdir()
    unpack(tmp_path / "a.zip", folder)
    with pytest.raises(BadInput, match="neither"):
        dataset_folder(folder)


def overlapping(path: Path, members: int, size: int) -> Path:
    """An archive whose members are all the same bytes: each is small, all together are not."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images/a0000.jpg", bytes(size))
    data = path.read_bytes()
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    one = data[start:end]
    central = b"".join(one.replace(b"a0000", b"a%04d" % n) for n in range(members))
    counts = members.to_bytes(2, "little") * 2 + len(central).to_bytes(4, "little")
    path.write_bytes(data[:start] + central + data[end : end + 8] + counts + data[end + 16 :])
    return path


def test_members_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    archive = overlapping(tmp_path / "a.zip", members=200, size=4 * 1024**2)
    assert archive.stat().st_size < 50_000
    (tmp_path / "out").mkdir()
    with pytest.raises(BadInput) as raised:
        unpack(archive, tmp_path / "out")
    assert raised.value.code == "zip_bomb"


def test_an_archive_in_an_archive_stays_packed(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", bomb)

    def nest(archive: Archive) -> None:
        archive.write(inner, "images/train/inner.zip")
        archive.write(inner, "images/train/inner.jpg")
        archive.writestr("labels/train/a.txt", "")

    folder = tmp_path / "out"
    folder.mkdir()
    unpack(zipped(tmp_path / "a.zip", nest), folder)
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")}
    assert there == {"images/train/inner.jpg", "labels/train/a.txt"}
    assert sum(path.stat().st_size for path in folder.rglob("*.*")) == inner.stat().st_size
