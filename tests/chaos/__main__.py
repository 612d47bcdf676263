"""Storms one after the other: `python -m tests.chaos [--seconds N] [--seed N] [--storm-s N]`.

Each storm is a seed of its own; a system lives through several of them. What fails is printed with
its seed and with the smallest set of faults that still fails. Ends with 1 if anything failed.
"""

import argparse
import asyncio
import itertools
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

from tests.chaos.asking import Asker
from tests.chaos.run import smallest
from tests.chaos.schedule import KEPT, Schedule, schedule
from tests.chaos.storm import Outcome, run_storm
from tests.chaos.system import System

STORMS_A_ROUND = 8
"""Of those the ones without twins are run on one system, those with twins on another."""


def given() -> argparse.Namespace:
    """What is asked for."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--seconds", type=float, default=60.0, help="for about so long")
    words.add_argument("--seed", type=int, default=1, help="of the first storm")
    words.add_argument("--storm-s", type=float, default=30.0, help="of each storm")
    words.add_argument("--kept", action="store_true", help="begin with those that found mistakes")
    words.add_argument("--sparse", action="store_true", help="half of the jobs in each storm")
    words.add_argument("--mutant", default="", help="a mistake from mutants.py")
    words.add_argument("--append", type=Path, help="a file for the figures, a line each")
    words.add_argument("--keep", type=Path, help="a folder for the state of what failed")
    words.add_argument("--shrink", type=int, default=0, help="runs to find a smaller failing storm")
    return words.parse_args()


def rounds(words: argparse.Namespace) -> Iterator[list[Schedule]]:
    """Storms that share a system, for ever."""
    seeds = itertools.chain(KEPT if words.kept else (), itertools.count(words.seed))
    while True:
        storms = [schedule(seed, words.storm_s) for seed in itertools.islice(seeds, STORMS_A_ROUND)]
        if words.sparse:
            storms = [storm.with_half_the_jobs() for storm in storms]
        first = storms[0].twins
        for twins in (first, not first):
            if some := [storm for storm in storms if storm.twins == twins]:
                yield some


async def rage(storms: list[Schedule], words: argparse.Namespace, until_s: float) -> Outcome | None:
    """One storm after the other on one system; the first that failed, with its state kept."""
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="chaos-", dir=words.keep))
    system = System(folder, storms[0].twins, words.mutant)
    try:
        await system.start()
        async with aclosing(Asker(system.url, folder, storms[0].seed)) as asker:
            await asker.prepare()
            for storm in storms:
                outcome = await run_storm(system, storm, asker)
                print(outcome, f"{outcome.jobs} jobs, {outcome.facts} facts", flush=True)
                if words.append:
                    await asyncio.to_thread(append, words.append, outcome.line())
                if outcome.violations:
                    print(f"state kept in {folder}", flush=True)
                    return outcome
                if time.monotonic() >= until_s:
                    break
    finally:
        await asyncio.shield(system.stop())
    shutil.rmtree(folder, ignore_errors=True)
    return None


def append(path: Path, line: str) -> None:
    """Several runs may write to one file."""
    with path.open("a") as file:
        file.write(line + "\n")


async def main() -> int:
    """0 when everything held."""
    words, failed = given(), 0
    task = asyncio.current_task()
    assert task
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)  # nothing is left
    until_s = time.monotonic() + words.seconds
    for storms in rounds(words):
        if time.monotonic() >= until_s:
            break
        if outcome := await rage(storms, words, until_s):
            failed += 1
            if words.shrink:
                found = await smallest(outcome.storm, words.shrink, words.mutant)
                print("smallest:", found, flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
