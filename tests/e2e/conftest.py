"""A real browser for the tests of the page, and a stack in which there is something to see."""

import io
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

from tests.conftest import ROOT, Stack, wait_until
from tests.e2e.tiny import QUICK, TRAINED_S, WEIGHTS, tiny_dataset

SHOTS = ROOT / "test-artifacts" / "pages"

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 20_000
EPOCHS = 4
"""Of the training that there is to be looked at."""
expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Watched:
    """A page, what it asked for over HTTP, and what it complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("request", self._asked)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _asked(self, request: Request) -> None:
        self.requests.append(f"{request.method} {request.url}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Chromium as the system package brings it; a machine without it has not tested the page."""
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("no chromium on this machine: install the package `chromium`")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    """A fresh page in English on a desktop-sized screen."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    yield Watched(context.new_page())
    context.close()


def shot(page: Page, name: str) -> None:
    """Keep how the page looks now, to be looked at; nothing may be wider than the screen."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width, name


@dataclass(frozen=True)
class Filled:
    """What is in the shared stack to be looked at: one of each."""

    dataset: Path
    upload: str
    training: str
    model: str
    validation: str
    check: str
    registered: str


def zipped(folder: Path) -> bytes:
    """A folder as an archive, as somebody uploads it."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder).as_posix())
    return held.getvalue()


@pytest.fixture(scope="session")
def filled(stack: Stack) -> Filled:
    """Weights from outside, a model that was trained on from them, its judgement, a checked set."""
    dataset = tiny_dataset(stack)
    base = f"{stack.url}/api/v1/ml"
    with httpx.Client(base_url=base, timeout=90.0, trust_env=False) as http:

        def posted(path: str, **body: Any) -> Any:
            answer = http.post(path, json=body, headers={"Prefer": "wait=60"})
            assert answer.status_code == 200, answer.text
            return answer.json()

        with WEIGHTS.open("rb") as weights:
            upload = {"params": {"model_name": "partner"}, "files": {"file": weights}}
            http.post("/upload/model", **upload).raise_for_status()  # type: ignore[arg-type]
        fields = {"mode": "transfer", "base_model_path": "partner", "experiment_name": "seen"}
        begun = posted(
            "/training/start", dataset_path=str(dataset), epochs=EPOCHS, **fields, **dict(QUICK)
        )
        packed = zipped(dataset)
        name = {"dataset_name": "registered"}
        http.post("/upload/dataset", params=name, files={"file": packed}).raise_for_status()
        check = posted("/dataset/validate", dataset_path=str(dataset))
        training = begun["training_id"]
        wait_until(
            lambda: http.get(f"/training/status/{training}").json()["status"] == "completed",
            "a training of a few epochs ends",
            TRAINED_S,
        )
        judged = posted("/model/validate", model_path=training, test_dataset_path=str(dataset))
    return Filled(
        dataset=dataset,
        upload="partner",
        training=training,
        model=f"{begun['project_name']}/{begun['experiment_name']}",
        validation=judged["validation_id"],
        check=check["validation_id"],
        registered="registered",
    )
