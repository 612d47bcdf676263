"""How the gateway is asked: what every area's methods are made of.

Made from `libs/client/calls/calls.py` by `python -m tests.contract.async_client`.
"""

import asyncio
import uuid
from typing import Any, cast
from urllib.parse import urljoin

import httpx

from libs.client.aio.transport import AsyncTransport
from libs.client.calls.calls import (
    _ENDED_BADLY,
    _POLL_FIRST_S,
    _POLL_MOST_S,
    _UNDER_WAY,
    Json,
    OnProgress,
    T,
    _reason,
)
from libs.client.errors import JobFailed
from libs.client.transport import IDEMPOTENCY_KEY


class Calls:
    """Base of the areas."""

    url: str
    _transport: AsyncTransport

    async def get(self, _kind: type[T], path: str, /, **query: Any) -> T:
        """One thing, as the contract types it; fields of the query that are None are left out."""
        return cast("T", await self._ask(path, query))

    async def listed(self, _kind: type[T], path: str, /, **query: Any) -> list[T]:
        """Many things."""
        return cast("list[T]", await self._ask(path, query))

    async def told(self, _kind: type[T], path: str, body: Json, *, key: str | None = None) -> T:
        """What a `POST` answers at once."""
        return cast("T", (await self.post(path, body, key=key)).json())

    async def _ask(self, path: str, query: Json) -> Any:
        wanted = {name: value for name, value in query.items() if value is not None}
        return (await self._transport.send("GET", path, params=wanted or None)).json()

    async def post(
        self, path: str, body: Json, *, key: str | None = None, prefer: str | None = None
    ) -> httpx.Response:
        """Send once, however often it has to be tried: each call has its own idempotency key."""
        headers = {IDEMPOTENCY_KEY: key or uuid.uuid4().hex}
        if prefer:
            headers["Prefer"] = prefer
        return await self._transport.send("POST", path, json=body, headers=headers)

    async def work(
        self, _kind: type[T], path: str, body: Json, id_field: str, on_progress: OnProgress | None
    ) -> T:
        """POST work and wait until it is done, however long it takes."""
        prefer = "respond-async" if on_progress else "wait=60"
        return await self.until_done(
            _kind, await self.post(path, body, prefer=prefer), id_field, on_progress
        )

    async def until_done(
        self,
        _kind: type[T],
        response: httpx.Response,
        id_field: str,
        on_progress: OnProgress | None,
    ) -> T:
        """Wait for the work that a response speaks of, however long it takes.

        Raises:
            JobFailed: it failed or was cancelled.
        """
        answer: Json = response.json()
        status_url = urljoin(f"{self.url}/", response.headers.get("Location", ""))
        delay_s = _POLL_FIRST_S
        while response.status_code == httpx.codes.ACCEPTED or answer.get("status") in _UNDER_WAY:
            if on_progress:
                on_progress(float(answer.get("progress") or 0))
            await asyncio.sleep(delay_s)
            delay_s = min(1.3 * delay_s, _POLL_MOST_S)
            response = await self._transport.send("GET", status_url)
            answer = response.json()
        if answer.get("status") in _ENDED_BADLY:
            job_id = str(answer.get(id_field) or answer.get("id") or "the job")
            raise JobFailed(job_id, str(answer["status"]), _reason(answer))
        return cast("T", answer)
