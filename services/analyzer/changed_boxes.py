"""The boxes of a comparison that a reader can follow: written once, asked for page by page."""

import asyncio
from pathlib import Path
from typing import Any, Literal

import numpy as np
import orjson
from pydantic import Field

from libs.common.asks import Answer
from libs.common.errors import Conflict, NotFound
from libs.common.events import AnalysisRequested, ModelsCompared
from libs.common.service import Deps
from libs.common.work import load
from services.analyzer.domain.alignment import Aligned
from services.analyzer.domain.changes import KINDS, Changes, Judged
from services.analyzer.domain.matching import NONE
from services.analyzer.domain.rows import detection_id, label_id
from services.analyzer.options import Options
from services.analyzer.parquet import read_rows, write_columns
from services.analyzer.recent import Recent

NAME = "boxes.parquet"
KEPT_BYTES = 64 * 2**20
"""Of comparisons that were asked about last, as they are stored."""
SIDES = ("base", "candidate")

Json = dict[str, Any]
Columns = dict[str, list[Any]]


class BoxesQuestion(Options):
    """Which boxes of a comparison; `candidate` is the validation held against the base."""

    comparison_id: str = Field(max_length=64)
    candidate: str | None = Field(default=None, max_length=64)
    kind: Literal["fixed", "broken", "still_wrong", "still_right"] | None = None
    of_: Literal["label", "false_positive"] | None = Field(default=None, alias="of")
    class_: str | None = Field(default=None, alias="class", max_length=256)
    limit: int = Field(default=100, ge=1, le=500)
    cursor: int = Field(default=0, ge=0)


def write(aligned: Aligned, judged: list[Judged], found: list[Changes], path: Path) -> None:
    """Write a row per label and wrong detection of each candidate, ids as in its validations."""
    parts = [_columns(aligned, judged, at, changes) for at, changes in enumerate(found, start=1)]
    write_columns({name: [v for part in parts for v in part[name]] for name in parts[0]}, path)


def _columns(aligned: Aligned, judged: list[Judged], at: int, changes: Changes) -> Columns:
    count, classes = len(changes.kind_n), aligned.sides[0].data.classes
    columns: Columns = {
        "candidate": [at] * count,
        "kind": [KINDS[kind] for kind in changes.kind_n],
        "of": ["label" if at != NONE else "false_positive" for at in changes.label_n],
        "class": [classes[c] for c in changes.class_n],
        "image_path": [aligned.sides[0].paths[image] for image in changes.image_n],
        **{
            name: changes.box_n4[:, place].round(2).tolist()
            for place, name in enumerate(("x1", "y1", "x2", "y2"))
        },
    }
    for name, place, row_n in (("base", 0, changes.base_n), ("candidate", at, changes.other_n)):
        side, errors = aligned.sides[place], judged[place].errors
        columns[f"{name}_image"] = side.image_row_i[changes.image_n].tolist()
        columns[f"{name}_label"] = [
            None if label == NONE else label_id(side.label_row_l[label])
            for label in changes.label_n
        ]
        columns[f"{name}_detection"] = [
            None if row == NONE else detection_id(side.row_d[row]) for row in row_n
        ]
        cause_n = np.where(
            changes.label_n == NONE,
            np.append(errors.cause_d, "")[row_n],
            np.append(errors.cause_l, "")[changes.label_n],
        )
        columns[f"{name}_cause"] = [str(cause) or None for cause in cause_n]
    return columns


def comparison_questions(deps: Deps) -> dict[str, Answer]:
    """The answers that the analyzer gives on comparisons, by question."""
    kept: Recent[tuple[ModelsCompared, bytes]] = Recent(KEPT_BYTES)

    async def boxes(fields: Json) -> bytes:
        question = BoxesQuestion.of(fields)
        known = kept.get(question.comparison_id)
        if known is None:
            outcome = await _finished(deps, question.comparison_id)
            known = outcome, await deps.artifacts.get_bytes(outcome.artifacts[NAME].key)
            kept.put(question.comparison_id, known, len(known[1]))
        return orjson.dumps(await asyncio.to_thread(_page, *known, question))

    return {"compared_boxes": boxes}


async def _finished(deps: Deps, comparison_id: str) -> ModelsCompared:
    """The result of a comparison.

    Raises:
        NotFound: there is no such comparison.
        Conflict: it has no result (yet).
    """
    job = await load(deps, "analysis", comparison_id)
    request = job.request if job else None
    if job is None or not isinstance(request, AnalysisRequested) or request.operation != "compare":
        raise NotFound(f"there is no comparison {comparison_id[:64]}", code="no_such_job")
    if not isinstance(job.outcome, ModelsCompared):
        raise Conflict(f"the comparison has no result: it is {job.status}", code="no_result")
    return job.outcome


def _page(outcome: ModelsCompared, content: bytes, question: BoxesQuestion) -> Json:
    """The boxes that fit, in the order of images: labels first, then false positives."""
    candidate = question.candidate or outcome.validations[1]
    if candidate not in outcome.validations[1:]:
        raise NotFound(
            f"{candidate[:64]} is not held against the base in this comparison",
            code="no_such_candidate",
        )
    wanted = {
        "candidate": outcome.validations.index(candidate),
        "kind": question.kind,
        "of": question.of_,
        "class": question.class_,
    }
    equal = {name: value for name, value in wanted.items() if value is not None}
    total, rows = read_rows(content, equal, start=question.cursor, count=question.limit)
    after = question.cursor + question.limit
    return {
        "base": outcome.validations[0],
        "candidate": candidate,
        "total": total,
        "boxes": [_row(row) for row in rows],
        "next_cursor": after if after < total else None,
    }


def _row(row: Json) -> Json:
    return {
        **{name: row[name] for name in ("kind", "of", "class", "image_path")},
        "bbox": [row[name] for name in ("x1", "y1", "x2", "y2")],
        **{
            side: {name: row[f"{side}_{name}"] for name in ("image", "label", "detection", "cause")}
            for side in SIDES
        },
    }
