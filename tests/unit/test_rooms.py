"""Who may import whom. A broken wall fails here, with the file and the import."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path
    for folder in ("services", "libs", "deploy", "integrations")
    for path in (ROOT / folder).glob("**/*.py")
    if "node_modules" not in path.parts
)
OUTSIDE = {
    *("nats", "fastapi", "minio", "obstore", "ultralytics", "torch", "torchvision"),
    *("pydantic_settings", "matplotlib", "pyarrow", "httpx", "uvicorn", "psutil", "pynvml"),
}
TORCH_ROOMS = {
    "libs/common/detectors.py",
    "services/trainer/yolo.py",
    "services/trainer/card.py",
    "services/trainer/exact.py",
    "services/trainer/validator.py",
    "services/trainer/records.py",
    "services/trainer/entry.py",
    "services/trainer/ranks.py",
    "services/trainer/checkpoint.py",
    "services/trainer/repeatable.py",
    "services/trainer/quick.py",
    "services/trainer/warm.py",
    "services/analyzer/warm.py",
    "services/analyzer/yolo.py",
    "services/analyzer/entry.py",
    "services/analyzer/explaining.py",
    "services/analyzer/frames.py",
}


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_stay_in_their_rooms(path: Path) -> None:
    parts = path.relative_to(ROOT).parts
    for name in imports(path):
        top, *rest = name.split(".")
        if parts[0] == "libs":
            assert top not in {"services", "deploy", "integrations"}, f"libs imports {name}"
        if parts[0] == "integrations":
            assert top not in {"services", "deploy"}, f"integrations import {name}: read the log"
        if parts[0] == "services" and top == "services" and rest:
            assert rest[0] == parts[1], f"{parts[1]} imports {name}: talk over the bus"
        if parts[:2] == ("libs", "client"):
            assert top not in {"nats", "obstore", "torch"}, f"the client imports {name}"
        if "domain" in parts:
            assert top not in OUTSIDE, f"domain imports {name}"
        if top in {"torch", "torchvision", "ultralytics"}:
            assert path.relative_to(ROOT).as_posix() in TORCH_ROOMS, f"{path} imports {name}"


def test_the_walls_are_looked_at() -> None:
    assert len(FILES) > 60
    assert all((ROOT / room).exists() for room in TORCH_ROOMS)


def imported(path: Path, names: set[str]) -> set[str]:
    """Modules among `names` that are imported when this one is."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found & names


def test_no_library_imports_itself_in_a_circle() -> None:
    """A circle works or not by who comes first, and programs of others begin anywhere."""
    paths = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path
        for path in (ROOT / "libs").glob("**/*.py")
        if path.stem != "__init__"
    }
    left = {name: imported(path, set(paths)) for name, path in paths.items()}
    while free := {name for name, wanted in left.items() if not wanted & left.keys()}:
        left = {name: wanted for name, wanted in left.items() if name not in free}
    assert not left, f"in a circle, or above one: {sorted(left)}"
