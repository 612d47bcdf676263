"""The bytes of artifacts: ranges, ETag, and never anything that a browser would run."""

import mimetypes
import re
from pathlib import PurePosixPath
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from libs.common.artifacts import checked_key
from libs.common.errors import NotFound
from services.gateway.access.scopes import READ
from services.gateway.problems import problem
from services.gateway.state import Gateway, State

router = APIRouter(tags=["artifacts"])
SHOWN = (
    *(
        "trainings/",
        "validations/",
        "visualizations/",
        "comparisons/",
        "explanations/",
    ),
    *("thresholds/", "datasets/", "models/"),
)
INLINE = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".jsonl": "text/plain; charset=utf-8",
    ".csv": "text/plain; charset=utf-8",
    ".yaml": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".log": "text/plain; charset=utf-8",
}
RANGE = re.compile(r"^bytes=(\d{0,18})-(\d{0,18})$")
BYTES: dict[int | str, Any] = {
    200: {"content": {"*/*": {}}},
    206: {"description": "the bytes of `Range`", "content": {"*/*": {}}},
}


@router.get("/artifacts/{key:path}", response_class=Response, responses=BYTES, dependencies=[READ])
async def artifact(key: str, gateway: State, request: Request) -> Response:
    """One artifact."""
    if not checked_key(key).startswith(SHOWN):
        raise NotFound(f"nothing is stored under {key[:200]}", code="no_such_artifact")
    return await serve(key, gateway, request, PurePosixPath(key).name)


async def serve(key: str, gateway: Gateway, request: Request, saved_as: str) -> Response:
    """The bytes of `key`, or the asked range of them; a browser saves them as `saved_as`."""
    head = await gateway.deps.artifacts.head(key)
    tag = f'"{head.etag}"'
    suffix = PurePosixPath(key).suffix.lower()
    name = re.sub(r"[^A-Za-z0-9._-]", "_", saved_as)
    shown = "inline" if suffix in INLINE else "attachment"
    headers = {
        "ETag": tag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "no-cache",
        "Content-Disposition": f'{shown}; filename="{name}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    kind = INLINE.get(suffix) or mimetypes.guess_type(key)[0] or "application/octet-stream"
    span = wanted(request.headers.get("range"), head.size_bytes)
    if span is None:
        answer = problem(416, f"it has {head.size_bytes} bytes: ask for some of them")
        answer.headers["Content-Range"] = f"bytes */{head.size_bytes}"
        return answer
    start, end = span
    status = 200
    if (start, end) != (0, head.size_bytes):
        status = 206
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{head.size_bytes}"
    headers["Content-Length"] = str(end - start)
    if start == end:
        return Response(b"", status, headers, media_type=kind)
    body = gateway.deps.artifacts.stream(key, start=start, end=end)
    return StreamingResponse(body, status, headers, media_type=kind)


def wanted(header: str | None, size: int) -> tuple[int, int] | None:
    """First byte and one past the last; the whole for no header; None if it cannot be met."""
    if header is None or not (found := RANGE.match(header)):
        return 0, size
    first, last = found.groups()
    if not first:
        return (max(0, size - int(last)), size) if last and int(last) else None
    start, end = int(first), min(int(last) + 1, size) if last else size
    return (start, end) if start < end else None
