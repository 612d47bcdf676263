"""Hosts: take them out of the work and back in.

Made from `libs/client/calls/hosts.py` by `python -m tests.contract.async_client`.
"""

from typing import Literal
from urllib.parse import quote

from libs.client.aio.calls.calls import Calls
from libs.common.answers.system import DrainedHost


class HostCalls(Calls):
    """The routes on hosts that train."""

    async def drain(
        self, host: str, running: Literal["hand_over", "finish"] = "hand_over"
    ) -> DrainedHost:
        """Let a host take no trainings up any more, until `undrain`.

        Args:
            host: as in `hosts` of `status`.
            running: what becomes of those that run there: `hand_over` stores them and leaves
                them to other hosts, `finish` brings them to their end.
        """
        path = f"/training/drain/{quote(host, safe='')}"
        return await self.told(DrainedHost, path, {"running": running})

    async def undrain(self, host: str) -> DrainedHost:
        """Let a host take trainings up again."""
        return await self.told(DrainedHost, f"/training/undrain/{quote(host, safe='')}", {})
