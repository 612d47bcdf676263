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

SETTLE_S = 150.0
LONG = Ask(1.0, "train_long")
STORMS = {  # a busy machine begins late: what goes wrong goes wrong again and again
    "ack_before_work": Schedule(
        1, 36,
        tuple(Fault(at, "kill", name) for at in (10, 18, 26) for name in ("trainer", "analyzer")),
        (LONG, Ask(9, "judge"), Ask(17, "judge"), Ask(25, "judge")),
    ),
    "no_dedupe_id": Schedule(
        2, 46, tuple(Fault(at, "pause", "nats", 3) for at in range(7, 44, 6)), (LONG, LONG)
    ),
    "no_fencing": Schedule(
        3, 70, (Fault(20, "pause", "trainer", 4 * ACK_WAIT_S),), (LONG, LONG), twins=True
    ),
    "upload_after_event": Schedule(4, 15, (), (Ask(1, "check"), Ask(2, "judge"))),
    "lost_outbox": Schedule(
        5, 46, tuple(Fault(at, "cut", "trainer-nats", 4) for at in range(7, 44, 6)), (LONG, LONG)
    ),
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
            telling = [each for each in outcome.violations if "has no end" not in each]
            found = (telling or outcome.violations or ["nothing is wrong"])[0]
            print(f"{name:20} {of:20} {len(outcome.violations):3}  {found[:140]}", flush=True)
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main(sys.argv[1:])))
