"""What every request passes: who may call from where, how big it may be, what a browser may do."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.problems import problem
from services.gateway.settings import GatewaySettings

LOCAL = {"localhost", "127.0.0.1", "[::1]", "testserver"}
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Guard:
    """Pure ASGI, so that sockets and streams pass untouched."""

    def __init__(self, app: ASGIApp, settings: GatewaySettings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on with safe headers."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        refusal = self._refusal(scope, headers, host)
        if refusal and scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": refusal[1]})
            return
        if refusal:
            await problem(refusal[0], refusal[1])(scope, receive, send)
            return
        limit = self.settings.max_body_bytes
        if "/upload/" in scope["path"]:
            limit = self.settings.max_upload_bytes
        await self.app(scope, _bounded(receive, limit), _safe(send))

    def _refusal(self, scope: Scope, headers: Headers, host: str) -> tuple[int, str] | None:
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if name not in LOCAL:
            return 403, "this host name is not served: use localhost"
        origin = headers.get("origin")
        if scope.get("method") in UNSAFE and origin and urlsplit(origin).netloc != host:
            return 403, "another site's page may not change anything here"
        length = headers.get("content-length", "0")
        upload = "/upload/" in scope["path"]
        limit = self.settings.max_upload_bytes if upload else self.settings.max_body_bytes
        if length.isdigit() and int(length) > limit:
            return 413, f"the body is larger than {limit} bytes"
        return None


class TooLargeError(Exception):
    """A body without a length went past the limit."""


def _bounded(receive: Receive, limit: int) -> Receive:
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b"") or b"")
        if message["type"] == "http.request" and taken > limit:
            raise TooLargeError
        return message

    return counted


def _safe(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Content-Security-Policy", CSP)
        await send(message)

    return with_headers
