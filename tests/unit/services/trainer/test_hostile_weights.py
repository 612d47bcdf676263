"""A corpus of weights that would run code or fill the memory: each has its refusal, none runs."""

import io
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.nursery import SharedStock
from tests.unit.services.trainer.test_detectors import told
from tests.untrusted import WEIGHTS, Bomb, command, text, zipped

UNSAFE, UNREADABLE = "unsafe_weights", "unreadable_weights"


def protocol_0(mark: Path) -> bytes:
    return f"cos\nsystem\n(S'{command(mark)}'\ntR.".encode()


def instance(mark: Path) -> bytes:
    """By the opcode INST, which no pickler writes any more."""
    return f"(S'{command(mark)}'\nios\nsystem\n.".encode()


def by_attribute(mark: Path) -> bytes:
    """getattr(os, "system")(...): the function itself is never named whole."""
    module = b"cbuiltins\ngetattr\n(cimportlib\nimport_module\n(" + text("os") + b"tR"
    return b"\x80\x02" + module + text("system") + b"tR(" + text(command(mark)) + b"tR."


def in_a_tuple(mark: Path) -> bytes:
    """Deep inside what looks like a state of weights."""
    return pickle.dumps({"model": {"0.weight": [(1, Bomb(mark))]}}, protocol=2)


def state_of(mark: Path) -> bytes:
    """An allowed class, whose state is what runs: BUILD of something that is no dict."""
    name = b"cultralytics.utils\nIterableSimpleNamespace\n)\x81"
    call = b"cposix\nsystem\n(" + text(command(mark)) + b"tR"
    return b"\x80\x02" + name + call + b"b."


def extension(mark: Path) -> bytes:
    """By the registry of extension codes, then a call."""
    return b"\x80\x02\x82\x01(" + text(command(mark)) + b"tR."


def framed(mark: Path) -> bytes:
    """In frames, by names from the stack, as protocol 4 has it."""
    return pickle.dumps(Bomb(mark), 4)


def endless(_: Path) -> bytes:
    """Lists in lists, deeper than any reader's stack."""
    return b"\x80\x02" + b"]" * 10**6 + b"a" * (10**6 - 1) + b"."


def zip_of(kind: Callable[[Path], bytes]) -> Callable[[Path, Path], Path]:
    return lambda path, mark: zipped(path, kind(mark))


def bare(path: Path, mark: Path) -> Path:
    """As torch wrote before 1.6: pickles one after the other, no ZIP."""
    head: tuple[object, ...] = (0x1950A86A20F9469CFC6C, 1001, {})
    path.write_bytes(b"".join(pickle.dumps(each, 2) for each in head))
    with path.open("ab") as file:
        file.write(pickle.dumps(Bomb(mark), 2))
    return path


def tar(path: Path, mark: Path) -> Path:
    """As torch wrote before 0.1.10."""
    with tarfile.open(path, "w") as archive:
        for name in ("sys_info", "pickle", "tensors", "storages"):
            data = pickle.dumps(Bomb(mark), 2)
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def numpy_objects(path: Path, mark: Path) -> Path:
    out = io.BytesIO()
    np.save(out, np.array([Bomb(mark)], dtype=object), allow_pickle=True)
    path.write_bytes(out.getvalue())
    return path


def two_members(path: Path, mark: Path) -> Path:
    """A harmless one and a harmful one of the same name: readers may disagree on which counts."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}, 2))
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("archive/data.pkl", protocol_0(mark))
        archive.writestr("archive/version", "3\n")
    return path


def cut(path: Path, _: Path) -> Path:
    path.write_bytes(WEIGHTS.read_bytes()[:-5000])
    return path


def scripted(path: Path, mark: Path) -> Path:
    """As a TorchScript archive, whose code would be compiled."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", by_attribute(mark))
        archive.writestr("archive/constants.pkl", pickle.dumps((), 2))
        archive.writestr("archive/code/__torch__.py", f"import os; os.system('{command(mark)}')")
        archive.writestr("archive/version", "3\n")
    return path


CORPUS: dict[str, tuple[str, Callable[[Path, Path], Path]]] = {
    "protocol_0": (UNREADABLE, zip_of(protocol_0)),
    "instance": (UNREADABLE, zip_of(instance)),
    "by_attribute": (UNSAFE, zip_of(by_attribute)),
    "in_a_tuple": (UNSAFE, zip_of(in_a_tuple)),
    "state_of": (UNSAFE, zip_of(state_of)),
    "extension": (UNREADABLE, zip_of(extension)),
    "framed": (UNREADABLE, zip_of(framed)),
    "endless": (UNREADABLE, zip_of(endless)),
    "bare": (UNREADABLE, bare),
    "tar": (UNREADABLE, tar),
    "numpy_objects": (UNREADABLE, numpy_objects),
    "two_members": (UNREADABLE, two_members),
    "cut": (UNREADABLE, cut),
    "scripted": (UNREADABLE, scripted),
}


async def test_each_of_a_corpus_of_hostile_weights_has_its_refusal_and_none_runs(
    stock: SharedStock, tmp_path: Path
) -> None:
    mark = tmp_path / "executed"
    files = [str(make(tmp_path / f"{name}.pt", mark)) for name, (_, make) in CORPUS.items()]
    said = await told(stock, tmp_path, load=[*files, str(WEIGHTS)])
    codes = {Path(each["path"]).stem: each["code"] for each in said}
    assert codes.pop(WEIGHTS.stem) == "", "the child lives and reads"
    assert codes == {name: code for name, (code, _) in CORPUS.items()}
    assert not mark.exists()
