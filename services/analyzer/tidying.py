"""What an analysis leaves in the store when it has ended: what its facts name, and nothing else."""

from libs.common.events import AnalysisRequested
from libs.common.jobs import Job
from libs.common.service import Deps
from services.analyzer.outputs import prefix_at
from services.analyzer.parts import stored_parts

AREAS = {
    "validate": "validations",
    "visualize": "visualizations",
    "compare": "comparisons",
    "thresholds": "thresholds",
    "explain": "explanations",
}


async def tidy(deps: Deps, job: Job) -> None:
    """Remove the parts of the pass, and what attempts that died had stored of their results.

    Raises:
        Unavailable: the store does not answer.
    """
    request = job.request
    assert isinstance(request, AnalysisRequested)
    kept = getattr(job.outcome, "prefix", None)
    area, name = AREAS[request.operation], request.model.name
    attempts = range(1, job.attempt + 1)
    prefixes = [prefix_at(area, name, job, number) for number in attempts]
    for prefix in (*prefixes, stored_parts(job.id)):
        if prefix != kept:
            heads = await deps.artifacts.list(prefix)
            await deps.artifacts.delete(*(head.key for head in heads))
