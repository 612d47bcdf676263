"""What set-up installs is what was locked; what is installed is known by name and licence."""

import json
import re
from pathlib import Path

import pytest

from deploy.audit import read
from deploy.bill import LISTS, PIN, UNKNOWN, bill, page_parts, python_parts
from deploy.lock import LOCKED, REQUIREMENTS, fingerprint, up_to_date
from tests.conftest import ROOT

FREE_OF_HOSTS = (
    *sorted(REQUIREMENTS.iterdir()),
    ROOT / "services/gateway/ui/package-lock.json",
)


def pins(path: Path) -> dict[str, str]:
    found = PIN.findall(path.read_text(encoding="utf-8"))
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


@pytest.mark.parametrize("name", LOCKED)
def test_each_version_that_set_up_installs_has_its_hashes(name: str) -> None:
    assert up_to_date(name), "the list has changed: run `make lock`"
    lock = REQUIREMENTS / f"{name}.lock"
    assert pins(lock) == pins(REQUIREMENTS / f"{name}.txt")
    entries = lock.read_text(encoding="utf-8").split("\n\n")[0].replace("\\\n", " ").splitlines()
    assert all("--hash=sha256:" in entry for entry in entries if not entry.startswith("#"))
    assert fingerprint(name).startswith("# of ")


@pytest.mark.parametrize("path", FREE_OF_HOSTS, ids=lambda path: path.name)
def test_no_lock_names_a_host(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert '"resolved"' not in text
    assert not re.search(r"--(extra-)?index-url|--find-links|@ https?:", text)


def test_the_bill_names_everything_that_is_pinned_and_its_licence() -> None:
    parts = python_parts()
    assert {(part.name, part.version) for part in parts} == {
        pin for name in LISTS for pin in pins(REQUIREMENTS / f"{name}.txt").items()
    }
    assert page_parts()
    assert len([part for part in parts if part.licence == UNKNOWN]) <= 2
    written = json.loads((ROOT / "sbom.cdx.json").read_text(encoding="utf-8"))
    told = {each["purl"] for each in written["components"]}
    assert told == {each["purl"] for each in bill(parts + page_parts())["components"]}, (
        "what is pinned has changed: run `make bill`"
    )


def test_an_audit_that_could_look_up_nothing_is_no_clean_bill() -> None:
    skipped = {"name": "a", "skip_reason": "Dependency not found on PyPI"}
    weak = {"name": "b", "version": "1", "vulns": [{"id": "X-1", "fix_versions": ["2"]}]}
    sound = {"name": "c", "version": "1", "vulns": []}
    assert read({"dependencies": [skipped]}) is None
    assert read({}) is None
    assert read({"dependencies": [skipped, sound]}) == []
    assert read({"dependencies": [weak, sound]}) == ["b 1: X-1, mended in ['2']"]
