"""Versions of datasets through a whole stack: planted defects, fixes, undo, edits, command line."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from libs.client.cli import main
from tests.answers import promised
from tests.conftest import Stack
from tests.integration.test_dataset_versions import AUTO, plant
from tests.unit.services.dataset.conftest import make_dataset, tree_hash

pytestmark = pytest.mark.e2e

Shell = Callable[..., Any]


@pytest.fixture
def shirushi(stack: Stack, capsys: pytest.CaptureFixture[str]) -> Shell:
    """`shirushi("dataset", "versions", "x")` -> its JSON; checks the exit code."""

    def run(*words: str, code: int = 0, plain: bool = False) -> Any:
        given = [*words, "--url", stack.url, *([] if plain else ["--json"])]
        assert main(given) == code, capsys.readouterr()
        said = capsys.readouterr().out
        return said if plain else json.loads(said) if said else None

    return run


@pytest.fixture
def folder(stack: Stack, request: pytest.FixtureRequest) -> Path:
    """A place under the stack's roots, of this test alone."""
    return stack.home.parent / str(request.node.name)[:40]


def manifest_of(http: httpx.Client, name: str) -> tuple[Any, Any]:
    answer = http.get(f"/datasets/{name}").json()
    manifest = http.get(f"/artifacts/{answer['path']}").json()
    return manifest["classes"], manifest["files"]


def test_planted_defects_are_found_previewed_mended_and_undone(
    http: httpx.Client, folder: Path
) -> None:
    root = plant(folder / "mend-me")
    before = tree_hash(root)
    checked = promised(http.post("/dataset/validate", json={"dataset_path": str(root)}))
    assert set(checked["summary"]) >= AUTO
    url = f"/dataset/validate/{checked['validation_id']}/fix"
    preview = promised(http.post(url, json={"dry_run": True}))
    assert (preview["dry_run"], preview["diff"]["unfixed"]) == (True, [])
    assert "mend-me" not in {each["name"] for each in promised(http.get("/datasets"))}
    mended = promised(http.post(url, json={}))
    assert (mended["name"], mended["version"], mended["parent"]) == ("mend-me", "v2", "v1")
    assert mended["changes"] == preview["changes"]
    assert mended["diff"]["changed"] == preview["diff"]["changed"]
    again = http.post("/dataset/validate", json={"dataset_path": "mend-me"}).json()
    assert again["valid"]
    assert not AUTO & set(again["summary"])
    first = manifest_of(http, "mend-me@v1")
    restored = promised(http.post("/datasets/mend-me/restore", json={"version": "v1"}))
    assert (restored["version"], restored["parent"]) == ("v3", "v2")
    assert manifest_of(http, "mend-me") == first
    assert tree_hash(root) == before
    shown = promised(http.get("/datasets/mend-me"))
    assert shown["versions"] == ["v1", "v2", "v3"]
    assert [each["operation"] for each in shown["history"]] == ["restore", "fix", "import"]
    assert shown["last_validation"]["version"] == "v2"
    diff = promised(http.get("/datasets/mend-me/diff", params={"from": "v1", "to": "v3"}))
    assert diff["changed_total"] == 0
    pages = [
        http.get(f"/dataset/edits/{mended['id']}/changes", params={"offset": n, "limit": 5}).json()[
            "changed"
        ]
        for n in (0, 5)
    ]
    assert pages[0] + pages[1] == mended["diff"]["changed"][:10]


def test_an_edit_names_the_version_it_was_made_from(http: httpx.Client, folder: Path) -> None:
    make_dataset(folder / "race", train=4, val=2)
    http.post("/dataset/import", json={"source": str(folder / "race"), "dataset_name": "race"})
    rename = {"op": "rename_class", "class": "cup", "to": "mug"}
    body = {"dataset_path": "race@v1", "steps": [rename]}
    first = http.post("/dataset/edit", json=body)
    assert first.json()["version"] == "v2"
    late = http.post("/dataset/edit", json=body)
    assert late.status_code == 409
    assert "v2" in late.json()["detail"]
    told = http.post("/dataset/edit", json=body | {"allow_older": True}).json()
    assert (told["version"], told["parent"]) == ("v3", "v1")
    keys = {"Idempotency-Key": "one-and-the-same"}
    drop = {"dataset_path": "race@v3", "steps": [{"op": "drop", "images": ["train00.jpg"]}]}
    answers = [http.post("/dataset/edit", json=drop, headers=keys).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert http.get("/datasets/race/versions").json()[0]["version"] == "v4"
    for text, status in (("race@v9", 404), ("race@v4", 200)):
        assert http.get(f"/datasets/{text}").status_code == status
        answer = http.post("/dataset/validate", json={"dataset_path": text, "mode": "fast"})
        assert answer.status_code == status
    for path, sent, code in (
        ("/dataset/edit", {"dataset_path": "race", "steps": []}, 422),
        ("/dataset/edit", {"dataset_path": "race", "steps": [{"op": "burn"}]}, 422),
        ("/dataset/edit", {"dataset_path": "race", "steps": [rename | {"x": 1}]}, 422),
        ("/datasets/race/restore", {"version": "v99"}, 404),
        ("/datasets/race/collect", {}, 422),
        ("/dataset/validate/nothing/fix", {}, 404),
    ):
        assert http.post(path, json=sent).status_code == code, (path, sent)


def test_the_command_line_does_all_of_it(shirushi: Shell, folder: Path, tmp_path: Path) -> None:
    root = make_dataset(folder / "by-hand", train=12, val=4)
    preview = shirushi("dataset", "import", str(root), "by-hand", "--dry-run")
    assert preview["dry_run"]
    assert shirushi("dataset", "import", str(root), "by-hand")["version"] == "v1"
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        for path in sorted(root.rglob("*.*"))[:-1]:
            archive.write(path, path.relative_to(root))
    assert shirushi("dataset", "import", str(tmp_path / "more.zip"), "by-hand")["version"] == "v2"
    split = shirushi("dataset", "split", "by-hand", "--train", "0.5", "--val", "0.25",
                     "--test", "0.25", "--seed", "4")  # fmt: skip
    assert split["counts"] == {"train": 8, "val": 4, "test": 4}
    steps = json.dumps([{"op": "merge_classes", "classes": ["bag"], "into": "cup"}])
    said = shirushi("dataset", "edit", "by-hand", steps, "--dry-run", plain=True)
    assert "nothing was" in said
    assert shirushi("dataset", "edit", "by-hand", steps)["classes"] == ["cup"]
    assert shirushi("dataset", "diff", "by-hand", "v3", "v4")["labels"]["changed"] == 15
    assert shirushi("dataset", "restore", "by-hand", "v1")["counts"] == {"train": 12, "val": 4}
    versions = shirushi("dataset", "versions", "by-hand")
    assert [each["version"] for each in versions] == ["v5", "v4", "v3", "v2", "v1"]
    assert "images moved" in shirushi("dataset", "versions", "by-hand", plain=True)
    shirushi("dataset", "delete", "by-hand", code=1, plain=True)
    shirushi("dataset", "delete", "by-hand", "--yes")
    assert shirushi("dataset", "collect", "by-hand", "--yes")["files"] > 16
    shirushi("dataset", "versions", "by-hand", code=1)
    check = shirushi("validate", str(root))
    shirushi("dataset", "fix", check["validation_id"], code=1)
