"""The client of the bus, where nats-py itself has to be mended.

A pong that comes after its flush timed out ends the task that reads, so that nothing is heard any
more. It sends its password in plain text to a server that says it has no TLS, and so to whoever
on the way says so in its place: a handshake before the first word leaves no room for that. When a
handshake fails, it waits for ever for the end of a connection that has ended already.
"""

import asyncio
import ssl
from pathlib import Path
from typing import Any

from nats.aio.client import Client


class Hearing(Client):
    """The client, which hears on after a pong that nobody waits for any more."""

    async def _process_pong(self) -> None:
        if self._pongs and self._pongs[0].done():
            self._pongs[0] = asyncio.get_running_loop().create_future()
        await super()._process_pong()


class Encrypted(Hearing):
    """A client whose failed handshakes are failures like any other: told, then tried again."""

    async def _process_connect_init(self) -> None:
        try:
            await super()._process_connect_init()
        except BaseException:
            line: Any = self._transport
            if line is not None and line._io_writer is line._bare_io_writer:  # noqa: SLF001
                line._io_writer.transport.abort()  # noqa: SLF001
                line._io_writer = None  # noqa: SLF001 - nothing that would be waited for
            raise


def client(ca: Path | None) -> Client:
    """Not connected yet."""
    return Encrypted() if ca else Hearing()


def options(ca: Path | None) -> dict[str, Any]:
    """Of `Client.connect` to a server that `ca` (PEM) vouches for; none for plain text."""
    if ca is None:
        return {}
    return {"tls": ssl.create_default_context(cafile=str(ca)), "tls_handshake_first": True}
