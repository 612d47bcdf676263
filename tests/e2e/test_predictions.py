"""Predictions of any program, judged through REST: the numbers of pycocotools to 1e-9."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import ROOT, Stack
from tests.e2e.coco_sets import SIDE_PX, CocoSet, Row, by_pycocotools, write_set
from tests.unit.services.analyzer.domain.sets import by_hand, drawn

pytestmark = pytest.mark.e2e

SETS = {
    "ordinary": drawn(11, images=40),
    "tied scores": drawn(12, images=40, ties=True),
    "dense": drawn(13, images=5, classes=3, crowd=1200),
    "sparse": drawn(14, images=12, classes=6, crowd=2),
    "last class never predicted": by_hand(
        3,
        ["a", "b", "c"],
        [(i, c, (20 * c, 0, 20 * c + 10, 10)) for i in range(3) for c in range(3)],
        [(i, c, 0.9 - i / 9, (20 * c, 0, 20 * c + 5 + i, 10)) for i in range(3) for c in range(2)],
    ),
}


def _stems(found: CocoSet) -> Any:
    return [row | {"image_id": found.stems[row["image_id"] - 1]} for row in found.rows]


def _paths(found: CocoSet) -> Any:
    return [
        row | {"image_id": f"images/val/{found.stems[row['image_id'] - 1]}.png"}
        for row in found.rows
    ]


def _file_names_beside_ids(found: CocoSet) -> Any:
    return [row | {"file_name": f"{found.stems[row['image_id'] - 1]}.png"} for row in found.rows]


def _index_from_0(found: CocoSet) -> Any:
    return [row | {"image_id": row["image_id"] - 1} for row in found.rows]


def _whole_coco(found: CocoSet) -> Any:
    """A COCO dict whose ids are their own: no rule but its tables explains them."""
    image = {each["id"]: 900 - each["id"] for each in found.truth["images"]}
    kind = {each["id"]: 31 * each["id"] + 5 for each in found.truth["categories"]}
    return {
        "images": [e | {"id": image[e["id"]]} for e in found.truth["images"]],
        "categories": [e | {"id": kind[e["id"]]} for e in found.truth["categories"]],
        "annotations": [
            row | {"image_id": image[row["image_id"]], "category_id": kind[row["category_id"]]}
            for row in found.rows
        ],
    }


CASES: list[tuple[str, int, str, Callable[[CocoSet], Any]]] = [
    ("ordinary", 1, "shop_{:04d}", lambda found: found.rows),
    ("ordinary", 0, "shop_{:04d}", _index_from_0),
    ("tied scores", 1, "a-{}", _stems),
    ("tied scores", 0, "{:06d}", _paths),
    ("tied scores", 0, "{}", _file_names_beside_ids),
    ("dense", 1, "photo {}", lambda found: found.rows),
    ("sparse", 1, "{}", _index_from_0),
    ("tied scores", 1, "x{:03d}", _whole_coco),
    ("last class never predicted", 1, "x{}", lambda found: found.rows),
]


@pytest.mark.parametrize(("name", "base", "stem", "form"), CASES)
def test_numbers_are_those_of_pycocotools_however_images_and_classes_are_named(
    name: str,
    base: int,
    stem: str,
    form: Callable[[CocoSet], Any],
    stack: Stack,
    http: httpx.Client,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("set", numbered=True).name
    found = write_set(stack.home.parent / folder, SETS[name], base=base, stem=stem)
    path = found.folder / "predictions.json"
    path.write_text(json.dumps(form(found)))
    report = _judged(http, path, found.folder)
    _assert_equal(report, by_pycocotools(*_expected(found, form)))
    assert report["total_images"] == SETS[name].images
    assert report["protocol"].startswith("predictions as given")
    assert any(note.startswith("image_id ") for note in report["notes"])


def _expected(found: CocoSet, form: Callable[[CocoSet], Any]) -> tuple[dict[str, Any], list[Row]]:
    """Truth and rows for the reference, with the ids that the file has."""

    def formed(rows: list[Row]) -> tuple[Any, list[Row]]:
        made = form(replace(found, rows=rows))
        return made, made["annotations"] if isinstance(made, dict) else made

    kind = found.truth["categories"][0]["id"]
    one_each = [{"image_id": each["id"], "category_id": kind} for each in found.truth["images"]]
    made, images = formed(one_each)
    return {
        "images": [{"id": row["image_id"]} for row in images],
        "categories": made["categories"] if isinstance(made, dict) else found.truth["categories"],
        "annotations": formed(found.truth["annotations"])[1],
    }, formed(found.rows)[1]


def _judged(http: httpx.Client, path: Path, dataset: Path, **more: Any) -> dict[str, Any]:
    body = {"predictions_path": str(path), "test_dataset_path": str(dataset)} | more
    answer = http.post("/model/validate", json=body)
    assert answer.status_code == 200, answer.text
    report: dict[str, Any] = answer.json()
    return report


def _assert_equal(report: dict[str, Any], expected: dict[str, float]) -> None:
    for key, value in expected.items():
        assert report[key] == pytest.approx(value, abs=1e-9), key


def test_a_folder_of_yolo_txt_with_confidences_is_judged_too(
    stack: Stack, http: httpx.Client
) -> None:
    found = write_set(stack.home.parent / "as-txt", SETS["tied scores"], base=0)
    folder = found.folder / "labels-predicted"
    folder.mkdir()
    lines: dict[str, list[str]] = {}
    for row in found.rows:
        x, y, w, h = row["bbox"]
        shares = [(x + w / 2) / SIDE_PX, (y + h / 2) / SIDE_PX, w / SIDE_PX, h / SIDE_PX]
        name = found.stems[row["image_id"] - 1]
        lines.setdefault(name, []).append(
            " ".join(map(repr, [row["category_id"], *shares, row["score"]]))
        )
    for name, own in lines.items():
        (folder / f"{name}.txt").write_text("\n".join(own))
    report = _judged(http, folder, found.folder)
    _assert_equal(report, by_pycocotools(found.truth, found.rows))


def test_our_own_predictions_are_judged_again_with_the_same_numbers(
    stack: Stack, http: httpx.Client
) -> None:
    found = write_set(stack.home.parent / "again", SETS["ordinary"])
    path = found.folder / "predictions.json"
    path.write_text(json.dumps(found.rows))
    first = _judged(http, path, found.folder)
    again = _judged(http, Path(first["artifacts"]["predictions.json"]), found.folder)
    assert again["map50_95"] == first["map50_95"]
    assert again["class_metrics"] == first["class_metrics"]


FEW = by_hand(
    4,
    ["a", "b", "c"],
    [(i, c, (40 * c, 10 * i, 40 * c + 30, 10 * i + 30)) for i in range(4) for c in range(3)],
    [(i, c, 0.9, (40 * c, 10 * i, 40 * c + 30, 10 * i + 30)) for i in range(4) for c in range(3)],
)
GOOD: Row = {"image_id": 1, "category_id": 1, "bbox": [1, 2, 30, 40], "score": 0.5}
NAMED: Row = GOOD | {"image_id": "shop_0001"}
BAD: dict[str, tuple[str, str, str]] = {
    "no json": ("[{", "predictions_unreadable", "not JSON"),
    "nan": ('[{"image_id": 1, "score": NaN}]', "predictions_unreadable", "NaN"),
    "depth bomb": ("[" * 5000 + "]" * 5000, "predictions_unreadable", "not JSON"),
    "no list": ('{"a": 1}', "predictions_unreadable", "list of predictions"),
    "no score": (json.dumps([GOOD | {"score": None}]), "bad_predictions", "1 with no score"),
    "negative size": (
        json.dumps([GOOD, GOOD | {"bbox": [1, 1, -2, 3]}]),
        "bad_predictions",
        "1 with a bbox with a negative size (first: row 2",
    ),
    "infinite": (json.dumps([GOOD]).replace("30", "1e999"), "", ""),
    "score over 1": (json.dumps([GOOD | {"score": 50}] * 2), "bad_predictions", "2 with a score"),
    "shares": (
        json.dumps([GOOD | {"bbox": [0.1, 0.2, 0.3, 0.4]}]),
        "bad_predictions",
        "in pixels of the original image",
    ),
    "other images": (json.dumps([GOOD | {"image_id": "nowhere"}]), "unknown_ids", "image_id"),
    "other classes": (json.dumps([NAMED | {"category_id": "dog"}]), "unknown_ids", "category_id"),
    "could be two images": (
        json.dumps([GOOD | {"image_id": 2, "bbox": [200, 200, 9, 9]}]),
        "ambiguous_ids",
        "set image_ids",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_in_one_way_is_refused_with_a_sentence(
    name: str, stack: Stack, http: httpx.Client
) -> None:
    text, code, says = BAD[name]
    folder = stack.home.parent / "few"
    if not folder.exists():
        write_set(folder, FEW)
    path = folder / f"{name.replace(' ', '-')}.json"
    path.write_text(text)
    body = {"predictions_path": str(path), "test_dataset_path": str(folder)}
    answer = http.post("/model/validate", json=body)
    assert answer.status_code == 422, answer.text
    assert code in answer.text
    assert says in answer.json()["detail"]


def test_a_model_that_found_nothing_has_no_precision_worth_the_name_and_no_error(
    stack: Stack, http: httpx.Client
) -> None:
    folder = stack.home.parent / "nothing-found"
    write_set(folder, FEW)
    (folder / "none.json").write_text("[]")
    (folder / "texts").mkdir()
    (folder / "texts/shop_0001.txt").touch()
    for path in (folder / "none.json", folder / "texts"):
        report = _judged(http, path, folder)
        assert (report["map50"], report["map50_95"], report["recall"]) == (0, 0, 0)
        assert report["total_images"] == 4


def test_what_is_ambiguous_is_judged_once_the_request_says_what_is_meant(
    stack: Stack, http: httpx.Client
) -> None:
    folder = stack.home.parent / "said"
    write_set(folder, FEW)
    path = folder / "one.json"
    path.write_text(json.dumps([GOOD | {"bbox": [80, 10, 30, 30], "image_id": 1}]))
    said = _judged(http, path, folder, image_ids="index0", category_base=1)
    assert said["class_metrics"]["a"]["fp"] == 1
    said = _judged(http, path, folder, image_ids="index0", category_base=0)
    assert said["class_metrics"]["b"]["fp"] == 1


def test_rows_of_unknown_images_and_classes_are_counted_never_dropped_in_silence(
    stack: Stack, http: httpx.Client
) -> None:
    found = write_set(stack.home.parent / "strays", FEW, stem="x{}")
    stray = {"bbox": [1, 2, 3, 4], "score": 0.9}
    rows = [
        *_stems(found),
        stray | {"image_id": "elsewhere", "category_id": 1},
        stray | {"image_id": "x1", "category_id": 77},
        stray | {"image_id": "x2", "category_id": 77},
    ]
    path = found.folder / "p.json"
    path.write_text(json.dumps(rows))
    report = _judged(http, path, found.folder)
    assert report["map50"] == pytest.approx(1.0)
    messages = [each["message"] for each in report["findings"]]
    assert messages == [
        "1 predictions are not judged: their image is not in the val split (elsewhere)",
        "2 predictions are not judged: their class is not in the dataset's classes (77)",
    ]


def test_a_request_names_a_model_or_predictions_and_stays_inside_the_roots(
    stack: Stack, http: httpx.Client, tmp_path: Path
) -> None:
    folder = stack.home.parent / "one-of-two"
    write_set(folder, FEW)
    (tmp_path / "p.json").write_text("[]")
    both = {"model_path": "shirushi-logo-n", "predictions_path": str(folder)}
    for body, status in (
        (both, 422),
        ({}, 422),
        ({"predictions_path": str(tmp_path / "p.json")}, 404),
        ({"predictions_path": str(folder / "data.yaml")}, 422),
        ({"predictions_path": "validations/nothing/predictions.json"}, 404),
        ({"predictions_path": "validations/../secrets.json"}, 422),
    ):
        answer = http.post("/model/validate", json=body | {"test_dataset_path": str(folder)})
        assert answer.status_code == status, (body, answer.text)


def test_the_command_line_judges_predictions(stack: Stack) -> None:
    found = write_set(stack.home.parent / "by-command", FEW)
    path = found.folder / "p.json"
    path.write_text(json.dumps(found.rows))
    words = ["evaluate", "--predictions", str(path), str(found.folder), "--json"]
    said = subprocess.run(
        [sys.executable, "-m", "libs.client.cli", *words, "--url", stack.url],
        cwd=ROOT,
        capture_output=True,
        timeout=60,
        text=True,
        check=True,
    )
    report = json.loads(said.stdout)
    assert (report["model_path"], report["predictions_path"]) == (None, str(path))
    assert report["map50_95"] == pytest.approx(1.0)
