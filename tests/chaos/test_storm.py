"""A short storm on the whole system; `make chaos SECONDS=… SEED=…` lets longer ones rage."""

from pathlib import Path

import pytest

from tests.chaos.run import alone
from tests.chaos.schedule import schedule

SEED = 1200
SECONDS = 15.0


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_nothing_is_lost_in_a_storm(tmp_path: Path) -> None:
    outcome = await alone(schedule(SEED, SECONDS), tmp_path)
    assert not outcome.violations, (
        f"{outcome}\nthe smallest storm that fails: make chaos SEED={SEED} STORM={SECONDS:g}"
    )
    assert outcome.jobs >= 9, outcome
    assert outcome.artifacts > 0, outcome
