"""What a validation stores beside its report: each part goes up while the next is made."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from libs.common.events import Artifact
from libs.common.service import Deps
from services.analyzer import outputs
from services.analyzer.diagrams import draw_into
from services.analyzer.domain import per_image, report
from services.analyzer.judging import Judged
from services.analyzer.options import ValidateOptions
from services.analyzer.parquet import write_matches
from services.analyzer.plots.catalogue import Diagram
from services.analyzer.samples import draw_samples

SHEETS_AT_ONCE = 2
"""Causes that are drawn at a time: each holds a decoded image."""
SAMPLES = "error_samples"

Stored = dict[str, Artifact]


async def store_evidence(
    deps: Deps,
    prefix: str,
    out: Path,
    judged: Judged,
    options: ValidateOptions,
    wanted: Iterable[tuple[Diagram, Any, str]],
) -> tuple[Stored, list[dict[str, str]]]:
    """Write and store boxes, predictions, sample sheets and diagrams.

    Args:
        deps: with the store.
        prefix: of the keys.
        out: a folder for the files.
        judged: what was found.
        options: what is asked for.
        wanted: diagrams, see `draw_into`.

    Returns:
        What is stored, by name; name and reason of each diagram that is not.
    """
    pens = asyncio.Semaphore(SHEETS_AT_ONCE)

    async def store(names: list[str]) -> Stored:
        return await outputs.upload(deps, prefix, out, names)

    async def boxes() -> Stored:
        return await store(await asyncio.to_thread(write_boxes, judged, options, out))

    async def sheets(cause: str, rows: per_image.Rows) -> Stored:
        async with pens:
            drawn = await asyncio.to_thread(
                draw_samples, judged.found, judged.images, out / SAMPLES, cause, rows
            )
        return await store([f"{SAMPLES}/{name}" for name in drawn])

    async def pictures() -> tuple[Stored, list[dict[str, str]]]:
        drawn = await draw_into(out, wanted)
        return await store(drawn.names), drawn.missing

    causes = per_image.samples(judged.found) if options.analyze_errors else {}
    (drawn, missing), written, samples = await asyncio.gather(
        pictures(), boxes(), asyncio.gather(*(sheets(*each) for each in causes.items()))
    )
    parts = (written, *samples, drawn)
    return {name: each for part in parts for name, each in part.items()}, missing


def write_boxes(judged: Judged, options: ValidateOptions, out: Path) -> list[str]:
    """Write boxes, and predictions if wanted; names under `out`."""
    names = ["matches.parquet"]
    columns = report.match_columns(judged.found)
    write_matches(judged.found.data, judged.images, columns, out / names[0])
    if options.save_predictions:
        names.append("predictions.json")
        outputs.write_json(out / names[-1], per_image.coco_predictions(judged.found, judged.paths))
    return names
