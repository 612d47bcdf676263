"""What a training leaves in the store when it has ended: what its facts name, and nothing else."""

from libs.common.events import TrainingCompleted, TrainingRequested
from libs.common.jobs import Job
from libs.common.service import Deps

RESERVED = ".reserved"
"""The gateway's: the name stays taken."""


async def tidy(deps: Deps, job: Job) -> None:
    """Remove what attempts that died left under the run's prefix.

    Raises:
        Unavailable: the store does not answer.
    """
    request, outcome = job.request, job.outcome
    assert isinstance(request, TrainingRequested)
    named = {f"{request.prefix}/{RESERVED}"}
    if job.checkpoint:
        named |= {artifact.key for artifact in job.checkpoint.files.values()}
    if isinstance(outcome, TrainingCompleted):
        named |= {artifact.key for artifact in outcome.artifacts.values()}
    else:
        named |= {sheet.picture.key for sheet in job.samples}
    heads = await deps.artifacts.list(request.prefix)
    await deps.artifacts.delete(*(head.key for head in heads if head.key not in named))
