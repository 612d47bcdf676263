"""An explanation through REST and from the command line."""

import json
import subprocess
import sys

import httpx
import pytest

from libs.synthetic import DatasetSpec, write_dataset
from tests.answers import promised
from tests.conftest import ROOT, Stack
from tests.unit.services.analyzer.scenes import CLASSES

pytestmark = pytest.mark.e2e


def test_a_box_of_a_validation_and_an_image_of_ours_are_explained(
    stack: Stack, http: httpx.Client
) -> None:
    folder = stack.home.parent / "to-explain"
    write_dataset(folder, DatasetSpec(classes=CLASSES, counts={"val": 4}, size=160, seed=5))
    wait = {"Prefer": "wait=120"}
    body = {"model_path": "shirushi-logo-n", "test_dataset_path": str(folder)}
    judged = promised(http.post("/model/validate", json=body, headers=wait))
    asked = {"validation_id": judged["validation_id"], "box": "d0"}
    answer = http.post("/model/explain", json=asked, headers=wait)
    report = promised(answer)
    assert 0 < report["energy_inside"] <= 1
    again = promised(http.get(f"/model/explain/{report['explanation_id']}"))
    assert again["box"] == report["box"]
    picture = http.get(f"/artifacts/{report['artifacts']['overlay.png']['key']}")
    assert picture.content.startswith(b"\x89PNG")
    for bad, status in (
        ({"validation_id": judged["validation_id"]}, 422),
        (asked | {"model_path": "shirushi-logo-n"}, 422),
        (asked | {"box": "d99999"}, 422),
        ({"model_path": "shirushi-logo-n", "image_path": "/etc/passwd"}, 404),
    ):
        assert http.post("/model/explain", json=bad, headers=wait).status_code == status, bad
    image = next((folder / "images/val").iterdir())
    words = ["explain", "shirushi-logo-n", str(image), "--method", "layercam"]
    words += ["--json", "--url", stack.url]
    said = subprocess.run(
        [sys.executable, "-m", "libs.client.cli", *words],
        cwd=ROOT,
        capture_output=True,
        timeout=120,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stdout + said.stderr
    assert json.loads(said.stdout)["method"] == "layercam"
