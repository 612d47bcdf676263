"""Questions about stored validations, answered at once: see `libs/common/asks.py`."""

import asyncio
from collections.abc import Callable
from typing import Any, Literal

import orjson
from pydantic import Field

from libs.common.asks import Answer
from libs.common.errors import BadInput, NotFound
from libs.common.service import Deps
from services.analyzer.domain import rows
from services.analyzer.domain.errors import CAUSES
from services.analyzer.domain.panels import panels
from services.analyzer.domain.view import SIZES, Filters, View, select
from services.analyzer.looks import Looks
from services.analyzer.options import JOB_ID, Options
from services.analyzer.stored import Stored, StoredValidations

Json = dict[str, Any]
Share = Field(default=None, ge=0, le=1)


class Question(Options):
    """What every question about a validation may say; None = as the validation was made."""

    validation_id: str = Field(pattern=JOB_ID)
    confidence: float | None = Share
    iou: float | None = Field(default=None, gt=0, le=1)
    class_: str | None = Field(default=None, alias="class", max_length=256)
    cause: Literal[CAUSES] | None = None  # type: ignore[valid-type]
    size: Literal[tuple(SIZES)] | None = None  # type: ignore[valid-type]
    image: int | None = Field(default=None, ge=0)
    kind: Literal["tp", "fp", "fn"] | None = None
    limit: int = Field(default=100, ge=1, le=500)
    cursor: int = Field(default=0, ge=0, description="how many to pass over")


class CellQuestion(Question):
    """One cell of the confusion matrix: names, or places in the panel's `names`."""

    row: str = Field(max_length=256)
    column: str = Field(max_length=256)


class ImagesQuestion(Question):
    """Which images, in which order."""

    correct: bool | None = None
    sort: Literal["worst", "index"] = "worst"


def analysis_questions(deps: Deps) -> dict[str, Answer]:
    """The answers that the analyzer gives, by question."""
    stored = StoredValidations(deps)
    computed: dict[str, tuple[type[Question], Callable[[Stored, Any], Json]]] = {
        "panels": (Question, _panels),
        "matches": (Question, _matches),
        "confusion": (CellQuestion, _confusion),
        "images": (ImagesQuestion, _images),
        "image": (Question, _image),
    }

    def answering(kind: type[Question], compute: Callable[[Stored, Any], Json]) -> Answer:
        async def answer(fields: Json) -> bytes:
            question = kind.of(fields)
            validation = await stored.get(question.validation_id)
            return orjson.dumps(await asyncio.to_thread(compute, validation, question))

        return answer

    looks = Looks(deps, stored)
    pictures = {"picture": looks.picture, "crop": looks.crop}
    return {name: answering(*each) for name, each in computed.items()} | pictures


def _panels(validation: Stored, question: Question) -> Json:
    seen = validation.view(question.confidence, question.iou)
    found = panels(seen, _filters(validation, question), validation.whole)
    return {"validation_id": validation.job_id} | found


def _matches(validation: Stored, question: Question) -> Json:
    seen = validation.view(question.confidence, question.iou)
    return _boxes(validation, seen, question, _filters(validation, question))


def _confusion(validation: Stored, question: CellQuestion) -> Json:
    seen = validation.view(question.confidence, question.iou)
    names = seen.table.names
    cell = (_place(names, question.row), _place(names, question.column))
    filters = Filters(size=question.size, cell=cell)
    shown = {"row": names[cell[0]], "column": names[cell[1]]}
    return shown | _boxes(validation, seen, question, filters)


def _boxes(validation: Stored, seen: View, question: Question, filters: Filters) -> Json:
    """One page of the boxes that fit: detections first, the surest ones first, then labels."""
    label, detection = select(seen, filters)
    total = len(detection) + len(label)
    page = [("d", row) for row in detection.tolist()] + [("l", row) for row in label.tolist()]
    page = page[question.cursor : question.cursor + question.limit]
    return {
        **_operating_point(seen),
        "total": total,
        "boxes": [
            (rows.detection_row if kind == "d" else rows.label_row)(seen, row)
            | {"image_path": validation.images[_image_of(seen, kind, row)].path}
            for kind, row in page
        ],
        "next_cursor": _next(question, total),
    }


def _images(validation: Stored, question: ImagesQuestion) -> Json:
    seen = validation.view(question.confidence, question.iou)
    order = rows.image_order(
        seen,
        correct=question.correct,
        cause=question.cause,
        class_index=_class_index(validation, question),
        worst=question.sort == "worst",
    )
    page = order[question.cursor : question.cursor + question.limit].tolist()
    return {
        **_operating_point(seen),
        "total": len(order),
        "images": [
            row | _about_image(validation, row["image"]) for row in rows.image_table(seen, page)
        ],
        "next_cursor": _next(question, len(order)),
    }


def _image(validation: Stored, question: Question) -> Json:
    seen = validation.view(question.confidence, question.iou)
    number = question.image or 0
    if number >= len(validation.images):
        raise NotFound(
            f"this validation has {len(validation.images)} images, counted from 0",
            code="no_such_image",
        )
    labels, predictions = rows.image_boxes(seen, number)
    [row] = rows.image_table(seen, [number])
    about = _about_image(validation, number)
    boxes = {"ground_truth": labels, "prediction_boxes": predictions}
    return {**_operating_point(seen), **row, **about, **boxes}


def _filters(validation: Stored, question: Question) -> Filters:
    if question.image is not None and question.image >= len(validation.images):
        raise NotFound(f"this validation has no image {question.image}", code="no_such_image")
    return Filters(
        class_index=_class_index(validation, question),
        cause=question.cause,
        size=question.size,
        image=question.image,
        kind=question.kind,
    )


def _class_index(validation: Stored, question: Question) -> int | None:
    if question.class_ is None:
        return None
    if question.class_ not in validation.data.classes:
        raise NotFound(f"there is no class {question.class_[:64]!r}", code="no_such_class")
    return validation.data.classes.index(question.class_)


def _place(names: tuple[str, ...], text: str) -> int:
    """A row or column of the matrix, by name or by place."""
    if text in names:
        return names.index(text)
    if text.isdecimal() and int(text) < len(names):
        return int(text)
    raise BadInput(
        f"{text[:64]!r} is no class, nor a place from 0 to {len(names) - 1}", code="no_such_cell"
    )


def _operating_point(seen: View) -> Json:
    return {"confidence": seen.point.confidence, "iou": seen.matches.match_iou}


def _about_image(validation: Stored, number: int) -> Json:
    image = validation.images[number]
    return {"image_path": image.path, "width": image.width_px, "height": image.height_px}


def _image_of(seen: View, kind: str, row: int) -> int:
    images = seen.data.image_d if kind == "d" else seen.data.label_image_l
    return int(images[row])


def _next(question: Question, total: int) -> int | None:
    after = question.cursor + question.limit
    return after if after < total else None
