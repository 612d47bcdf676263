"""Scan a dataset chunk by chunk, a bounded number at a time; cancellable."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

from libs.common.dataset_survey import Survey
from services.dataset.domain.findings import Findings
from services.dataset.domain.tally import Tally
from services.dataset.look import Chunk, Orders
from services.dataset.workers import Workers

CHUNK_IMAGES = 64

Progress = Callable[[int, int], Awaitable[None]]
"""Called with images done and images in all."""


async def scan(survey: Survey, orders: Orders, workers: Workers, progress: Progress) -> Tally:
    """Everything the workers saw, added up. When cancelled, chunks under way are left to end."""
    total = sum(len(items) for items in survey.splits.values())
    tally = Tally(Findings(orders.max_examples))
    for split in survey.splits:
        tally.split(split)
    done = 0
    async for size, part in _parts(survey, orders, workers):
        tally.merge(part)
        done += size
        await progress(done, total)
    return tally


async def _parts(
    survey: Survey, orders: Orders, workers: Workers
) -> AsyncIterator[tuple[int, Tally]]:
    """Results in any order, with at most a few chunks under way."""
    waiting: dict[asyncio.Task[Tally], int] = {}
    chunks = _chunks(survey)
    try:
        while True:
            while len(waiting) < 2 * workers.processes and (chunk := next(chunks, None)):
                waiting[asyncio.create_task(workers.look(chunk, orders))] = len(chunk.items)
            if not waiting:
                return
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                yield waiting.pop(task), task.result()
    finally:
        for task in waiting:
            task.cancel()


def _chunks(survey: Survey) -> Iterator[Chunk]:
    for split, items in survey.splits.items():
        for start in range(0, len(items), CHUNK_IMAGES):
            part = items[start : start + CHUNK_IMAGES]
            pairs = ((str(i.image), str(i.label) if i.label else None) for i in part)
            yield Chunk(split, tuple(pairs))
