"""Files that would run code in a program that trusts them; a canary file shows whether one did."""

import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

WEIGHTS = Path(__file__).parents[1] / "weights/shirushi-logo-n.pt"
MISSING = b"\x80\x02cno_such_logo_package\nThing\n)\x81."
PICKLES = ("system", "eval", "missing_module", "activation")


class Bomb:
    """Runs a command, or an expression, when it is unpickled."""

    def __init__(self, mark: Path, by: Any = os.system) -> None:
        self.mark, self.by = mark, by

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return self.by, (command(self.mark) if self.by is os.system else expression(self.mark),)


def command(mark: Path) -> str:
    return f"touch {mark}"


def expression(mark: Path) -> str:
    return f"__import__('os').system('touch {mark}')"


def evil_weights(kind: str, path: Path, mark: Path) -> Path:
    """A `.pt` of one of `PICKLES`."""
    if kind == "activation":
        return with_activation(path, expression(mark))
    content = {
        "system": lambda: pickle.dumps({"model": Bomb(mark)}, protocol=2),
        "eval": lambda: pickle.dumps({"model": Bomb(mark, eval)}, protocol=2),
        "missing_module": lambda: MISSING,
    }
    return zipped(path, content[kind]())


def zipped(path: Path, pickled: bytes) -> Path:
    """In torch's format."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
        archive.writestr("archive/version", "3\n")
        archive.writestr("archive/byteorder", "little")
    return path


def with_activation(path: Path, code: str) -> Path:
    """Whole weights, whose model.yaml says `activation: <code>`: ultralytics evaluates that."""
    key, value = text("yaml_file"), text("yolov8n.yaml")
    with zipfile.ZipFile(WEIGHTS) as good, zipfile.ZipFile(path, "w") as archive:
        for name in good.namelist():
            data = good.read(name)
            if name.endswith("/data.pkl"):
                before, after = data.split(key, 1)
                assert value in after[:64]
                data = before + text("activation") + after.replace(value, text(code), 1)
            archive.writestr(name, data)
    return path


def text(value: str) -> bytes:
    """As protocol 2 pickles it."""
    return b"X" + len(value).to_bytes(4, "little") + value.encode()
