"""Makes the streams and the mirror that other systems read, again if that one is gone."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import nats
import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.js.api import ExternalStream, StorageType, StreamConfig, StreamSource, SubjectTransform

from deploy.secrets import Secrets
from libs.common import bus, nats_client, subjects
from libs.common.errors import TopologyDrift

log = logging.getLogger(__name__)

CONNECT_S = 5.0
LOOK_EVERY_S = 2.0
SHOWN = ("dataset", "training", "analysis", "model", "host")
"""Areas that other systems see. Not `audit`: who asked for what, and from where, is not theirs."""
MIRROR = StreamConfig(
    name=subjects.EVENTS.name,
    description="what happened, for other systems: same order, same sequences",
    mirror=StreamSource(
        name=str(subjects.EVENTS.name),
        subject_transforms=[
            SubjectTransform(src=f"evt.{area}.>", dest=f"evt.{area}.>") for area in SHOWN
        ],
        external=ExternalStream(api="$JS.APP.API", deliver="mirror.readers"),
    ),
    storage=StorageType.FILE,
    max_bytes=subjects.EVENTS.max_bytes,
    deny_delete=True,
    deny_purge=True,
)


async def provision(
    url: str, secrets: Secrets, ca: Path | None = None, *, replicas: int = 1
) -> None:
    """Make what is missing.

    Raises:
        TopologyDrift: a stream is there with other settings.
        OSError, nats.errors.Error: the server does not let us in.
    """
    streams = tuple(replace(each, num_replicas=replicas) for each in subjects.STREAMS)
    mirror = replace(MIRROR, num_replicas=replicas)
    async with connected(url, "setup", secrets, ca) as nc:
        await bus.provision(nc, streams)
    async with connected(url, "reader_setup", secrets, ca) as nc:
        try:
            await bus.provision(nc, (mirror,))
        except TopologyDrift:  # of an earlier release: it holds nothing that EVENTS has not
            await nc.jetstream().delete_stream(str(MIRROR.name))
            await bus.provision(nc, (mirror,))


async def keep_mirror(
    url: str, secrets: Secrets, ca: Path | None = None, *, replicas: int = 1
) -> None:
    """Make the mirror again whenever it is gone, until cancelled.

    A reader can have it removed (see `nats.conf`); it holds nothing that EVENTS has not.
    """
    while True:
        try:
            async with connected(url, "reader_setup", secrets, ca) as nc:
                while True:
                    try:
                        await nc.jetstream().stream_info(str(MIRROR.name))
                    except nats.js.errors.NotFoundError:
                        log.warning("the readers' mirror was gone, made again")
                        again = replace(MIRROR, num_replicas=replicas)
                        await bus.provision(nc, (again,))
                    await asyncio.sleep(LOOK_EVERY_S)
        except (nats.errors.Error, nats.js.errors.Error, OSError, TimeoutError):
            await asyncio.sleep(LOOK_EVERY_S)


@asynccontextmanager
async def connected(
    url: str, user: str, secrets: Secrets, ca: Path | None = None
) -> AsyncIterator[Client]:
    """A connection that is refused at once rather than tried for ever."""

    async def quiet(_: Exception) -> None:
        """What goes wrong is raised by the call that it concerns."""

    async with asyncio.timeout(CONNECT_S):
        nc = nats_client.client(ca)
        await nc.connect(
            url,
            user=user,
            password=secrets.bus[user],
            allow_reconnect=False,
            error_cb=quiet,
            **nats_client.options(ca),
        )
    try:
        yield nc
    finally:
        await nc.close()
