"""How the gateway is asked: what every area's methods are made of."""

import time
import uuid
from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import urljoin

import httpx

from libs.client.errors import JobFailed
from libs.client.transport import IDEMPOTENCY_KEY, Transport

Json = dict[str, Any]
T = TypeVar("T")
OnProgress = Callable[[float], None]
"""Told the percentage done, 0 to 100."""

_POLL_FIRST_S, _POLL_MOST_S = 0.2, 2.0
_ENDED_BADLY = ("failed", "cancelled")
_UNDER_WAY = ("queued", "initializing", "running", "paused", "stopping")


class Calls:
    """Base of the areas."""

    url: str
    _transport: Transport

    def get(self, _kind: type[T], path: str, /, **query: Any) -> T:
        """One thing, as the contract types it; fields of the query that are None are left out."""
        return cast("T", self._ask(path, query))

    def listed(self, _kind: type[T], path: str, /, **query: Any) -> list[T]:
        """Many things."""
        return cast("list[T]", self._ask(path, query))

    def told(self, _kind: type[T], path: str, body: Json, *, key: str | None = None) -> T:
        """What a `POST` answers at once."""
        return cast("T", self.post(path, body, key=key).json())

    def _ask(self, path: str, query: Json) -> Any:
        wanted = {name: value for name, value in query.items() if value is not None}
        return self._transport.send("GET", path, params=wanted or None).json()

    def post(
        self, path: str, body: Json, *, key: str | None = None, prefer: str | None = None
    ) -> httpx.Response:
        """Send once, however often it has to be tried: each call has its own idempotency key."""
        headers = {IDEMPOTENCY_KEY: key or uuid.uuid4().hex}
        if prefer:
            headers["Prefer"] = prefer
        return self._transport.send("POST", path, json=body, headers=headers)

    def work(
        self, _kind: type[T], path: str, body: Json, id_field: str, on_progress: OnProgress | None
    ) -> T:
        """POST work and wait until it is done, however long it takes."""
        prefer = "respond-async" if on_progress else "wait=60"
        return self.until_done(_kind, self.post(path, body, prefer=prefer), id_field, on_progress)

    def until_done(
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
            time.sleep(delay_s)
            delay_s = min(1.3 * delay_s, _POLL_MOST_S)
            response = self._transport.send("GET", status_url)
            answer = response.json()
        if answer.get("status") in _ENDED_BADLY:
            job_id = str(answer.get(id_field) or answer.get("id") or "the job")
            raise JobFailed(job_id, str(answer["status"]), _reason(answer))
        return cast("T", answer)


def _reason(answer: Json) -> str:
    """The sentence in a failed job's status."""
    errors = answer.get("errors") or []
    return str(answer.get("detail") or answer.get("message") or (errors[0] if errors else ""))
