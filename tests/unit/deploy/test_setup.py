"""The set-up: pinned, checked by hash, done again only when something changed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import setup
from tests.conftest import ROOT

PINNED = re.compile(r"^[a-z0-9-]+==[0-9][0-9a-z.]*$")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty checkout with a `.venv`."""
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    monkeypatch.setattr(setup, "STAMPS", tmp_path / ".setup")
    monkeypatch.setattr(setup, "VENV", tmp_path / ".venv")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv/pyvenv.cfg").touch()
    return tmp_path


def use(monkeypatch: pytest.MonkeyPatch, step: setup.Step) -> None:
    monkeypatch.setattr(setup, "STEPS", {"it": step})
    monkeypatch.setattr(setup, "TARGETS", {"runtime": ("it",)})


def test_a_step_is_done_once_and_again_when_its_input_its_product_or_the_venv_changes(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, product = checkout / "wanted.txt", checkout / "product"
    wanted.write_text("a==1\n")
    runs: list[str] = []

    def run() -> None:
        runs.append(wanted.read_text())
        product.touch()

    use(monkeypatch, setup.Step("it", run, lambda: [wanted], product, "doing", "advice"))
    setup.set_up("runtime")
    setup.set_up("runtime")
    assert len(runs) == 1
    wanted.write_text("a==2\n")
    setup.set_up("runtime")
    product.unlink()
    setup.set_up("runtime")
    (checkout / ".venv").rename(checkout / "old")
    (checkout / ".venv").mkdir()
    (checkout / ".venv/pyvenv.cfg").touch()
    setup.set_up("runtime")
    assert len(runs) == 4
    setup.set_up("runtime")
    assert len(runs) == 4


def test_a_step_that_fails_says_how_it_ended_and_what_to_do_and_is_tried_again(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run() -> None:
        setup.command(["sh", "-c", "echo the last line; exit 3"], {}, folder=checkout)

    use(monkeypatch, setup.Step("it", run, list, checkout, "doing", "Do this."))
    for _ in range(2):
        with pytest.raises(setup.SetupError, match=r"(?s)the last line.*stopped at it\. Do this\."):
            setup.set_up("runtime")


def test_the_command_works_from_any_folder(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(setup, "ROOT", ROOT)
    (checkout / ".venv/bin").mkdir()
    python = checkout / ".venv/bin/python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    setup.write_command()
    command = [str(checkout / ".venv/bin/shirushi"), "completion", "fish"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "complete -c shirushi" in done.stdout


@pytest.mark.parametrize("name", ["torch", "runtime", "dev"])
def test_every_requirement_is_pinned_and_named_once(name: str) -> None:
    lines = (ROOT / f"requirements/{name}.txt").read_text().splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in wanted if not PINNED.match(line)] == []
    names = [line.split("==")[0] for line in wanted]
    assert sorted(set(names)) == sorted(names)


def test_the_servers_are_pinned_with_a_hash_for_each_architecture() -> None:
    text = (ROOT / "requirements/servers.txt").read_text()
    assert len(re.findall(r"^[a-z-]+==[0-9.]+ \\$", text, re.MULTILINE)) == 2
    assert len(set(re.findall(r"--hash=sha256:([0-9a-f]{64})", text))) == 4


def test_every_target_of_the_makefile_has_a_line_of_help() -> None:
    text = (ROOT / "Makefile").read_text()
    [phony] = re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert re.findall(r"^([a-z]+):.*## \S", text, re.MULTILINE) == phony.split()
