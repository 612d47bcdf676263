"""Storms on a system of their own, and the smallest set of faults that still fails."""

import asyncio
import tempfile
from contextlib import aclosing
from pathlib import Path

from tests.chaos.asking import Asker
from tests.chaos.schedule import Schedule, shrunk
from tests.chaos.storm import SETTLE_S, Outcome, run_storm
from tests.chaos.system import System


async def alone(
    storm: Schedule, folder: Path, mutant: str = "", *, settle_s: float = SETTLE_S
) -> Outcome:
    """A storm on a system that is started for it, with its state in `folder`."""
    system = System(folder, storm.twins, mutant)
    try:
        await system.start()
        asker = Asker(system.url, folder, storm.seed)
        async with aclosing(asker):
            await asker.prepare()
            return await run_storm(system, storm, asker, settle_s=settle_s)
    finally:
        await asyncio.shield(system.stop())


async def smallest(storm: Schedule, tries: int, mutant: str = "") -> Schedule:
    """The storm with as few faults as it takes to fail, found in at most `tries` runs."""

    async def fails(milder: Schedule) -> bool:
        with tempfile.TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True) as folder:
            return bool((await alone(milder, Path(folder), mutant)).violations)

    return await shrunk(storm, fails, tries=tries)
