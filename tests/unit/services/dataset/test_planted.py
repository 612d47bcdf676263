"""Our own planted faults: nearly every rule in several forms, and clean data that stays silent."""

from pathlib import Path

import pytest

from services.dataset.domain.catalogue import CATALOGUE
from tests.planted import description, files, labels, meaning, pictures, roboflow, whole
from tests.planted.base import Defect, make
from tests.planted.controls import CONTROLS
from tests.unit.services.dataset.conftest import Check

SHALLOW = [*files.DEFECTS, *labels.DEFECTS, *description.DEFECTS]
"""Found without a look at pixels."""
DEFECTS: list[Defect] = [*SHALLOW, *pictures.DEFECTS, *whole.DEFECTS, *meaning.DEFECTS]


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda d: f"{d.rule}: {d.name}")
async def test_a_planted_fault_is_found_in_its_place(
    tmp_path: Path, check: Check, defect: Defect
) -> None:
    root = make(tmp_path / "d")
    defect.plant(root)
    mode = "fast" if defect in SHALLOW else "full"
    report = await check(root, roots=(tmp_path,), mode=mode)
    assert defect.rule in report["summary"], report["summary"]
    found = [finding for finding in report["findings"] if finding["rule"] == defect.rule]
    if defect.file:
        assert any((each["file"] or "").endswith(defect.file) for each in found), found
    if defect.line:
        assert defect.line in {each["line"] for each in found}, found


@pytest.mark.parametrize("name", CONTROLS)
async def test_clean_data_gets_no_warning(tmp_path: Path, check: Check, name: str) -> None:
    root = make(tmp_path / "d")
    CONTROLS[name](root)
    report = await check(root, roots=(tmp_path,))
    assert [f for f in report["findings"] if f["severity"] in "EW"] == []


def test_every_rule_is_planted_and_there_are_enough_of_each_kind() -> None:
    assert {defect.rule for defect in DEFECTS} == {rule.id for rule in CATALOGUE}
    assert len(DEFECTS) >= 100
    assert len(CONTROLS) >= 40


async def test_the_quirks_of_an_export_are_understood_and_explained(
    tmp_path: Path, check: Check
) -> None:
    root = roboflow.make(tmp_path / "export")
    report = await check(root, roots=(tmp_path,))
    assert report["valid"]
    counts = {name: report["usable"][name] for name in ("train", "val", "test")}
    assert counts == {
        name: {"images": count, "of": count}
        for name, count in zip(counts, roboflow.COUNTS.values(), strict=True)
    }
    assert report["val_info"]["path"] == "valid/images"
    serious = [each for each in report["findings"] if each["severity"] in "EW"]
    assert {each["rule"] for each in serious} == {"segments_in_detection_set"}
    assert len(serious) == roboflow.POLYGONS
    assert all("uses the box around each" in each["message"] for each in serious)
    told = " ".join(report["statistics"]["recommendations"])
    for split in roboflow.COUNTS:
        assert f"../{split}/images' is how exports of Roboflow are written" in told
