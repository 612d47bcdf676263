"""What a job on a dataset leaves in the store when it has ended: what its facts name.

Bytes of versions are another matter: `garbage.py` frees those that no version holds.
"""

from libs.common.events import DatasetPreviewed, DatasetValidated
from libs.common.jobs import Job
from libs.common.service import Deps

PLACES = ("datasets/.reports", "datasets/.previews")


async def tidy(deps: Deps, job: Job) -> None:
    """Remove reports and previews of attempts that died; each wrote in a folder of its own.

    Raises:
        Unavailable: the store does not answer.
    """
    told = isinstance(job.outcome, DatasetValidated | DatasetPreviewed)
    for place in PLACES:
        kept = f"{place}/{job.id}/{job.attempt}/" if told else None
        heads = await deps.artifacts.list(f"{place}/{job.id}")
        stale = [head.key for head in heads if not (kept and head.key.startswith(kept))]
        await deps.artifacts.delete(*stale)
