"""Jobs of every kind, asked for by REST until they are accepted, and readers of the socket."""

import asyncio
import hashlib
import json
import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import websockets
from websockets.exceptions import WebSocketException

from libs.synthetic import DatasetSpec, write_dataset
from tests.conftest import ROOT

BASE = "/api/v1/ml"
RETRY_S = 0.3
LONG = 12
"""Epochs of a training that a fault is to meet."""
MODEL = "shirushi-logo-n"
TRAINING = {
    "mode": "full", "model_architecture": "yolov8n", "imgsz": 32, "batch_size": 4, "device": "cpu",
    "project_name": "chaos",
}  # fmt: skip
CARD = json.loads((ROOT / f"weights/{MODEL}.json").read_text())
TINY = DatasetSpec(
    classes=tuple(CARD["dataset"]["spec"]["classes"]),
    counts={"train": 6, "val": 4, "test": 4},
    size=64,
    seed=3,
    empty_share=0.25,
    logo_share=(0.3, 0.6),
)


def job_id(route: str, key: str) -> str:
    """As the gateway makes it of the idempotency key."""
    return hashlib.sha256(f"{BASE}{route}\n{key}".encode()).hexdigest()[:32]


@dataclass
class Asker:
    """Asks for jobs, each with a key of its own, so that asking again is asking once."""

    url: str
    folder: Path
    seed: int
    accepted: dict[str, str] = field(default_factory=dict)
    """Kind by job id."""
    refused: Counter[str] = field(default_factory=Counter)
    forgotten: list[str] = field(default_factory=list)
    """Answers "not found" about what is there."""
    asking: set[str] = field(default_factory=set)
    """What is not answered yet."""
    validations: list[str] = field(default_factory=list)
    numbers: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.client = httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=20.0)
        self.rng = random.Random(self.seed)  # noqa: S311
        self.dataset = str(write_dataset(self.folder / "tiny", TINY).folder)

    async def aclose(self) -> None:
        """Ask nothing more."""
        await self.client.aclose()

    async def prepare(self) -> None:
        """In calm weather: two judgements of the same images, and a registered dataset."""
        for number in (1, 2):  # a broken build may not answer; that is in `forgotten`
            await self._post("/model/validate", self._judge("val"), wait=60)
            self.validations.append(job_id("/model/validate", f"{self.seed}-{number}"))
        await self._post("/dataset/import", self._import("base"), wait=60)

    async def ask(self, kind: str) -> None:
        """One job of `kind`, and what goes with it."""
        if kind.startswith("train"):
            await self._train(kind)
            return
        name = f"n{self.rng.randrange(10**9)}"
        cancelled, kind = kind.endswith("_cancelled"), kind.removesuffix("_cancelled")
        if kind == "remove":
            made = await self._post("/dataset/import", self._import(name), wait=30)
            if made.get("status") == "completed":
                await self._post(f"/datasets/{name}?confirm=true", None, method="DELETE")
            return
        route, body = {
            "check": ("/dataset/validate", {"dataset_path": self.dataset}),
            "import": ("/dataset/import", self._import(name)),
            "split": ("/dataset/split", {"dataset_path": "base", "allow_older": True}),
            "judge": ("/model/validate", self._judge("test")),
            "draw": ("/model/visualize", {"model_path": MODEL}),
            "thresholds": ("/model/thresholds", {"validation_id": self.validations[0]}),
            "compare": (
                "/model/compare",
                {
                    "base": self.validations[0],
                    "candidates": self.validations[1:2],
                    "resamples": 100,
                },
            ),
            "preview": ("/dataset/split", {"dataset_path": "base", "dry_run": True}),
            "delete_class": (
                "/dataset/delete-class",
                {"dataset_path": "base@v1", "class_id": 0, "allow_older": True},
            ),
            "restore": ("/datasets/base/restore", {"version": "v1"}),
            "collect": ("/datasets/base/collect", {"confirm": True}),
            "explain": ("/model/explain", {"validation_id": self.validations[0], "box": "l0"}),
        }[kind]
        told = await self._post(route, body)
        if cancelled and "id" in told:
            await asyncio.sleep(self.rng.uniform(0, 2))
            area = "dataset" if route.startswith("/dataset/") else "model"
            await self._post(f"/{area}/cancel/{told['id']}", None)

    async def _train(self, kind: str) -> None:
        epochs = LONG if kind == "train_long" else self.rng.randint(2, 4)
        name = f"r{self.rng.randrange(10**9)}"
        body = TRAINING | {"dataset_path": self.dataset, "epochs": epochs, "experiment_name": name}
        body["auto_validate"] = self.rng.random() < 0.5
        told = await self._post("/training/start", body)
        training = told.get("training_id")
        if training is None or kind in ("train", "train_long"):
            return
        await asyncio.sleep(self.rng.uniform(0.5, 8))
        if kind == "train_paused":
            await self._post(f"/training/pause/{training}", None)
            await asyncio.sleep(self.rng.uniform(0.5, 4))
            await self._post(f"/training/resume/{training}", None)
            return
        keep = "true" if kind == "train_kept" else "false"
        await self._post(f"/training/cancel/{training}?keep={keep}", None)

    async def _post(
        self,
        route: str,
        body: dict[str, Any] | None,
        *,
        wait: int = 0,
        method: str = "POST",
    ) -> dict[str, Any]:
        """Until it is answered with yes or no."""
        self.numbers[route] += 1
        key = f"{self.seed}-{self.numbers[route]}"
        asked = f"{route} {key}"
        self.asking.add(asked)
        try:
            return await self._until_answered(method, route, key, body, wait)
        finally:
            self.asking.discard(asked)

    async def _until_answered(
        self, method: str, route: str, key: str, body: dict[str, Any] | None, wait: int
    ) -> dict[str, Any]:
        prefer = f"wait={wait}" if wait else "respond-async"
        headers = {"Idempotency-Key": key, "Prefer": prefer}
        while True:
            try:
                answer = await self.client.request(method, route, json=body, headers=headers)
            except httpx.HTTPError:
                await asyncio.sleep(RETRY_S)
                continue
            if answer.status_code >= 500 or answer.status_code == 429:
                await asyncio.sleep(RETRY_S)
                continue
            if answer.status_code == 404:  # everything that is asked for was made before
                self.forgotten.append(f"{route} {key}: {answer.text[:200]}")
            if answer.status_code >= 400:
                self.refused[f"{route} {answer.status_code} {answer.text[:160]}"] += 1
                return {}
            told: dict[str, Any] = answer.json()
            if (ours := job_id(route.partition("?")[0], key)) in told.values():
                self.accepted[ours] = route
            return told

    def _judge(self, split: str) -> dict[str, Any]:
        return {
            "model_path": MODEL, "test_dataset_path": self.dataset, "split": split, "imgsz": 64,
            "device": "cpu",
        }  # fmt: skip

    def _import(self, name: str) -> dict[str, Any]:
        return {"source": self.dataset, "dataset_name": name}


@dataclass
class Reader:
    """A client of the socket that comes back where it was, as the page does."""

    url: str
    began: int
    seen: list[int] = field(default_factory=list)
    links: int = 0

    async def read(self) -> None:
        """For ever."""
        while True:
            after = self.seen[-1] if self.seen else self.began
            address = f"{self.url.replace('http', 'ws', 1)}/ws?after={after}"
            with suppress(OSError, WebSocketException, TimeoutError, EOFError):
                async with websockets.connect(address, proxy=None, open_timeout=5) as socket:
                    self.links += 1
                    async for text in socket:
                        frame = json.loads(text)
                        if seq := frame.get("seq"):
                            self.seen.append(int(seq))
            await asyncio.sleep(RETRY_S)
