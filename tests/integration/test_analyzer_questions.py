"""Questions about a stored validation, over a real bus and a real store."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from libs.common.asks import answer_questions, ask
from libs.common.errors import BadInput, Conflict, NotFound
from libs.common.events import AnalysisRequested, DatasetRef, ModelRef, ModelValidated
from libs.common.service import Deps
from services.analyzer.domain.report import analyse, match_columns
from services.analyzer.parquet import Image, write_matches
from services.analyzer.questions import analysis_questions
from tests.unit.services.analyzer.domain.sets import drawn


async def store_validation(deps: Deps, folder: Path, *, job_id: str = "v1") -> None:
    """What a validation leaves in log and store, of boxes drawn from a seed."""
    data = drawn(5)
    images = tuple(Image(f"/set/{number}.png", 320, 320) for number in range(data.images))
    columns = match_columns(analyse(data, confidence=0.25, match_iou=0.5))
    write_matches(data, images, columns, folder / "matches.parquet")
    key = f"validations/{job_id}/matches.parquet"
    boxes = await deps.artifacts.put_file(key, folder / "matches.parquet")
    report = await deps.artifacts.put_bytes(f"validations/{job_id}/report.json", b"{}")
    await deps.bus.publish(
        AnalysisRequested(
            job_id=job_id,
            operation="validate",
            model=ModelRef(name="m", path="/m.pt"),
            dataset=DatasetRef(name="set", path="/set"),
        )
    )
    await deps.bus.publish(
        ModelValidated(
            job_id=job_id,
            attempt=1,
            prefix=f"validations/{job_id}",
            metrics={},
            total_images=data.images,
            seconds=1,
            report=report,
            artifacts={"matches.parquet": boxes},
        )
    )


@pytest.fixture
async def answering(deps: Deps, tmp_path: Path) -> AsyncIterator[Deps]:
    """An analyzer that answers questions about the validation `v1`."""
    await store_validation(deps, tmp_path)
    questions = analysis_questions(deps)
    task = asyncio.create_task(answer_questions(deps.bus, "analysis", questions))
    await deps.bus.nc.flush()
    yield deps
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def asked(deps: Deps, question: str, **fields: Any) -> dict[str, Any]:
    fields = {"validation_id": "v1"} | fields
    answer: dict[str, Any] = orjson.loads(await ask(deps.bus, "analysis", question, fields))
    return answer


async def test_pages_of_boxes_add_up_to_the_panel(answering: Deps) -> None:
    found = await asked(answering, "panels", confidence=0.1, iou=0.6)
    seen: list[str] = []
    cursor: int | None = 0
    while cursor is not None:
        page = await asked(
            answering, "matches", confidence=0.1, iou=0.6, kind="fp", limit=50, cursor=cursor
        )
        seen += [box["id"] for box in page["boxes"]]
        cursor = page["next_cursor"]
    assert len(seen) == len(set(seen)) == found["headline"]["fp"] > 50
    [row, column, count] = found["confusion"]["cells"][0]
    names = found["confusion"]["names"]
    cell = {"row": names[row], "column": str(column), "confidence": 0.1, "iou": 0.6}
    assert (await asked(answering, "confusion", **cell))["total"] == count


async def test_images_and_one_of_them(answering: Deps) -> None:
    table = await asked(answering, "images", limit=3)
    assert table["total"] == 60
    worst = table["images"][0]
    one = await asked(answering, "image", image=worst["image"])
    assert one["image_path"] == worst["image_path"] == f"/set/{worst['image']}.png"
    assert len(one["ground_truth"]) == worst["labels"]
    assert sum(box["kind"] == "fp" for box in one["prediction_boxes"]) == worst["fp"]


async def test_a_question_that_cannot_be_answered_gets_a_sentence(answering: Deps) -> None:
    refused: list[tuple[type[Exception], str, dict[str, Any]]] = [
        (NotFound, "panels", {"validation_id": "none"}),
        (NotFound, "matches", {"class": "zebra"}),
        (NotFound, "matches", {"image": 60}),
        (NotFound, "image", {"image": 60}),
        (BadInput, "panels", {"validation_id": "*"}),
        (BadInput, "crop", {"validation_id": ">", "box": "d1"}),
        (NotFound, "crop", {"box": "l99999"}),
        (BadInput, "crop", {"box": "../x"}),
        (Conflict, "crop", {"box": "d1"}),
        (BadInput, "picture", {"image": 1, "width": 100_000}),
        (BadInput, "panels", {"confidence": 2}),
        (BadInput, "panels", {"iou": 0.05}),
        (BadInput, "matches", {"cause": "bad luck"}),
        (BadInput, "matches", {"limit": 501}),
        (BadInput, "confusion", {"row": "zebra", "column": "a"}),
        (BadInput, "confusion", {"row": "a"}),
    ]
    for kind, question, fields in refused:
        with pytest.raises(kind):
            await asked(answering, question, **fields)
    request = AnalysisRequested(
        job_id="v2", operation="validate", model=ModelRef(name="m", path="/m.pt")
    )
    await answering.bus.publish(request)
    with pytest.raises(Conflict, match="queued"):
        await asked(answering, "panels", validation_id="v2")
