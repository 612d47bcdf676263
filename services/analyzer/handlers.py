"""Takes a request of the area `analysis` to its end: fetch, compute, tell."""

import asyncio
import shutil

from libs.common.errors import PermanentError
from libs.common.events import AnalysisRequested, AnalysisStarted
from libs.common.work import Attempt
from services.analyzer.choose_thresholds import choose_thresholds
from services.analyzer.compare import compare
from services.analyzer.explain import explain
from services.analyzer.parts import forget_parts
from services.analyzer.validate import validate
from services.analyzer.visualize import visualize

OPERATIONS = {
    "validate": validate,
    "visualize": visualize,
    "compare": compare,
    "thresholds": choose_thresholds,
    "explain": explain,
}


async def analyse_model(attempt: Attempt) -> None:
    """Run one attempt at a job in a folder of its own, which is gone afterwards.

    Raises:
        PermanentError: the request cannot be served; the message says what to do.
        TransientError: another attempt may succeed.
    """
    request = attempt.job.request
    assert isinstance(request, AnalysisRequested)
    await attempt.tell(AnalysisStarted, worker=attempt.deps.worker)
    jobs = attempt.deps.scratch / "jobs"
    folder = jobs / f"{attempt.job.id}-{attempt.number}"
    for leftover in jobs.glob(f"{attempt.job.id}-*"):
        await asyncio.to_thread(shutil.rmtree, leftover, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        await OPERATIONS[request.operation](attempt, request, folder)
        await forget_parts(attempt.deps, attempt.job.id)
    except PermanentError:
        await forget_parts(attempt.deps, attempt.job.id)
        raise
    except asyncio.CancelledError:
        if attempt.cancelling:
            await forget_parts(attempt.deps, attempt.job.id)
        raise
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
