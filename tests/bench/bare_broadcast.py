"""The peer of the fan-out bench: uvicorn and websockets, an echo to everybody, and nothing else."""

import sys
from typing import Any

import uvicorn

SOCKETS: dict[int, Any] = {}


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Whoever connects gets every text that anybody sends."""
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    SOCKETS[id(send)] = send
    try:
        while (message := await receive())["type"] == "websocket.receive":
            for other in list(SOCKETS.values()):
                await other({"type": "websocket.send", "text": message["text"]})
    finally:
        del SOCKETS[id(send)]


if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        loop="uvloop",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
    )
