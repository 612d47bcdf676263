"""Thresholds per class from stored validations, over a real bus and a real store."""

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

from libs.common.events import (
    AnalysisFailed,
    AnalysisRequested,
    Event,
    ModelRef,
    ModelValidated,
    ThresholdsChosen,
)
from libs.common.service import Deps
from libs.common.subjects import ANALYZER
from libs.common.work import run_jobs
from services.analyzer.domain.evidence import Evidence
from services.analyzer.handlers import analyse_model
from services.analyzer.parquet import Image, write_matches
from tests.unit.services.analyzer.domain.sets import drawn

END_S = 30.0
MODEL = ModelRef(name="m", path="/m.pt", sha256="a" * 64)


async def store(deps: Deps, folder: Path, job_id: str, data: Evidence, split: str) -> None:
    """What a validation leaves in log and store."""
    images = tuple(Image(f"/{split}/{number}.png", 320, 320) for number in range(data.images))
    write_matches(data, images, {}, folder / "matches.parquet")
    boxes = await deps.artifacts.put_file(
        f"validations/{job_id}/matches.parquet", folder / "matches.parquet"
    )
    info = {"name": "m", "sha256": "b" * 64 if job_id == "other" else "a" * 64, "training_id": None}
    body = json.dumps({"model_info": info, "split": split}).encode()
    report = await deps.artifacts.put_bytes(f"validations/{job_id}/report.json", body)
    options = {"split": split}
    await deps.bus.publish(
        AnalysisRequested(job_id=job_id, operation="validate", model=MODEL, options=options)
    )
    await deps.bus.publish(
        ModelValidated(
            job_id=job_id,
            attempt=99,
            prefix=f"validations/{job_id}",
            metrics={},
            total_images=data.images,
            seconds=1,
            report=report,
            artifacts={"matches.parquet": boxes},
        )
    )


async def choose(deps: Deps, job_id: str, **options: Any) -> Event:
    await deps.bus.publish(
        AnalysisRequested(job_id=job_id, operation="thresholds", model=MODEL, options=options)
    )
    async with asyncio.timeout(END_S):
        async for record in deps.bus.replay(f"evt.analysis.*.v1.{job_id}"):
            if record.event.terminal:
                return record.event
    raise AssertionError("the log ended")


async def test_thresholds_are_chosen_on_val_and_told_on_test_with_the_models_hash(
    deps: Deps, tmp_path: Path
) -> None:
    await store(deps, tmp_path, "val", drawn(1, images=90), "val")
    await store(deps, tmp_path, "test", drawn(2, images=80), "test")
    await store(deps, tmp_path, "other", drawn(2, images=80), "test")
    task = asyncio.create_task(run_jobs(deps, ANALYZER, analyse_model))
    event = await choose(
        deps,
        "t1",
        validation_id="val",
        test_validation_id="test",
        target={"kind": "false_alarms", "value": 100},
    )
    assert isinstance(event, ThresholdsChosen)
    report = json.loads(await deps.artifacts.get_bytes(event.report.key))
    assert event.report.key.endswith("/thresholds.json")
    assert event.model_sha256 == report["model"]["sha256"] == "a" * 64
    assert event.thresholds == report["thresholds"]
    assert (report["chosen_on"]["split"], report["measured_on"]["split"]) == ("val", "test")
    assert report["images"]["measured_on"]["images"] == 80
    for row in report["per_class"]:
        assert row["chosen_on"]["false_alarms_per_1000"] <= 100 or row["from"] != "its own boxes"
    assert {row["measured_on"]["false_alarms_per_1000"] for row in report["per_class"]} != {
        row["chosen_on"]["false_alarms_per_1000"] for row in report["per_class"]
    }

    halved = await choose(deps, "t2", validation_id="val")
    assert isinstance(halved, ThresholdsChosen)
    report = json.loads(await deps.artifacts.get_bytes(halved.report.key))
    assert [each["images"] for each in report["images"].values()] == [45, 45]
    assert "half" in report["chosen_on"]["images"]

    refused = await choose(deps, "t3", validation_id="val", test_validation_id="other")
    assert isinstance(refused, AnalysisFailed)
    assert refused.error_code == "models_differ"
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
