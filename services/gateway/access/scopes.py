"""What a route needs, declared beside it: `@router.get("/…", dependencies=[READ])`."""

from collections.abc import Awaitable, Callable

from fastapi import Depends
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from libs.common.tokens import Scope, covers
from services.gateway.access.identity import Identity


def identity_of(connection: HTTPConnection) -> Identity:
    """Who the guard has let in."""
    found: Identity = connection.scope["state"]["identity"]
    return found


def needs(scope: Scope) -> Callable[[HTTPConnection], Awaitable[None]]:
    """A dependency that refuses whoever holds less than `scope`."""

    async def check(connection: HTTPConnection) -> None:
        held = identity_of(connection).scope
        if not covers(held, scope):
            raise HTTPException(403, f"this needs the scope {scope}; the token has {held}")

    check.scope = scope  # type: ignore[attr-defined]  # read by the test of all routes
    return check


READ = Depends(needs("read"))
"""Look."""
RUN = Depends(needs("run"))
"""Start, stop and edit work."""
ADMIN = Depends(needs("admin"))
"""Delete for good, and take hosts out of the work."""
