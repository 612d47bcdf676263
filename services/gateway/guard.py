"""What every request passes: who calls from where, how big it may be, what a browser may do."""

from urllib.parse import urlsplit

from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.access.access import ASK, Access
from services.gateway.access.identity import ANYBODY, Identity, Refused
from services.gateway.audit import Audit
from services.gateway.problems import problem
from services.gateway.settings import GatewaySettings

LOCAL = {"localhost", "127.0.0.1", "[::1]", "testserver"}
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
POLICY = 1008
NOT_KNOWN = 4401
SESSION = "/api/v1/ml/session"
PUBLIC = {
    *("/", "/ui/ml", "/healthz", "/readyz"),
    *("/docs", "/openapi.json", "/asyncapi.json"),
}
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

    def __init__(
        self, app: ASGIApp, settings: GatewaySettings, access: Access, audit: Audit
    ) -> None:
        self.app = app
        self.settings = settings
        self.access = access
        self.audit = audit
        self.hosts = LOCAL | set(settings.allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on with safe headers."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            self._check(scope, headers)
            identity = await self._identify(scope, headers)
        except Refused as refused:
            await _refuse(refused, scope, receive, send)
            return
        scope.setdefault("state", {})["identity"] = identity
        audited = identity is not ANYBODY and scope.get("method") in UNSAFE
        heard = self._heard(scope, identity, send) if audited else send
        await self.app(scope, _bounded(receive, self._limit(scope)), _safe(heard))

    async def _identify(self, scope: Scope, headers: Headers) -> Identity:
        """Who calls; raises Refused for whoever may not."""
        address = _address(scope)
        if is_public(scope):
            return ANYBODY
        try:
            identity = await self.access.identify(headers, address)
        except Refused as refused:
            self.audit.refused(scope["path"], refused.status, address, refused.sentence)
            raise
        if identity is None:
            raise Refused(f"who are you? {ASK}")
        if scope.get("method") in UNSAFE and not self.access.safe(identity, headers):
            raise Refused(
                "the header X-CSRF-Token is missing or old: load the page again", status=403
            )
        return identity

    def _check(self, scope: Scope, headers: Headers) -> None:
        """Raises Refused for what no caller may do."""
        host = headers.get("host", "").lower()
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if name not in self.hosts:
            raise Refused(
                "this host name is not served: use localhost, or add it to SHIRUSHI_ALLOWED_HOSTS",
                status=403,
            )
        origin = headers.get("origin")
        changes = scope["type"] == "websocket" or scope.get("method") in UNSAFE
        if changes and origin and urlsplit(origin).netloc.lower() != host:
            raise Refused("another site's page may not change or watch anything here", status=403)
        length, limit = headers.get("content-length", "0"), self._limit(scope)
        if length.isdigit() and int(length) > limit:
            raise Refused(f"the body is larger than {limit} bytes", status=413)

    def _limit(self, scope: Scope) -> int:
        upload = "/upload/" in scope["path"]
        return self.settings.max_upload_bytes if upload else self.settings.max_body_bytes

    def _heard(self, scope: Scope, identity: Identity, send: Send) -> Send:
        async def heard(message: Message) -> None:
            if message["type"] == "http.response.start":
                status, address = message["status"], _address(scope)
                self.audit.changed(identity, scope["method"], scope["path"], status, address)
            await send(message)

        return heard


def is_public(scope: Scope) -> bool:
    """What anybody may see: the page's files, the documents, whether it lives, the way in."""
    path, method = scope["path"], scope.get("method")
    if path == SESSION:
        return method == "POST"
    reads = method in {"GET", "HEAD"}
    return reads and (path in PUBLIC or path.startswith(("/ui/ml/", "/docs/")))


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


async def _refuse(refused: Refused, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        code = NOT_KNOWN if refused.status == 401 else POLICY
        await receive()
        await send({"type": "websocket.close", "code": code, "reason": refused.sentence[:120]})
        return
    answer = problem(refused.status, refused.sentence, retry_s=refused.retry_s)
    await answer(scope, receive, send)


class TooLargeError(HTTPException):
    """A body without a length went past the limit; the framework passes on only its own kind."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, f"the body is larger than {limit} bytes")


def _bounded(receive: Receive, limit: int) -> Receive:
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b"") or b"")
        if message["type"] == "http.request" and taken > limit:
            raise TooLargeError(limit)
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
