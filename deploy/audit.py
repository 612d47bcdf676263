"""`make audit`: known weaknesses of what is pinned, in Python packages and in the page's.

Asks the advisory databases of pip-audit and npm. Without a way to them nothing is known, which is
said and is no failure; a weakness that was found is one. Ends with 1 only then.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from deploy.bill import python_parts
from deploy.setup import STAMPS, UI, npm

TOOL = "pip-audit==2.10.1"
LONG_S = 300.0


def python_weaknesses() -> list[str] | None:
    """A line each; None when they could not be asked for."""
    venv = STAMPS / "audit"
    pip_audit = venv / "bin/pip-audit"
    if not pip_audit.exists():
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        made = _run([str(venv / "bin/python"), "-m", "pip", "install", "-q", TOOL])
        if made is None or made.returncode:
            return None
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listed:
        listed.write("\n".join(f"{part.name}=={part.version}" for part in python_parts()))
        listed.flush()
        options = ["--no-deps", "--disable-pip", "-f", "json", "--progress-spinner", "off"]
        done = _run([str(pip_audit), "-r", listed.name, *options])
    told = _json(done)
    return None if told is None else read(told)


def read(told: dict[str, Any]) -> list[str] | None:
    """The weaknesses in an answer of pip-audit; None when it could look up nothing.

    A package that it cannot look up is a line as well: nothing is known of it.
    """
    packages = told.get("dependencies", [])
    skipped = [each["name"] for each in packages if "skip_reason" in each]
    if len(skipped) == len(packages):
        return None
    if skipped:
        print(f"not looked up: {', '.join(skipped)}")
    return [
        f"{each['name']} {each['version']}: {fault['id']}, mended in {fault['fix_versions']}"
        for each in packages
        for fault in each.get("vulns", [])
    ]


def page_weaknesses() -> list[str] | None:
    """As `python_weaknesses`; of what ends up in the page, tools of the build aside."""
    argv, environment = npm("audit", "--json", "--omit=dev")
    told = _json(_run(argv, environment, UI))
    if told is None or "vulnerabilities" not in told:
        return None
    return [f"{name}: {each['severity']}" for name, each in told["vulnerabilities"].items()]


def _run(
    argv: list[str], environment: dict[str, str] | None = None, folder: Path | None = None
) -> "subprocess.CompletedProcess[str] | None":
    try:
        return subprocess.run(
            argv,
            check=False,
            capture_output=True,
            text=True,
            timeout=LONG_S,
            cwd=folder,
            env={**os.environ, **(environment or {})},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None


def _json(done: "subprocess.CompletedProcess[str] | None") -> dict[str, Any] | None:
    try:
        told = json.loads(done.stdout) if done else None
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def main() -> int:
    """1 when a weakness is known."""
    known = 0
    for what, ask in (("Python", python_weaknesses), ("the page", page_weaknesses)):
        found = ask()
        if found is None:
            print(f"{what}: not asked, the advisory database does not answer")
            continue
        known += len(found)
        print(f"{what}: {len(found)} known weaknesses", *found, sep="\n  ")
    return 1 if known else 0


if __name__ == "__main__":
    raise SystemExit(main())
