"""Every panel of a stored validation again, at another confidence or IoU, down to the pictures.

Nothing is computed here: the analyzer answers, or the stored report is read.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response

from libs.common.answers.judgements import JudgementReport
from libs.common.answers.panels import BoxPage, CellPage, ImagePage, JudgedImage, Panels
from libs.common.asks import ask
from libs.common.errors import Conflict, NotFound
from libs.common.events import AnalysisRequested, ModelValidated
from services.gateway.access.scopes import READ
from services.gateway.schemas.panels import (
    BoxesQuery,
    CellQuery,
    CropQuery,
    ImagesQuery,
    PanelQuery,
    PictureQuery,
    PointQuery,
)
from services.gateway.state import Gateway, State, fresh

router = APIRouter(prefix="/model/validate/{validation_id}", tags=["panels"])
PICTURE_S = 30.0
IMAGES: dict[int | str, dict[str, Any]] = {200: {"content": {"image/jpeg": {}, "image/webp": {}}}}
KEPT = {"Cache-Control": "private, max-age=3600"}
SECTIONS: dict[str, Any] = {
    name: JudgementReport.__annotations__[name]
    for name in (
        *("curves", "calibration", "slices", "suspects", "thresholds", "uncertainty", "advice"),
        *("coco", "ultralytics", "tide", "lrp", "size_recall", "findings"),
    )
}
"""Parts of a stored report that have an address of their own, and what each holds."""


@router.get("/panels", responses={200: {"model": Panels}}, dependencies=[READ])
async def panels(
    validation_id: str, query: Annotated[PanelQuery, Query()], gateway: State, request: Request
) -> Response:
    """Headline, classes, matrix, causes, false alarms and curve at one operating point."""
    return await _answer(gateway, request, "panels", validation_id, query)


@router.get("/matches", responses={200: {"model": BoxPage}}, dependencies=[READ])
async def matches(
    validation_id: str, query: Annotated[BoxesQuery, Query()], gateway: State, request: Request
) -> Response:
    """The boxes behind a number, the surest first; the next page is in `Link`."""
    return await _answer(gateway, request, "matches", validation_id, query)


@router.get("/confusion", responses={200: {"model": CellPage}}, dependencies=[READ])
async def confusion(
    validation_id: str, query: Annotated[CellQuery, Query()], gateway: State, request: Request
) -> Response:
    """The boxes of one cell of the confusion matrix."""
    return await _answer(gateway, request, "confusion", validation_id, query)


@router.get("/images", responses={200: {"model": ImagePage}}, dependencies=[READ])
async def images(
    validation_id: str, query: Annotated[ImagesQuery, Query()], gateway: State, request: Request
) -> Response:
    """The judged images with their counts, the worst first."""
    return await _answer(gateway, request, "images", validation_id, query)


@router.get("/images/{image}", responses={200: {"model": JudgedImage}}, dependencies=[READ])
async def image(
    validation_id: str,
    image: int,
    query: Annotated[PointQuery, Query()],
    gateway: State,
    request: Request,
) -> Response:
    """One image: its labels and what the model said."""
    return await _answer(gateway, request, "image", validation_id, query, image=image)


@router.get(
    "/images/{image}/picture", response_class=Response, responses=IMAGES, dependencies=[READ]
)
async def picture(
    validation_id: str,
    image: int,
    query: Annotated[PictureQuery, Query()],
    gateway: State,
    request: Request,
) -> Response:
    """The image with labels and detections drawn in; 409 if it changed since it was judged."""
    return await _drawn(gateway, request, "picture", validation_id, query, image=image)


@router.get("/boxes/{box}/crop", response_class=Response, responses=IMAGES, dependencies=[READ])
async def crop(
    validation_id: str,
    box: str,
    query: Annotated[CropQuery, Query()],
    gateway: State,
    request: Request,
) -> Response:
    """One box and what lies around it; 409 if the image changed since it was judged."""
    return await _drawn(gateway, request, "crop", validation_id, query, box=box)


def _section(name: str) -> Callable[..., Awaitable[Response]]:
    async def section(validation_id: str, gateway: State, request: Request) -> Response:
        outcome = _outcome(gateway, validation_id)
        report = orjson.loads(await gateway.deps.artifacts.get_bytes(outcome.report.key))
        found = report.get(name)
        if found is None:
            raise NotFound(
                f"the report of this validation has no {name}: validate the model again",
                code="no_such_section",
            )
        return fresh(request, found)

    return section


for _name, _model in SECTIONS.items():
    router.add_api_route(
        f"/{_name}",
        _section(_name),
        name=f"section_{_name}",
        description=f"The part of the stored report that is called {_name}.",
        responses={200: {"model": _model}},
        dependencies=[READ],
    )


def _outcome(gateway: Gateway, validation_id: str) -> ModelValidated:
    """The result of a finished validation.

    Raises:
        NotFound: there is no such validation.
        Conflict: it has no result (yet).
    """
    job = gateway.ledger.job(validation_id, "analysis")
    if not isinstance(job.request, AnalysisRequested) or job.request.operation != "validate":
        raise NotFound(f"there is no validation {validation_id[:64]}", code="no_such_job")
    if not isinstance(job.outcome, ModelValidated):
        raise Conflict(f"the validation has no result: it is {job.status}", code="no_result")
    return job.outcome


async def _ask(
    gateway: Gateway, question: str, validation_id: str, query: PointQuery, **more: Any
) -> bytes:
    _outcome(gateway, validation_id)
    fields = query.model_dump(mode="json", by_alias=True, exclude_none=True)
    fields |= {"validation_id": validation_id} | more
    return await ask(gateway.deps.bus, "analysis", question, fields, timeout_s=PICTURE_S)


async def _answer(
    gateway: Gateway,
    request: Request,
    question: str,
    validation_id: str,
    query: PointQuery,
    **more: Any,
) -> Response:
    body = await _ask(gateway, question, validation_id, query, **more)
    headers = {}
    if (cursor := orjson.loads(body).get("next_cursor")) is not None:
        again = request.url.include_query_params(cursor=cursor)
        headers["Link"] = f'<{again.path}?{again.query}>; rel="next"'
    return fresh(request, body, headers)


async def _drawn(
    gateway: Gateway,
    request: Request,
    question: str,
    validation_id: str,
    query: PictureQuery | CropQuery,
    **more: Any,
) -> Response:
    body = await _ask(gateway, question, validation_id, query, **more)
    return fresh(request, body, KEPT, media_type=f"image/{query.format}")
