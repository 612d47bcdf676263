"""From every number of a real validation's panels to the images behind it, by REST alone."""

import asyncio
import contextlib
import io
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from httpx import ASGITransport, AsyncClient, Response
from PIL import Image, ImageColor

from libs.common.asks import answer_questions
from libs.common.subjects import ANALYZER
from libs.common.work import run_jobs
from libs.synthetic import DatasetSpec, write_dataset
from services.analyzer.asking import AnalyzerDeps
from services.analyzer.drawing import MISSED, RIGHT, WRONG
from services.analyzer.handlers import analyse_model
from services.analyzer.questions import analysis_questions
from services.gateway.app import create_app
from services.gateway.routes.panels import SECTIONS
from services.gateway.settings import GatewaySettings
from tests.answers import promised

ROOT = Path(__file__).parents[2]
WEIGHTS = ROOT / "weights/shirushi-logo-n.pt"
CLASSES = tuple(json.loads(WEIGHTS.with_suffix(".json").read_text())["dataset"]["spec"]["classes"])
BASE = "/api/v1/ml"


@pytest.fixture(scope="session")
def walked_scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen scenes of a few of the base weights' brands, a third of them without a logo."""
    out = tmp_path_factory.mktemp("walk") / "set"
    write_dataset(out, DatasetSpec(classes=CLASSES, counts={"val": 16}, size=192, seed=11))
    return out


@pytest.fixture
async def rest(
    analyzer_deps: AnalyzerDeps, walked_scenes: Path, tmp_path: Path
) -> AsyncIterator[AsyncClient]:
    """A gateway and an analyzer that works and answers."""
    deps = analyzer_deps
    shutil.copytree(walked_scenes, tmp_path / "set")
    fields = deps.settings.model_dump() | {"ui_dir": tmp_path / "ui", "models_dir": WEIGHTS.parent}
    app = create_app(GatewaySettings.model_validate(fields))
    tasks = [
        asyncio.create_task(run_jobs(deps, ANALYZER, analyse_model)),
        asyncio.create_task(answer_questions(deps.bus, "analysis", analysis_questions(deps))),
    ]
    async with (
        app.router.lifespan_context(app),
        AsyncClient(
            transport=ASGITransport(app), base_url=f"http://localhost{BASE}", timeout=120
        ) as client,
    ):
        yield client
    for task in tasks:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def validated(rest: AsyncClient) -> dict[str, Any]:
    body = {
        "model_path": WEIGHTS.stem,
        "test_dataset_path": "set",
        "confidence_threshold": 0.05,
        "save_plots": False,
    }
    answer = await rest.post("/model/validate", json=body, headers={"Prefer": "wait=100"})
    assert answer.status_code == 200, answer.text
    report: dict[str, Any] = promised(answer)
    return report


def pixels(answer: Response) -> Any:
    """A picture that was answered, as an array."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.content[:3] == b"\xff\xd8\xff"
    assert len(answer.content) < 1_000_000
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB"), dtype=np.int64)


def lines(picture: Any, colour: str) -> int:
    """How many pixels are about of this colour."""
    return int((np.abs(picture - np.array(ImageColor.getrgb(colour))).max(axis=2) < 40).sum())


def change(path: str, content: bytes | None) -> None:
    """Other bytes for a file, or none."""
    Path(path).unlink() if content is None else Path(path).write_bytes(content)


class Walk:
    """Follows references of one validation; looks at the first box of each as crop and image."""

    def __init__(self, rest: AsyncClient, panels: dict[str, Any]) -> None:
        self.rest = rest
        self.at = f"{BASE}/model/validate/{panels['validation_id']}"
        self.point = {"confidence": panels["confidence"], "iou": panels["iou"]}
        self.looked: set[str] = set()

    async def boxes(self, reference: str, expected: int) -> list[dict[str, Any]]:
        answer = await self.rest.get(f"http://localhost{self.at}/{reference}")
        found = promised(answer)
        assert found["total"] == expected, reference
        assert len({box["id"] for box in found["boxes"]}) == min(expected, 100)
        if found["boxes"]:
            await self.look(found["boxes"][0])
        return found["boxes"]  # type: ignore[no-any-return]

    async def look(self, box: dict[str, Any]) -> None:
        if box["id"] in self.looked:
            return
        self.looked.add(box["id"])
        label = box["id"].startswith("l")
        colour = (MISSED if label else WRONG) if box["kind"] != "tp" else RIGHT
        crop = pixels(
            await self.rest.get(
                f"http://localhost{self.at}/boxes/{box['id']}/crop",
                params=self.point | {"width": 256},
            )
        )
        assert max(crop.shape[:2]) == 256
        assert lines(crop, colour) > 60
        one = await self.rest.get(
            f"http://localhost{self.at}/images/{box['image']}", params=self.point
        )
        own = promised(one)["ground_truth" if label else "prediction_boxes"]
        assert box["id"] in [each["id"] for each in own]
        picture = f"http://localhost{self.at}/images/{box['image']}/picture"
        drawn = pixels(await self.rest.get(picture, params=self.point | {"overlay": "gt,pred"}))
        bare = pixels(await self.rest.get(picture, params=self.point | {"overlay": "none"}))
        assert drawn.shape == bare.shape
        changed = np.abs(drawn - bare).max(axis=2) > 40
        x1, y1, x2, y2 = (round(each) for each in box["bbox"])
        outline = changed[max(0, y1 - 1) : y2 + 2, max(0, x1 - 1) : x2 + 2]
        assert outline.sum() > (x2 - x1 + y2 - y1) / 2


async def test_every_cell_cause_and_class_leads_to_its_images(rest: AsyncClient) -> None:
    report = await validated(rest)
    at = f"/model/validate/{report['validation_id']}"
    found = promised(await rest.get(f"{at}/panels"))
    assert found["headline"]["precision"] == report["precision"]
    assert found["headline"]["recall"] == report["recall"]
    walk = Walk(rest, found)
    matrix, cells = found["confusion"], 0
    dense = np.array(report["confusion_matrix"]["counts"])
    for row, column, count in matrix["cells"]:
        assert dense[row, column] == count
        cell = matrix["boxes"].replace("{row}", str(row)).replace("{column}", str(column))
        await walk.boxes(cell, count)
        cells += count
    assert cells == dense.sum() > 30
    for name, cause in found["causes"].items():
        assert cause["count"] == report["error_analysis"]["causes"][name]
        await walk.boxes(cause["boxes"], cause["count"])
    for name, row in found["class_metrics"].items():
        for kind, reference in row["boxes"].items():
            assert row[kind] == report["class_metrics"][name][kind]
            await walk.boxes(reference, row[kind])
    assert len(walk.looked) > 15
    table = promised(await rest.get(f"{at}/images", params={"limit": 5}))
    assert table["total"] == 16
    for section in SECTIONS:
        assert promised(await rest.get(f"{at}/{section}")) == report[section]
    [row] = promised(await rest.get("/model/validate"))
    assert row["metrics"]["map50"] == report["map50"]
    assert promised(await rest.get(at))["status"] == "completed"


async def test_what_follows_a_validation_answers_as_promised(rest: AsyncClient) -> None:
    base = (await validated(rest))["validation_id"]
    wait = {"Prefer": "wait=60"}
    chosen = await rest.post("/model/thresholds", json={"validation_id": base}, headers=wait)
    assert set(promised(chosen)["thresholds"]) == set(CLASSES)
    again = await rest.get(f"/model/thresholds/{promised(chosen)['thresholds_id']}")
    assert promised(again)["status"] == "completed"
    kinds = ("confusion_matrix", "pr_curve", "f1_curve", "class_metrics")
    bare = {f"include_{kind}": False for kind in kinds} | {"model_path": WEIGHTS.stem}
    drawn = promised(await rest.post("/model/visualize", json=bare, headers=wait))
    assert drawn["basis"]["validation_id"] == base
    at = f"/model/visualize/{drawn['visualization_id']}"
    assert promised(await rest.get(at))["overall_metrics"] == drawn["overall_metrics"]
    later = {"Prefer": "respond-async"}
    waiting = await rest.post("/model/visualize", json=bare, headers=later)
    assert waiting.status_code == 202
    assert promised(waiting)["status_url"] == waiting.headers["location"]


def say_the_labels(folder: Path) -> Path:
    """Predictions as YOLO txt that repeat the labels of `folder`."""
    said = folder.parent / "said"
    said.mkdir()
    for label in (folder / "labels/val").iterdir():
        lines = [f"{line} 0.9\n" for line in label.read_text().splitlines()]
        (said / label.name).write_text("".join(lines))
    return said


async def test_what_changed_or_was_never_there_is_refused(
    rest: AsyncClient, tmp_path: Path
) -> None:
    said = await asyncio.to_thread(say_the_labels, tmp_path / "set")
    body = {"predictions_path": str(said), "test_dataset_path": "set", "save_plots": False}
    answer = await rest.post("/model/validate", json=body, headers={"Prefer": "wait=60"})
    assert answer.status_code == 200, answer.text
    report = answer.json()
    assert report["recall"] == 1.0
    at = f"/model/validate/{report['validation_id']}"
    picture = f"{at}/images/3/picture"
    first = await rest.get(picture)
    assert first.headers["cache-control"].startswith("private, max-age")
    tag = {"If-None-Match": first.headers["etag"]}
    assert (await rest.get(picture, headers=tag)).status_code == 304
    page = await rest.get(f"{at}/matches", params={"limit": 1})
    assert 'rel="next"' in page.headers["link"]
    one = (await rest.get(f"{at}/images/4")).json()
    change(one["image_path"], b"another image")
    refused = await rest.get(f"{at}/images/4/picture")
    assert (refused.status_code, "changed since" in refused.json()["detail"]) == (409, True)
    change(one["image_path"], None)
    assert (await rest.get(f"{at}/images/4/picture")).status_code == 409
    for path, status in {
        f"{at}/images/99": 404,
        f"{at}/images/99/picture": 404,
        f"{at}/boxes/d999999/crop": 404,
        f"{at}/boxes/x1/crop": 422,
        f"{at}/panels?confidence=7": 422,
        f"{at}/panels?class=zebra": 404,
        f"{at}/horoscope": 404,
        "/model/validate/none/panels": 404,
        f"{picture}?overlay=everything": 422,
    }.items():
        answer = await rest.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (
            status,
            "application/problem+json",
        ), path
