"""The images of a dataset with their boxes: lists, one image, a small picture of it.

Under `/datasets/{name}` those of a dataset as it is now, or of a version (`name@v3`); under
`/dataset/validate/{validation_id}` those that a check looked at.
"""

from typing import Annotated, Any
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from libs.common.answers.datasets import ImageFacts, ImageRow
from libs.common.asks import ask
from libs.common.events import DatasetRef, DatasetRequested, DatasetValidated
from services.gateway.access.scopes import READ
from services.gateway.routes.dataset_jobs import check_of, located
from services.gateway.schemas.datasets import ImagesQuery, PictureQuery
from services.gateway.state import Gateway, State, fresh

router = APIRouter(tags=["datasets"])
PICTURE_S = 30.0
KEPT = {"Cache-Control": "private, max-age=600"}
IMAGES: dict[int | str, Any] = {200: {"model": list[ImageRow]}}
IMAGE: dict[int | str, Any] = {200: {"model": ImageFacts}}
PICTURE: dict[int | str, Any] = {200: {"content": {"image/jpeg": {}}}}
OF_DATASET = "/datasets/{name}/images"
OF_CHECK = "/dataset/validate/{validation_id}/images"


async def named(name: str, gateway: State) -> DatasetRef:
    """The dataset of the path's `name`."""
    return await located(gateway, name)


def checked(validation_id: str, gateway: State) -> DatasetRef:
    """The dataset that the check of the path looked at."""
    return check_of(gateway, validation_id).dataset


Named = Annotated[DatasetRef, Depends(named)]
Checked = Annotated[DatasetRef, Depends(checked)]
Wanted = Annotated[ImagesQuery, Query()]
Shown = Annotated[PictureQuery, Query()]


@router.get(OF_DATASET, responses=IMAGES, dependencies=[READ])
async def images(
    name: str, dataset: Named, query: Wanted, gateway: State, request: Request
) -> Response:
    """Images of a split, with a class, or with a finding; the next page is in `Link`.

    `finding` takes the newest check of the dataset, or that of `validation_id`. `X-Total-Count`
    is what all pages hold; with `class`, what they are looked for in.
    """
    if query.finding and not query.validation_id:
        query.validation_id = _newest_check(gateway, name, dataset)
    return await _images(gateway, request, dataset, query)


@router.get(OF_CHECK, responses=IMAGES, dependencies=[READ])
async def checked_images(
    validation_id: str, dataset: Checked, query: Wanted, gateway: State, request: Request
) -> Response:
    """Images that a check looked at, e.g. those with a finding; the next page is in `Link`."""
    query.validation_id = validation_id
    return await _images(gateway, request, dataset, query)


@router.get(f"{OF_DATASET}/{{image}}", responses=IMAGE, dependencies=[READ])
async def image(dataset: Named, image: str, gateway: State, request: Request) -> Response:
    """One image: its size, the boxes that the trainer keeps, and the lines of its label."""
    return await _image(gateway, request, dataset, image)


@router.get(f"{OF_CHECK}/{{image}}", responses=IMAGE, dependencies=[READ])
async def checked_image(dataset: Checked, image: str, gateway: State, request: Request) -> Response:
    """One image that a check looked at, with its boxes and the lines of its label."""
    return await _image(gateway, request, dataset, image)


@router.get(
    f"{OF_DATASET}/{{image}}/picture",
    response_class=Response,
    responses=PICTURE,
    dependencies=[READ],
)
async def picture(
    dataset: Named, image: str, query: Shown, gateway: State, request: Request
) -> Response:
    """The image as a JPEG of at most `size` pixels a side; with `boxes=true` they are drawn in."""
    return await _picture(gateway, request, dataset, image, query)


@router.get(
    f"{OF_CHECK}/{{image}}/picture", response_class=Response, responses=PICTURE, dependencies=[READ]
)
async def checked_picture(
    dataset: Checked, image: str, query: Shown, gateway: State, request: Request
) -> Response:
    """The same of an image that a check looked at."""
    return await _picture(gateway, request, dataset, image, query)


async def _images(
    gateway: Gateway, request: Request, dataset: DatasetRef, query: ImagesQuery
) -> Response:
    fields = query.model_dump(mode="json", by_alias=True, exclude_none=True)
    page = orjson.loads(await _ask(gateway, "images", dataset, fields))
    headers = {"X-Total-Count": str(page["total"])}
    if page["next_cursor"] is not None:
        again = request.url.include_query_params(cursor=page["next_cursor"])
        headers["Link"] = f'<{again.path}?{again.query}>; rel="next"'
    base = quote(request.url.path)
    return fresh(request, [_linked(base, each) for each in page["images"]], headers)


async def _image(gateway: Gateway, request: Request, dataset: DatasetRef, image: str) -> Response:
    found = orjson.loads(await _ask(gateway, "image", dataset, {"image": image}))
    base = quote(request.url.path).rpartition("/")[0]
    return fresh(request, _linked(base, found))


async def _picture(
    gateway: Gateway, request: Request, dataset: DatasetRef, image: str, query: PictureQuery
) -> Response:
    fields = {"image": image, **query.model_dump(mode="json")}
    body = await _ask(gateway, "picture", dataset, fields)
    return fresh(request, body, KEPT, media_type="image/jpeg")


async def _ask(
    gateway: Gateway, question: str, dataset: DatasetRef, fields: dict[str, Any]
) -> bytes:
    fields = fields | {"dataset": dataset.model_dump(mode="json")}
    return await ask(gateway.deps.bus, "dataset", question, fields, timeout_s=PICTURE_S)


def _linked(base: str, found: dict[str, Any]) -> dict[str, Any]:
    url = f"{base}/{found['id']}"
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
