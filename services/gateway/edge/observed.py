"""What each request costs, as figures; the trace that begins with one that changes something."""

import time

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from libs.common import tracing
from services.gateway.metrics import REQUEST_S, REQUESTS
from services.gateway.state import BASE

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
KNOWN = UNSAFE | {"GET", "HEAD", "OPTIONS"}


class Observed:
    """Pure ASGI, inside of the guard: whoever is refused makes no trace."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and note how it ended."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, method = 500, scope["method"] if scope["method"] in KNOWN else "other"

        async def heard(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        given = Headers(scope=scope).get("traceparent")
        began_s = time.perf_counter()
        try:
            with (
                tracing.continued(given),
                tracing.span(
                    method, "server", root=method in UNSAFE, http__request__method=method
                ) as span,
            ):
                try:
                    await self.app(scope, receive, heard)
                finally:
                    if span:
                        span.update_name(f"{method} {route_of(scope)}")
                        span.set_attribute("http.route", route_of(scope))
                        span.set_attribute("http.response.status_code", status)
        finally:
            route = route_of(scope)
            REQUESTS.labels(method, route, str(status)).inc()
            REQUEST_S.labels(method, route).observe(time.perf_counter() - began_s)


def route_of(scope: Scope) -> str:
    """The pattern that a request fits, of few different values; `other` where none does."""
    found = getattr(scope.get("route"), "path", None)
    if not found:
        return "other"
    return f"{BASE}{found}" if scope["path"].startswith(BASE) else str(found)
