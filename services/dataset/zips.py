"""Unpack a ZIP that nobody vouches for: every member is judged before one byte is written."""

import shutil
import stat
import zipfile
from pathlib import Path, PurePosixPath

from libs.common.dataset_files import is_image_name
from libs.common.errors import BadInput

MAX_MEMBERS = 1_000_000
MAX_TOTAL_BYTES = 64 * 1024**3
MAX_RATIO = 200
"""Of the whole archive; images hardly compress, label files about tenfold."""
RATIO_FROM_BYTES = 64 * 1024**2
"""Below this size nothing is a bomb."""
_ENCRYPTED = 0x1
_CHUNK_BYTES = 1024**2
_OTHER_SUFFIXES = (".txt", ".yaml", ".yml", ".json", ".xml", ".names", ".labels", ".data")


def unpack(archive: Path, folder: Path) -> int:
    """Unpack images, labels and descriptions of `archive` into `folder`.

    Returns:
        How many files were written.

    Raises:
        BadInput: it is not a ZIP, or has a member that a dataset does not have. Nothing was
            written outside of `folder`.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = judge(opened.infolist(), archive.stat().st_size)
            if shutil.disk_usage(folder).free < sum(member.file_size for member in members):
                raise BadInput("There is not enough free disk for this archive.", code="disk_full")
            for member in members:
                if not folder.is_dir():
                    raise BadInput("The import was cancelled.", code="cancelled")
                _write(opened, member, folder)
            return len(members)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, ValueError) as error:
        raise BadInput(f"The upload is not a sound ZIP: {error}.", code="bad_zip") from error


def judge(members: list[zipfile.ZipInfo], archive_bytes: int) -> list[zipfile.ZipInfo]:
    """The members worth unpacking.

    Raises:
        BadInput: the archive is a bomb, or has links, locked members or paths that lead out.
    """
    if len(members) > MAX_MEMBERS:
        raise BadInput(f"The ZIP has more than {MAX_MEMBERS:,} members.", code="zip_bomb")
    total = sum(member.file_size for member in members)
    ratio = total / max(1, archive_bytes)
    if total > MAX_TOTAL_BYTES or (total > RATIO_FROM_BYTES and ratio > MAX_RATIO):
        raise BadInput(
            f"The ZIP would unpack to {total:,} bytes, {ratio:.0f} times its size: that is a bomb, "
            "not a dataset.",
            code="zip_bomb",
        )
    seen: set[str] = set()
    for member in members:
        _refuse_harm(member)
        if member.filename in seen:
            raise BadInput(f"The ZIP holds {member.filename[:80]!r} twice.", code="zip_double")
        seen.add(member.filename)
    return [member for member in members if _is_wanted(member)]


def _refuse_harm(member: zipfile.ZipInfo) -> None:
    name = member.filename
    if member.flag_bits & _ENCRYPTED:
        raise BadInput("The ZIP is encrypted: upload it without a password.", code="zip_encrypted")
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise BadInput(
            f"The ZIP holds a link or device, {name[:80]!r}: put the files in.", code="zip_link"
        )
    parts = PurePosixPath(name).parts
    drive = len(name) > 1 and name[1] == ":"
    if not parts or name.startswith("/") or ".." in parts or "\\" in name or drive:
        raise BadInput(f"The ZIP has a path that leads out: {name[:80]!r}.", code="zip_traversal")


def _is_wanted(member: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(member.filename)
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
    useful = is_image_name(path.name) or path.suffix.lower() in _OTHER_SUFFIXES
    return not member.is_dir() and not hidden and useful


def _write(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> None:
    """Unpack one member, never more than it announced."""
    target = folder / member.filename
    target.parent.mkdir(parents=True, exist_ok=True)
    left = member.file_size
    with archive.open(member) as source, target.open("xb") as out:
        while chunk := source.read(_CHUNK_BYTES):
            left -= len(chunk)
            if left < 0:
                raise BadInput("The ZIP holds more than it announces.", code="zip_bomb")
            out.write(chunk)


def dataset_folder(folder: Path) -> Path:
    """The folder of the dataset in an unpacked archive: where its YAML is, or its images.

    Raises:
        BadInput: there is none.
    """
    described = sorted(folder.rglob("data*.y*ml"), key=lambda path: (len(path.parts), path))
    if described:
        return described[0].parent
    names = ("images", "train")
    found = [path for name in names for path in folder.rglob(name) if path.is_dir()]
    if not found:
        raise BadInput(
            "The ZIP holds neither a data.yaml nor a folder called images or train.",
            code="no_dataset_in_zip",
        )
    return min(found, key=lambda path: (len(path.parts), path)).parent
