"""Check a dataset from end to end: description, names, every file, then the whole."""

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from libs.common.dataset_files import Fence
from libs.common.dataset_survey import Survey, survey_dataset
from libs.common.safe_yaml import YamlFile, read_mapping
from services.dataset.closer import describe_boxes, find_twins, search_objects
from services.dataset.described import DescribedBoxes
from services.dataset.domain.catalogue import CATALOGUE
from services.dataset.domain.filetree import FileTree
from services.dataset.domain.findings import Hit, Rules
from services.dataset.domain.overrides import complaints
from services.dataset.domain.paths import shown
from services.dataset.domain.predicted import judge
from services.dataset.domain.report import About, build_report
from services.dataset.domain.scanned import Scanned
from services.dataset.domain.tally import count
from services.dataset.domain.whole import WHOLE_RULES
from services.dataset.fingerprint import looks, verdicts
from services.dataset.found_so_far import Found
from services.dataset.known import KnownFiles
from services.dataset.listing import Listing, list_dataset
from services.dataset.options import ValidateOptions
from services.dataset.part import Orders
from services.dataset.predictions import Predictions, find_images
from services.dataset.scan import Scan, StageProgress, Take
from services.dataset.workers import Workers

LISTING_S = 0.5
OWN_RULES = ".shirushi-rules.yaml"
"""In the dataset's folder: severities and thresholds that always hold for it."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a check works with."""

    workers: Workers
    known: Path | None = None
    """The folder with what earlier checks saw of datasets; without, every file is looked at."""
    predictions: Predictions | None = None
    """What a model said of its images."""


async def validate(
    path: Path,
    options: ValidateOptions,
    *,
    named: str,
    validation_id: str,
    roots: Sequence[Path],
    means: Means,
    found: Found,
    progress: StageProgress,
) -> dict[str, Any]:
    """The report on the dataset at `path`.

    Args:
        path: folder or YAML file.
        options: what is checked.
        named: the dataset as the user wrote it.
        validation_id: of the job.
        roots: folders that nothing read may lie outside of; empty = any.
        means: what opens the files, and what is known of them.
        found: takes what is found, as it is found.
        progress: told of images done.

    Raises:
        BadInput: there is no dataset at `path`.
    """
    begin = time.monotonic()
    survey = await asyncio.to_thread(survey_dataset, path, roots, list_images=False)
    rules = Rules(CATALOGUE, _own_rules(survey) | options.rules)
    orders = Orders(
        classes=len(survey.names),
        rules=rules,
        images=options.check_images,
        labels=options.check_labels,
        full=options.mode == "full",
        roots=tuple(map(str, roots)),
        hashed=options.mode != "fast",
    )

    def take(split: str | None, file: str | None, hit: Hit) -> None:
        found.add(rules.finding(hit, split=split, file=file))

    listing = await _listed(survey, Fence(roots), progress)
    _add_problems(survey, found, rules)
    said = means.predictions if options.check_labels else None
    if said:
        await find_images(said, listing, progress)
    store = _store(means.known, survey, orders) if means.known and options.check_images else None
    one = Scan(listing, survey.names, orders, means.workers, store)
    scanned = await one.run(take, progress)
    if orders.full and orders.images:
        described = DescribedBoxes(store.folder) if store else None
        scanned.twins = await find_twins(scanned, rules, means.workers, progress)
        scanned.crops = await describe_boxes(scanned, means.workers, progress, described)
        scanned.doubts = await search_objects(scanned, means.workers, progress)
    if said:
        predicted = said.of_dataset(len(scanned.images), scanned.names)
        scanned.judged = await asyncio.to_thread(judge, scanned, predicted)
    await asyncio.to_thread(_judge_whole, scanned, rules, options, take)
    tally = count(scanned, found.findings)
    about = About(
        validation_id=validation_id,
        dataset_path=named,
        names=survey.names,
        sources={split: _sources(survey, split) for split in survey.splits},
        quirks=survey.quirks,
        seconds=time.monotonic() - begin,
        mode=options.mode,
        reused=one.reused,
        imgsz=options.imgsz,
    )
    report = await asyncio.to_thread(build_report, about, tally)
    if said and scanned.judged:
        report["predictions"] = said.told(scanned.judged.from_confidence)
    return report


async def _listed(survey: Survey, fence: Fence, progress: StageProgress) -> Listing:
    """The files of the dataset, with a sign of life while they are listed."""
    images, stopped = 0, False

    def tell(count: int) -> None:
        nonlocal images
        images = count
        if stopped:
            raise InterruptedError

    listing = asyncio.create_task(asyncio.to_thread(list_dataset, survey, fence, tell))
    try:
        while not (await asyncio.wait({listing}, timeout=LISTING_S))[0]:
            await progress(images, max(1, images), "listing files")
    finally:
        stopped = True
    return listing.result()


def _store(home: Path, survey: Survey, orders: Orders) -> KnownFiles:
    what = verdicts(orders.rules, orders.classes)
    return KnownFiles(home, str(survey.root), looks(), what)


def _own_rules(survey: Survey) -> dict[str, Any]:
    """The dataset's own settings; a mistake in them is told, and the rest of them holds."""
    file = YamlFile(survey.root / OWN_RULES)
    if not file.file.is_file() or file.file.is_symlink():
        return {}
    wishes = {str(key): _plain(wish) for key, wish in (read_mapping(file) or {}).items()}
    wrong = [problem.message for problem in file.problems] + complaints(CATALOGUE, wishes)
    survey.quirks += [f"{OWN_RULES}: {text}" for text in wrong[:20]]
    return {key: wish for key, wish in wishes.items() if not complaints(CATALOGUE, {key: wish})}


def _plain(wish: Any) -> Any:
    """`severity: off` without quotes is False in YAML."""
    if isinstance(wish, dict) and wish.get("severity") is False:
        return wish | {"severity": "off"}
    return wish


def _sources(survey: Survey, split: str) -> str:
    """The folders of a split, as the user knows them."""
    root = survey.root
    return ", ".join(
        source.relative_to(root).as_posix() if source.is_relative_to(root) else str(source)
        for source in survey.sources[split]
    )


def _judge_whole(scanned: Scanned, rules: Rules, options: ValidateOptions, take: Take) -> None:
    wanted = {
        "files": options.validate_format,
        "images": options.check_images,
        "labels": options.check_labels,
        "always": True,
    }
    if not options.validate_format:
        scanned.tree = FileTree({})
    for part, rule in WHOLE_RULES:
        if wanted[part]:
            for split, file, hit in rule(scanned, rules):
                take(split, file, hit)


def _add_problems(survey: Survey, found: Found, rules: Rules) -> None:
    """What is wrong with the description; its true counts are the survey's."""
    for problem in survey.problems:
        file = problem.file
        if file is not None:
            inside = file.is_relative_to(survey.root)
            file = file.relative_to(survey.root) if inside else Path(file.name)
        hit = Hit(problem.rule, problem.message, problem.line, problem.value)
        place = shown(os.fsencode(file)) if file else None
        found.add(rules.finding(hit, split=None, file=place))
    for rule, true_count in survey.counts.items():
        kept = sum(problem.rule == rule for problem in survey.problems)
        if true_count > kept and rules[rule].enabled:
            found.findings.counts[rule, rules[rule].severity, None] += true_count - kept
