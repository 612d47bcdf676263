"""Run the analyzer: `python -m services.analyzer`."""

import asyncio

from libs.common.asks import answer_questions
from libs.common.service import open_service, until_told_to_stop
from libs.common.subjects import ANALYZER
from libs.common.work import run_jobs
from services.analyzer.asking import AnalyzerDeps
from services.analyzer.changed_boxes import comparison_questions
from services.analyzer.child import Stock, judging_environment
from services.analyzer.following import follow_trainings
from services.analyzer.handlers import analyse_model
from services.analyzer.questions import analysis_questions
from services.analyzer.settings import AnalyzerSettings
from services.analyzer.tidying import tidy


async def main() -> None:
    """Work off analysis requests, one at a time, and answer questions, until told to stop."""
    settings = AnalyzerSettings()
    async with open_service("analyzer", settings) as basic:
        stock = Stock(judging_environment(basic.scratch / "yolo"))
        deps = AnalyzerDeps(**vars(basic), stock=stock, part_s=settings.part_s)
        stock.refill()
        try:
            follow = [follow_trainings(deps)] if settings.auto_validate else []
            await until_told_to_stop(
                *follow,
                run_jobs(deps, ANALYZER, analyse_model, tidy=tidy),
                answer_questions(
                    deps.bus, "analysis", analysis_questions(deps) | comparison_questions(deps)
                ),
            )
        finally:
            await stock.close()


if __name__ == "__main__":
    asyncio.run(main())
