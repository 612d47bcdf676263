"""After a scan in full mode: look closer at images that may show the same scene."""

import asyncio
import os

import numpy as np

from services.dataset.compare import Question, compare
from services.dataset.domain.findings import Rules
from services.dataset.domain.scanned import TWIN, Scanned, Table
from services.dataset.domain.twins import IDENTICAL, MIRRORED, candidates
from services.dataset.scan import StageProgress
from services.dataset.workers import Workers

PAIRS_AT_ONCE = 64


async def find_twins(
    scanned: Scanned, rules: Rules, workers: Workers, progress: StageProgress
) -> Table:
    """The pairs of images that show the same scene, of those whose hashes are near."""
    pairs = await asyncio.to_thread(candidates, scanned, rules)
    pairs = pairs[np.argsort(pairs["first"], kind="stable")]  # an image is read once in a part
    kept: list[Table] = [np.zeros(0, TWIN)]
    step = PAIRS_AT_ONCE * workers.processes
    for start in range(0, len(pairs), step):
        part = pairs[start : start + step]
        asked = [
            workers.run(compare, _questions(scanned, part[at : at + PAIRS_AT_ONCE]))
            for at in range(0, len(part), PAIRS_AT_ONCE)
        ]
        verdicts = [verdict for told in await asyncio.gather(*asked) for verdict in told]
        part["kind"][[verdict.identical for verdict in verdicts]] = IDENTICAL
        kept.append(part[[verdict.same for verdict in verdicts]])
        await progress(start + len(part), len(pairs), "comparing images that look alike")
    return np.concatenate(kept)


def _questions(scanned: Scanned, pairs: Table) -> tuple[Question, ...]:
    home = os.fsencode(scanned.root)
    sizes = scanned.images[["width", "height"]]
    return tuple(
        Question(
            os.path.join(home, scanned.paths.raw(first)),  # noqa: PTH118 (bytes)
            os.path.join(home, scanned.paths.raw(other)),  # noqa: PTH118
            kind == MIRRORED,
            bool(sizes[first] == sizes[other]),
        )
        for first, other, _, kind in pairs.tolist()
    )
