"""Deliberately broken builds: a service is started with one mistake that must be caught.

python -m tests.chaos.mutants MUTANT services.NAME
"""

import asyncio
import runpy
import sys
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import nats.errors
from nats.js.client import JetStreamContext

from libs.common import jobs, outbox, worker
from libs.common.artifacts import ArtifactStore
from libs.common.errors import Unavailable
from libs.common.events import Artifact, Event


def ack_before_work() -> None:
    """The request is acknowledged as soon as it is seen."""
    settle = worker.Worker._settle_alone

    async def broken(self: worker.Worker, job_id: str, delivery: Any, *, by_turn: bool) -> None:
        await delivery.done()
        await settle(self, job_id, delivery, by_turn=by_turn)

    worker.Worker._settle_alone = broken  # type: ignore[method-assign]


def no_dedupe_id() -> None:
    """Each try of a publish has an id of its own."""
    publish = JetStreamContext.publish

    async def broken(self: Any, *args: Any, **more: Any) -> Any:
        more["headers"] = (more.get("headers") or {}) | {"Nats-Msg-Id": uuid.uuid4().hex}
        return await publish(self, *args, **more)

    JetStreamContext.publish = broken  # type: ignore[method-assign]


def no_fencing() -> None:
    """An older attempt counts as much as the newest, and works on."""
    apply = jobs.apply

    def broken(job: Any, record: Any) -> Any:
        if job and 0 < record.event.attempt < job.attempt:
            event = record.event.model_copy(update={"attempt": job.attempt})
            record = replace(record, event=event)
        return apply(job, record)

    jobs.apply = broken

    class Nothing:
        """No event is one."""

    vars(worker)["Started"] = Nothing


def upload_after_event() -> None:
    """What is put into the store arrives a while after it is announced."""
    put = ArtifactStore._put
    late: set[asyncio.Task[None]] = set()

    async def broken(self: ArtifactStore, key: str, data: Any, *, create: bool) -> None:
        if create:
            await put(self, key, data, create=create)
            return
        held = data if isinstance(data, bytes) else data.read_bytes()

        async def later() -> None:
            await asyncio.sleep(3.0)
            await put(self, key, held, create=create)

        task = asyncio.create_task(later())
        late.add(task)
        task.add_done_callback(late.discard)

    async def copy(self: ArtifactStore, source: Artifact, key: str) -> Artifact:
        return source.model_copy(update={"key": key})

    ArtifactStore._put = broken  # type: ignore[method-assign]
    ArtifactStore.copy = copy  # type: ignore[method-assign]


def lost_outbox() -> None:
    """What cannot be told now is forgotten."""

    async def broken(self: outbox.Outbox, event: Event) -> None:
        try:
            await self._bus.publish(event, patience_s=outbox.PATIENCE_S)
        except (Unavailable, nats.errors.Error):
            return

    outbox.Outbox.tell = broken  # type: ignore[method-assign]


MUTANTS: dict[str, Callable[[], None]] = {
    mutant.__name__: mutant
    for mutant in (ack_before_work, no_dedupe_id, no_fencing, upload_after_event, lost_outbox)
}


if __name__ == "__main__":
    _, name, module = sys.argv
    MUTANTS[name]()
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
