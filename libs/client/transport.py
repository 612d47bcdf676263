"""One HTTP exchange with the gateway: asks again while it is away, turns refusals into errors."""

import time
from collections.abc import Mapping
from typing import Any

import httpx

from libs.client.address import credentials, goes_around_proxy
from libs.client.errors import ApiError, Unreachable
from libs.client.retry import AGAIN, back_off, retry_after_s

IDEMPOTENCY_KEY = "Idempotency-Key"


class Transport:
    """Keeps one connection pool to `base_url` (…/api/v1/ml); a context manager.

    A request is sent again, for up to `patience_s`, if the gateway cannot be reached or answers
    502, 503 or 504. A POST without an idempotency key is only sent again if it never arrived.
    """

    def __init__(
        self,
        base_url: str,
        patience_s: float,
        transport: httpx.BaseTransport | None = None,
        token: str | None = None,
    ) -> None:
        self.base_url = base_url
        self._patience_s = patience_s
        self._http = httpx.Client(
            base_url=base_url,
            headers=credentials(base_url, token),
            timeout=httpx.Timeout(10.0, read=330.0),  # `Prefer: wait` may hold an answer 300 s
            trust_env=not goes_around_proxy(base_url),
            transport=transport,
        )

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        **arguments: Any,
    ) -> httpx.Response:
        """The answer, if it is a good one.

        Raises:
            Unreachable: nobody answered within the patience.
            ApiError: the gateway refused.
        """
        sent_safely = method == "GET" or IDEMPOTENCY_KEY in (headers or {})
        delays = back_off(self._patience_s)
        while True:
            delay_s = next(delays, None)
            try:
                response = self._http.request(method, path, headers=headers, **arguments)
            except httpx.TransportError as error:
                never_arrived = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                if delay_s is None or not (sent_safely or never_arrived):
                    cause = str(error) or type(error).__name__
                    raise Unreachable(self.base_url, cause) from error
            else:
                if response.status_code not in AGAIN or delay_s is None or not sent_safely:
                    return _checked(response)
                delay_s = retry_after_s(response.headers.get("Retry-After"), delay_s)
            time.sleep(delay_s)

    def stream_to(self, path: str, write: Any) -> None:
        """Hand the body of `GET path` to `write`, piece by piece.

        Raises:
            Unreachable: the connection failed.
            ApiError: the gateway refused.
        """
        try:
            with self._http.stream("GET", path, follow_redirects=True) as response:
                if response.is_error:
                    response.read()
                    _checked(response)
                for piece in response.iter_bytes():
                    write(piece)
        except httpx.TransportError as error:
            raise Unreachable(self.base_url, str(error) or type(error).__name__) from error


def _checked(response: httpx.Response) -> httpx.Response:
    """`response`, or the problem detail inside it as an `ApiError`."""
    if not response.is_error:
        return response
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        problem = {}
    detail = str(problem.get("detail") or f"HTTP {response.status_code} {response.reason_phrase}")
    raise ApiError(response.status_code, detail, list(problem.get("errors") or []))
