"""The images of a dataset with their boxes: lists, one image, a small picture of it."""

from typing import Annotated, Any
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Query, Request, Response

from libs.common.asks import ask
from libs.common.events import DatasetRef, DatasetRequested, DatasetValidated
from services.gateway.routes.dataset_jobs import located
from services.gateway.schemas.datasets import ImagesQuery, PictureQuery
from services.gateway.state import BASE, Gateway, State, fresh

router = APIRouter(prefix="/datasets/{name}/images", tags=["datasets"])
PICTURE_S = 30.0
KEPT = {"Cache-Control": "private, max-age=600"}


@router.get("")
async def images(
    name: str, query: Annotated[ImagesQuery, Query()], gateway: State, request: Request
) -> Response:
    """Images of a split, with a class, or with a finding; the next page is in `Link`.

    `finding` takes the newest check of the dataset, or that of `validation_id`.
    """
    dataset = await located(gateway, name)
    fields = query.model_dump(mode="json", by_alias=True, exclude_none=True)
    if query.finding and not query.validation_id:
        fields["validation_id"] = _newest_check(gateway, name, dataset)
    page = orjson.loads(await _ask(gateway, "images", dataset, fields))
    headers = {"X-Total-Count": str(page["total"])}
    if page["next_cursor"] is not None:
        again = request.url.include_query_params(cursor=page["next_cursor"])
        headers["Link"] = f'<{again.path}?{again.query}>; rel="next"'
    return fresh(request, [_linked(name, each) for each in page["images"]], headers)


@router.get("/{image}")
async def image(name: str, image: str, gateway: State, request: Request) -> Response:
    """One image: its size, and the boxes that the trainer keeps."""
    dataset = await located(gateway, name)
    found = orjson.loads(await _ask(gateway, "image", dataset, {"image": image}))
    return fresh(request, _linked(name, found))


@router.get("/{image}/picture")
async def picture(
    name: str,
    image: str,
    query: Annotated[PictureQuery, Query()],
    gateway: State,
    request: Request,
) -> Response:
    """The image as a JPEG of at most `size` pixels a side; with `boxes=true` they are drawn in."""
    dataset = await located(gateway, name)
    fields = {"image": image, **query.model_dump(mode="json")}
    body = await _ask(gateway, "picture", dataset, fields)
    return fresh(request, body, KEPT, media_type="image/jpeg")


async def _ask(
    gateway: Gateway, question: str, dataset: DatasetRef, fields: dict[str, Any]
) -> bytes:
    fields = fields | {"dataset": dataset.model_dump(mode="json")}
    return await ask(gateway.deps.bus, "dataset", question, fields, timeout_s=PICTURE_S)


def _linked(name: str, found: dict[str, Any]) -> dict[str, Any]:
    url = f"{BASE}/datasets/{quote(name, safe='')}/images/{found['id']}"
    return found | {"url": url, "thumbnail_url": f"{url}/picture?size=320"}


def _newest_check(gateway: Gateway, name: str, dataset: DatasetRef) -> str | None:
    """The newest finished check of what `name` is now."""
    for job in gateway.ledger.newest("dataset"):
        asked = job.request
        if (
            isinstance(job.outcome, DatasetValidated)
            and isinstance(asked, DatasetRequested)
            and (asked.dataset.path, asked.dataset.version) == (dataset.path, dataset.version)
            and (dataset.path or asked.dataset.name == name)
        ):
            return job.id
    return None
