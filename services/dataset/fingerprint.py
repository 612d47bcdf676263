"""What decides whether things known from an earlier scan still hold: code, libraries, rules."""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

from services.dataset.domain.catalogue import CATALOGUE
from services.dataset.domain.findings import Rules

_LIBRARIES = ("numpy", "opencv-python", "pillow", "simplejpeg", "xxhash")


@cache
def looks() -> str:
    """Changes with the code of this service and the libraries that it looks at files with."""
    digest = hashlib.sha256()
    for library in _LIBRARIES:
        digest.update(f"{library} {version(library)}\n".encode())
    home = Path(__file__).parent
    for file in sorted(home.rglob("*.py")):
        digest.update(f"{file.relative_to(home)}\n".encode() + file.read_bytes())
    return digest.hexdigest()


def verdicts(rules: Rules, classes: int) -> str:
    """Changes with everything else that decides what is found in a single file."""
    limits = [(rule.id, rules[rule.id].threshold) for rule in CATALOGUE]
    return hashlib.sha256(repr((looks(), classes, limits)).encode()).hexdigest()
