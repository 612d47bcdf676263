"""What the images without torch install: `requirements/gateway.txt` and `dataset.txt`, by extras.

`python -m deploy.images` writes them, `make lock` their hashes: all that pyproject.toml's extra of
the service asks for, and all that this pulls in, at the versions that are pinned for everybody.
"""

import re
import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
IMAGES = {"gateway": ("gateway", "servers", "traces"), "dataset": ("dataset", "traces")}
PIN = re.compile(r"^([A-Za-z0-9_.-]+)==(\S+)", re.MULTILINE)


def plain(name: str) -> str:
    """As package indexes write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned() -> dict[str, str]:
    """Name and version of all that a whole stack installs."""
    found: dict[str, str] = {}
    for name in ("torch", "runtime"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        found |= {plain(package): version for package, version in PIN.findall(text)}
    return found


def wanted(image: str) -> set[str]:
    """What an image needs, by the metadata of what is installed here.

    Raises:
        LookupError: something of it is not pinned.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    open_ = [Requirement(each) for each in project["dependencies"]]
    open_ += [Requirement(each) for extra in IMAGES[image] for each in extras[extra]]
    known, done = pinned(), set()
    while open_:
        asked = open_.pop()
        key = (plain(asked.name), tuple(sorted(asked.extras)))
        if key in done:
            continue
        if key[0] not in known:
            raise LookupError(f"{image} needs {key[0]}, which requirements/runtime.txt lacks")
        done.add(key)
        for line in metadata.requires(asked.name) or []:
            inner = Requirement(line)
            if inner.marker is None or any(
                inner.marker.evaluate({"extra": extra}) for extra in ("", *asked.extras)
            ):
                open_.append(inner)
    return {name for name, _ in done}


def listed(image: str) -> str:
    """The text of its list."""
    known = pinned()
    head = f"# Made by `python -m deploy.images`: the image of the {image}."
    return "\n".join([head, *(f"{name}=={known[name]}" for name in sorted(wanted(image)))]) + "\n"


def main() -> None:
    """Write the lists."""
    for image in IMAGES:
        path = ROOT / "requirements" / f"{image}.txt"
        path.write_text(listed(image), encoding="utf-8")


if __name__ == "__main__":
    main()
