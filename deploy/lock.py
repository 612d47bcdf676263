"""`make lock`: the hashes of every package that set-up installs, beside the list of versions.

`requirements/NAME.txt` says which versions, for people; `NAME.lock` says the same with the hash of
every file of each, for pip. The first line of a lock is the hash of its list, so that set-up and a
test see when it is out of date. torch.txt has none: torch is built per card and index, and a site
may bring its own build. Needs `uv` on the path or in the environment (`pip install uv`).
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements"
LOCKED = ("runtime", "apart", "dev", "dev-apart", "gateway", "dataset")


def fingerprint(name: str) -> str:
    """The first line of the lock of requirements/NAME.txt."""
    digest = hashlib.sha256((REQUIREMENTS / f"{name}.txt").read_bytes()).hexdigest()
    return f"# of {name}.txt, sha256 {digest}; made by `make lock`"


def up_to_date(name: str) -> bool:
    """Whether the lock is that of the list as it is now."""
    lock = REQUIREMENTS / f"{name}.lock"
    if not lock.exists():
        return False
    return lock.read_text(encoding="utf-8").partition("\n")[0] == fingerprint(name)


def write(name: str, uv: str) -> None:
    """Ask the package index for the hashes of what requirements/NAME.txt names.

    Raises:
        subprocess.CalledProcessError: a version is not there, or the index does not answer.
    """
    listed = REQUIREMENTS / f"{name}.txt"
    options = ["--generate-hashes", "--no-deps", "--no-annotate", "--no-header", "--quiet"]
    done = subprocess.run(
        [uv, "pip", "compile", str(listed), *options, "--python-version", "3.11"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    lock = REQUIREMENTS / f"{name}.lock"
    lock.write_text(f"{fingerprint(name)}\n{done.stdout}", encoding="utf-8")


def main() -> int:
    """0 when all locks are those of their lists."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    late = [name for name in LOCKED if not up_to_date(name)]
    if late and uv is None:
        print("lock: needs uv, which asks the index for hashes: `pip install uv`", file=sys.stderr)
        return 1
    for name in late:
        write(name, str(uv))
        print(f"lock: requirements/{name}.lock")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
