"""One HTTP exchange with the gateway: asks again while it is away, turns refusals into errors.

Made from `libs/client/transport.py` by `python -m tests.contract.async_client`.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx

from libs.client.address import credentials, goes_around_proxy
from libs.client.errors import Unreachable
from libs.client.retry import AGAIN, back_off, retry_after_s
from libs.client.transport import IDEMPOTENCY_KEY, _checked


class AsyncTransport:
    """Keeps one connection pool to `base_url` (…/api/v1/ml); a context manager.

    A request is sent again, for up to `patience_s`, if the gateway cannot be reached or answers
    502, 503 or 504. A POST without an idempotency key is only sent again if it never arrived.
    """

    def __init__(
        self,
        base_url: str,
        patience_s: float,
        transport: httpx.AsyncBaseTransport | None = None,
        token: str | None = None,
    ) -> None:
        self.base_url = base_url
        self._patience_s = patience_s
        self._http = httpx.AsyncClient(
            base_url=base_url,
            headers=credentials(base_url, token),
            timeout=httpx.Timeout(10.0, read=330.0),
            trust_env=not goes_around_proxy(base_url),
            transport=transport,
        )

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    async def send(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **arguments: Any
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
                response = await self._http.request(method, path, headers=headers, **arguments)
            except httpx.TransportError as error:
                never_arrived = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                if delay_s is None or not (sent_safely or never_arrived):
                    cause = str(error) or type(error).__name__
                    raise Unreachable(self.base_url, cause) from error
            else:
                if response.status_code not in AGAIN or delay_s is None or (not sent_safely):
                    return _checked(response)
                delay_s = retry_after_s(response.headers.get("Retry-After"), delay_s)
            await asyncio.sleep(delay_s)

    async def stream_to(self, path: str, write: Any) -> None:
        """Hand the body of `GET path` to `write`, piece by piece.

        Raises:
            Unreachable: the connection failed.
            ApiError: the gateway refused.
        """
        try:
            async with self._http.stream("GET", path, follow_redirects=True) as response:
                if response.is_error:
                    await response.aread()
                    _checked(response)
                async for piece in response.aiter_bytes():
                    write(piece)
        except httpx.TransportError as error:
            raise Unreachable(self.base_url, str(error) or type(error).__name__) from error
