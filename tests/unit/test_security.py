"""docs/security.md names tests that are there, and all that it links to."""

import re

from tests.conftest import ROOT

DOCUMENT = (ROOT / "docs/security.md").read_text(encoding="utf-8")


def test_each_attack_names_tests_that_are_there() -> None:
    sources = "\n".join(
        path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests").rglob("test_*.py"))
    )
    there = set(re.findall(r"^(?:async )?def (test_\w+)", sources, re.MULTILINE))
    named = set(re.findall(r"`(test_\w+)`", DOCUMENT))
    assert len(named) > 60
    assert named - there == set()


def test_every_row_of_its_tables_has_a_test() -> None:
    rows = [row for row in DOCUMENT.splitlines() if row.startswith("| ")]
    attacks = [row for row in rows if "---" not in row and not row.startswith(("| attack", "| |"))]
    assert len(attacks) > 30
    assert [row for row in attacks if "`test_" not in row] == []
    items = re.findall(r"^\| (API\d+)", DOCUMENT, re.MULTILINE)
    assert items == [f"API{number}" for number in range(1, 11)]


def test_its_links_lead_somewhere() -> None:
    for page in ("SECURITY.md", "docs/security.md"):
        folder = (ROOT / page).parent
        for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text(encoding="utf-8")):
            assert (folder / target).exists(), f"{page} links to {target}"
