"""Room on a GPU for a judging process, leased from the trainer of this host."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from libs.common.gpu_lease import Lease, gpu_lease
from libs.common.work import Attempt
from services.analyzer.domain.room import room_bytes


@asynccontextmanager
async def gpu_room(
    attempt: Attempt, device: str, *, imgsz: int | None, batch: int
) -> AsyncIterator[Lease | None]:
    """A lease as long as the block lasts; None on the CPU, where nobody is asked.

    Args:
        attempt: told what it waits for.
        device: `cpu` or the index of a GPU.
        imgsz: longest side in pixels; None = as the model was trained.
        batch: images at a time.

    Raises:
        PermanentError: there is no such card (`no_gpu`), or none so large (`gpu_too_small`).
    """
    if device == "cpu":
        yield None
        return

    async def on_wait(reason: str) -> None:
        await attempt.progress(done=0, of=1, stage="waiting", waiting_reason=reason)

    deps = attempt.deps
    async with gpu_lease(
        deps.bus,
        deps.settings.host_name,
        holder=f"analysis {attempt.job.id}",
        device=device,
        need_bytes=room_bytes(imgsz, batch),
        on_wait=on_wait,
    ) as lease:
        yield lease
