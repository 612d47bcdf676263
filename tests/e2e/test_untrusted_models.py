"""Models from outside on a whole system: uploaded, judged, refused; nothing of them runs."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from libs.common.children import child_environment
from libs.common.isolation import probe
from tests.conftest import ROOT, Stack, wait_until
from tests.e2e.tiny import base_dataset
from tests.untrusted import WEIGHTS, evil_weights

pytestmark = pytest.mark.e2e
CONVERT = """
import sys
from pathlib import Path
from libs.common.detectors import load_detector, save_detector
save_detector(load_detector(Path(sys.argv[1])), Path(sys.argv[2]), imgsz=192)
"""


def upload(http: httpx.Client, name: str, path: Path) -> httpx.Response:
    with path.open("rb") as file:
        return http.post("/upload/model", params={"model_name": name}, files={"file": file})


def judged(http: httpx.Client, model: str, dataset: Path) -> dict[str, Any]:
    body = {"model_path": model, "test_dataset_path": str(dataset), "split": "val", "imgsz": 192}
    answer = http.post("/model/validate", json=body, headers={"Prefer": "wait=120"})
    found: dict[str, Any] = answer.json()
    return found


def test_weights_without_pickle_are_uploaded_and_judged_as_those_they_were_made_from(
    http: httpx.Client, stack: Stack, tmp_path: Path
) -> None:
    plain = tmp_path / "logo.safetensors"
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CONVERT, str(WEIGHTS), str(plain)],
        env=child_environment(tmp_path / "home"),
        cwd=ROOT,
        check=True,
    )
    assert upload(http, "plain-logo", plain).json()["path"].endswith(".safetensors")
    dataset = base_dataset(stack)
    ours, theirs = (judged(http, name, dataset) for name in ("plain-logo", "shirushi-logo-n"))
    assert ours["map50"] > 0
    for name in ("map50", "map50_95", "precision", "recall", "prediction_results"):
        assert ours[name] == theirs[name]


def test_a_malicious_upload_is_refused_when_it_is_used_and_a_host_says_how_it_is_cut_off(
    http: httpx.Client, stack: Stack, tmp_path: Path
) -> None:
    mark = tmp_path / "executed"
    bad = evil_weights("activation", tmp_path / "bad.pt", mark)
    assert upload(http, "bad-logo", bad).status_code == 200
    answer = judged(http, "bad-logo", base_dataset(stack))
    assert "a source you trust" in str(answer)
    assert not mark.exists()
    photo = tmp_path / "photo.pt"
    photo.write_bytes(b"\xff\xd8\xff no weights")
    assert upload(http, "photo", photo).status_code == 422
    wait_until(lambda: bool(http.get("/status").json()["hosts"]), "a host tells of itself")
    assert http.get("/status").json()["hosts"][0]["child_network"] == probe()
