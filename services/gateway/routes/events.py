"""The log to read: by socket, by plain HTTP, as a stream of server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response, WebSocket
from fastapi.responses import StreamingResponse

from libs.common.answers.system import ReaderAccount, StoredEvent
from libs.common.errors import BadInput, NotFound, Unavailable
from services.gateway.access.scopes import ADMIN, READ, identity_of
from services.gateway.history import backwards, forwards
from services.gateway.live import POLICY, Viewer, frames
from services.gateway.state import Gateway, State
from services.gateway.topics import Topics

router = APIRouter(tags=["live"])
STORED: dict[str, Any] = {
    "model": list[StoredEvent],
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}
READERS = "readers.json"
TRY_AGAIN = 1013


@router.websocket("/ws", dependencies=[READ])
async def live(socket: WebSocket, after: int = -1, topics: str | None = None) -> None:
    """History past `after`, then live; -1 = only what comes, -N = the last N - 1 events first."""
    gateway: Gateway = socket.app.state.gateway
    await socket.accept()
    try:
        wanted = Topics.parse(topics)
    except BadInput as error:
        await socket.close(POLICY, error.message[:120])
        return
    try:
        await gateway.ledger.catch_up()
    except Unavailable as error:
        await socket.close(TRY_AGAIN, error.message)
        return
    place = max(0, gateway.ledger.ring.last + 1 + after) if after < 0 else after
    viewer = Viewer(socket, gateway.deps.bus, gateway.ledger.ring, gateway.fanout)
    access, identity = socket.app.state.access, identity_of(socket)
    await viewer.serve(place, wanted, lambda: access.still(identity))


@router.get("/events", responses={200: STORED}, dependencies=[READ])
async def events(
    request: Request,
    gateway: State,
    after: Annotated[int, Query(ge=0)] = 0,
    before: Annotated[int | None, Query(ge=1)] = None,
    topics: Annotated[str | None, Query(max_length=4000)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 500,
) -> Response:
    """A page of the log past `after`, or all that comes when asked for `text/event-stream`.

    With `before` the newest events before that sequence; `Link` leads to those before them.
    `X-Last-Seq` is up to where the log was looked through: from there on it goes forwards.
    """
    wanted = Topics.parse(topics)
    bus, ring = gateway.deps.bus, gateway.ledger.ring
    if "text/event-stream" in request.headers.get("accept", ""):
        stream = _server_sent(gateway, after, wanted)
        return StreamingResponse(stream, media_type="text/event-stream")
    headers = {"X-Last-Seq": str(ring.last)}
    if before is None:
        found, last = await forwards(bus, ring, after, wanted, limit)
        headers["X-Last-Seq"] = str(last)
    else:
        found, place = await backwards(bus, ring, before, wanted, limit)
        if place > 1:
            more = request.url.include_query_params(before=place)
            headers["Link"] = f'<{more.path}?{more.query}>; rel="next"'
    body = f"[{','.join(each.text for each in found)}]"
    return Response(body, media_type="application/json", headers=headers)


@router.get("/events/readers", responses={200: {"model": ReaderAccount}}, dependencies=[ADMIN])
async def readers(gateway: State) -> Response:
    """The account with which other systems read all events on the bus, and can do nothing else."""
    path = gateway.settings.home / READERS
    try:
        account = await asyncio.to_thread(path.read_bytes)
    except FileNotFoundError as error:
        raise NotFound(
            "the readers' account is not kept where this gateway runs: ask whoever runs the bus",
            code="no_readers_account",
        ) from error
    headers = {"Cache-Control": "no-store"}
    return Response(account, media_type="application/json", headers=headers)


async def _server_sent(gateway: Gateway, after: int, wanted: Topics) -> AsyncIterator[str]:
    async for page in frames(gateway.deps.bus, gateway.ledger.ring, after):
        for each in page:
            if wanted.want(each.topic):
                yield f"id: {each.seq}\nevent: message\ndata: {each.text}\n\n"
        if not page:
            yield ": still here\n\n"
