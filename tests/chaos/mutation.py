"""Is a broken build caught? Each mistake of `mutants.py` in a storm made for it; none in control.

python -m tests.chaos.mutation [MUTANT …]     `none` = the same storms on the build as it is,
                                              `none:MUTANT` = one of them
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from tests.chaos.mutants import MUTANTS
from tests.chaos.run import alone
from tests.chaos.schedule import ACK_WAIT_S, Ask, Fault, Schedule

SETTLE_S = 75.0
LONG = Ask(1.0, "train_long")
STORMS = {
    "ack_before_work": Schedule(
        1, 20, (Fault(8, "kill", "trainer"), Fault(9, "kill", "analyzer")), (LONG, Ask(7, "judge"))
    ),
    "no_dedupe_id": Schedule(
        2, 25, tuple(Fault(at, "pause", "nats", 3) for at in (7, 12, 17)), (LONG,)
    ),
    "no_fencing": Schedule(
        3, 60, (Fault(10, "pause", "trainer", 4 * ACK_WAIT_S),), (LONG, LONG), twins=True
    ),
    "upload_after_event": Schedule(4, 15, (), (Ask(1, "check"), Ask(2, "judge"))),
    "lost_outbox": Schedule(5, 25, (Fault(8, "cut", "trainer-nats", 6),), (LONG,)),
}  # fmt: skip


async def main(names: list[str]) -> int:
    """0 when each mistake was caught, and nothing else."""
    wrong = 0
    for name in names or [*MUTANTS, "none"]:
        none, _, scene = name.partition(":")
        for of in STORMS if name == "none" else (scene or name,):
            with tempfile.TemporaryDirectory(
                prefix="mutant-", ignore_cleanup_errors=True
            ) as folder:
                mutant = "" if none == "none" else name
                outcome = await alone(STORMS[of], Path(folder), mutant, settle_s=SETTLE_S)
            caught = bool(outcome.violations)
            wrong += caught == (none == "none")
            found = outcome.violations[0] if caught else "nothing is wrong"
            print(f"{name:20} {of:20} {len(outcome.violations):3}  {found[:140]}", flush=True)
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main(sys.argv[1:])))
