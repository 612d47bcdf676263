"""A short storm on the whole system; `make chaos SECONDS=… SEED=…` lets longer ones rage.

One fixed storm of few jobs: what it takes is the start of a system, a quarter of a minute, and
working off what was asked for. All waits are bounds for a busy machine, not measures.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.run import alone
from tests.chaos.schedule import Ask, schedule

SEED = 2400
SECONDS = 12.0
KINDS = ("train", "check", "import", "judge", "draw_cancelled", "split")


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_nothing_is_lost_in_a_storm(tmp_path: Path) -> None:
    asks = tuple(Ask(1.0 + 1.2 * number, kind) for number, kind in enumerate(KINDS))
    storm = replace(schedule(SEED, SECONDS), asks=asks)
    outcome = await alone(storm, tmp_path)
    assert not outcome.violations, (
        f"{outcome}\nthe smallest storm that fails: make chaos SEED={SEED} STORM={SECONDS:g}"
    )
    assert sum(outcome.hits.values()) >= 2, outcome
    assert outcome.jobs >= len(KINDS), outcome
    assert outcome.artifacts > 0, outcome
