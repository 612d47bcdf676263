"""The log to read: by socket, by plain HTTP, as a stream of server-sent events."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response, WebSocket
from fastapi.responses import StreamingResponse

from libs.common.answers.system import StoredEvent
from libs.common.errors import BadInput
from services.gateway.access.scopes import READ, identity_of
from services.gateway.live import POLICY, Viewer, frames
from services.gateway.state import Gateway, State
from services.gateway.topics import Topics

router = APIRouter(tags=["live"])
STORED: dict[str, Any] = {
    "model": list[StoredEvent],
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}


@router.websocket("/ws", dependencies=[READ])
async def live(socket: WebSocket, after: int = -1, topics: str | None = None) -> None:
    """History past `after`, then live; without `after` only what comes."""
    gateway: Gateway = socket.app.state.gateway
    await socket.accept()
    try:
        wanted = Topics.parse(topics)
    except BadInput as error:
        await socket.close(POLICY, error.message[:120])
        return
    place = gateway.ledger.ring.last if after < 0 else after
    viewer = Viewer(socket, gateway.deps.bus, gateway.ledger.ring, gateway.readings)
    access, identity = socket.app.state.access, identity_of(socket)
    await viewer.serve(place, wanted, lambda: access.still(identity))


@router.get("/events", responses={200: STORED}, dependencies=[READ])
async def events(
    request: Request,
    gateway: State,
    after: Annotated[int, Query(ge=0)] = 0,
    topics: Annotated[str | None, Query(max_length=4000)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 500,
) -> Response:
    """A page of the log past `after`, or all that comes when asked for `text/event-stream`."""
    wanted = Topics.parse(topics)
    if "text/event-stream" in request.headers.get("accept", ""):
        stream = _server_sent(gateway, after, wanted)
        return StreamingResponse(stream, media_type="text/event-stream")
    found: list[str] = []
    seen = after
    async for page in frames(gateway.deps.bus, gateway.ledger.ring, after):
        seen = page[-1].seq if page else seen
        found += [each.text for each in page if wanted.want(each.topic)]
        if not page or len(found) >= limit:
            break
    return Response(f"[{','.join(found[:limit])}]", media_type="application/json")


async def _server_sent(gateway: Gateway, after: int, wanted: Topics) -> AsyncIterator[str]:
    async for page in frames(gateway.deps.bus, gateway.ledger.ring, after):
        for each in page:
            if wanted.want(each.topic):
                yield f"id: {each.seq}\nevent: message\ndata: {each.text}\n\n"
        if not page:
            yield ": still here\n\n"
