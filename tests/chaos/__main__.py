"""Storms one after the other: `python -m tests.chaos [--seconds N] [--seed N] [--storm-s N]`.

Each storm is a seed of its own; a system lives through several of them. What fails is printed with
its seed and with the smallest set of faults that still fails. Ends with 1 if anything failed.
"""

import argparse
import asyncio
import shutil
import signal
import tempfile
import time
from pathlib import Path

from tests.chaos.asking import Asker
from tests.chaos.schedule import Schedule, schedule, shrunk
from tests.chaos.storm import Outcome, run_storm
from tests.chaos.system import System

STORMS_A_SYSTEM = 6


async def alone(storm: Schedule, folder: Path, mutant: str = "") -> Outcome:
    """A storm on a system of its own, with its state in `folder`."""
    system = System(folder, storm.twins, mutant)
    try:
        await system.start()
        asker = Asker(system.url, folder, storm.seed)
        await asker.prepare()
        return await run_storm(system, storm, asker)
    finally:
        await system.stop()


async def main() -> int:
    """0 when everything held."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--seconds", type=float, default=60.0, help="for about so long")
    words.add_argument("--seed", type=int, default=1, help="of the first storm")
    words.add_argument("--storm-s", type=float, default=30.0, help="of each storm")
    words.add_argument("--mutant", default="", help="a mistake from mutants.py")
    words.add_argument("--append", type=Path, help="a file for the figures, a line each")
    words.add_argument("--keep", type=Path, help="a folder for the state of what failed")
    words.add_argument("--shrink", type=int, default=0, help="runs to find a smaller failing storm")
    given = words.parse_args()
    task = asyncio.current_task()
    assert task
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)  # nothing is left
    began, seed, failed = time.monotonic(), given.seed, 0
    while time.monotonic() - began < given.seconds:
        folder = Path(tempfile.mkdtemp(prefix="chaos-", dir=given.keep))
        group = [schedule(seed + n, given.storm_s) for n in range(STORMS_A_SYSTEM)]
        group = [each for each in group if each.twins == group[0].twins]
        seed += 1
        system = System(folder, group[0].twins, given.mutant)
        outcome = None
        try:
            await system.start()
            asker = Asker(system.url, folder, group[0].seed)
            await asker.prepare()
            for storm in group:
                if outcome and time.monotonic() - began >= given.seconds:
                    break
                asker.refused.clear()
                outcome = await run_storm(system, storm, asker)
                seed = storm.seed + 1
                print(outcome, f"{outcome.jobs} jobs, {outcome.facts} facts", flush=True)
                if given.append:
                    with given.append.open("a") as file:
                        file.write(outcome.line() + "\n")
                if outcome.violations:
                    break
        finally:
            await system.stop()
        if not outcome or not outcome.violations:
            shutil.rmtree(folder, ignore_errors=True)
            continue
        failed += 1
        print(f"state kept in {folder}", flush=True)
        if given.shrink:
            print(
                "smallest:", await _smallest(outcome.storm, given.shrink, given.mutant), flush=True
            )
    return int(failed > 0)


async def _smallest(storm: Schedule, tries: int, mutant: str) -> Schedule:
    async def fails(milder: Schedule) -> bool:
        with tempfile.TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True) as folder:
            return bool((await alone(milder, Path(folder), mutant)).violations)

    return await shrunk(storm, fails, tries=tries)


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
