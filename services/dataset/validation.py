"""Check a dataset from end to end: description, names, every file, then the whole."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from libs.common.dataset_survey import Survey, survey_dataset
from libs.common.safe_yaml import YamlFile, read_mapping
from services.dataset.domain.catalogue import CATALOGUE
from services.dataset.domain.findings import Findings, Hit, Rules
from services.dataset.domain.report import About, build_report
from services.dataset.domain.rules_dataset import check_classes, check_duplicates, check_splits
from services.dataset.domain.rules_files import check_files
from services.dataset.domain.tally import Tally
from services.dataset.listing import list_files
from services.dataset.look import Orders
from services.dataset.options import ValidateOptions
from services.dataset.scan import Progress, scan
from services.dataset.workers import Workers

OWN_RULES = ".shirushi-rules.yaml"
"""In the dataset's folder: severities and thresholds that always hold for it."""

Place = tuple[str | None, str | None, Hit]


async def validate(
    path: Path,
    options: ValidateOptions,
    *,
    named: str,
    validation_id: str,
    roots: Sequence[Path],
    workers: Workers,
    progress: Progress,
) -> tuple[dict[str, Any], Findings]:
    """The report on the dataset at `path`, and what was found.

    Args:
        path: folder or YAML file.
        options: what is checked.
        named: the dataset as the user wrote it.
        validation_id: of the job.
        roots: folders that nothing read may lie outside of; empty = any.
        workers: processes that open the files.
        progress: told of images done.

    Raises:
        BadInput: there is no dataset at `path`.
    """
    begin = time.monotonic()
    survey = await asyncio.to_thread(survey_dataset, path, roots)
    rules = Rules(CATALOGUE, _own_rules(survey.root) | options.rules)
    orders = Orders(
        root=survey.root,
        classes=len(survey.names),
        rules=rules,
        images=options.check_images,
        labels=options.check_labels,
        full=options.mode == "full",
        max_examples=options.max_examples,
    )
    tally = await scan(survey, orders, workers, progress)
    await asyncio.to_thread(_judge_whole, survey, tally, rules, options)
    about = About(
        validation_id=validation_id,
        dataset_path=named,
        names=survey.names,
        sources={split: _sources(survey, split) for split in survey.splits},
        quirks=survey.quirks,
        seconds=time.monotonic() - begin,
    )
    return build_report(about, tally), tally.findings


def _own_rules(root: Path) -> dict[str, Any]:
    file = root / OWN_RULES
    if not file.is_file() or file.is_symlink():
        return {}
    return {str(key): value for key, value in (read_mapping(YamlFile(file)) or {}).items()}


def _sources(survey: Survey, split: str) -> str:
    """The folders of a split, as the user knows them."""
    root = survey.root
    return ", ".join(
        source.relative_to(root).as_posix() if source.is_relative_to(root) else str(source)
        for source in survey.sources[split]
    )


def _judge_whole(survey: Survey, tally: Tally, rules: Rules, options: ValidateOptions) -> None:
    if options.validate_format:
        _add(tally, rules, check_files(list_files(survey)))
    _add_problems(survey, tally, rules)
    _add(tally, rules, check_duplicates(tally.twins))
    if options.check_labels and survey.splits:
        _add(tally, rules, check_classes(survey.names, tally.splits, rules))
    _add(tally, rules, check_splits(tally.splits, rules))


def _add(tally: Tally, rules: Rules, places: Iterable[Place]) -> None:
    for split, file, hit in places:
        tally.findings.add(rules.finding(hit, split=split, file=file))


def _add_problems(survey: Survey, tally: Tally, rules: Rules) -> None:
    """What is wrong with the description; its true counts are the survey's."""
    for problem in survey.problems:
        file = problem.file
        if file is not None:
            inside = file.is_relative_to(survey.root)
            file = file.relative_to(survey.root) if inside else Path(file.name)
        hit = Hit(problem.rule, problem.message, problem.line, problem.value)
        place = file.as_posix() if file else None
        tally.findings.add(rules.finding(hit, split=None, file=place))
    for rule, count in survey.counts.items():
        kept = sum(problem.rule == rule for problem in survey.problems)
        if count > kept and rules[rule].enabled:
            tally.findings.counts[rule, rules[rule].severity, None] += count - kept
