"""Mend what a check found, as a new version of the dataset.

The source is never touched, every fix is looked at again before it is made, and what cannot be
mended is listed with the reason.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from libs.common.dataset_survey import Survey
from libs.common.dataset_versions import read_manifest
from libs.common.errors import BadInput
from services.dataset.base import Base, conclude, home_of, refuse_nothing
from services.dataset.domain.catalogue import CATALOGUE
from services.dataset.domain.draft import Blob
from services.dataset.domain.findings import Rules
from services.dataset.domain.fix_labels import LABEL_FIXES
from services.dataset.editions import Edition
from services.dataset.fix_files import (
    FILE_FIXES,
    fix_classes,
    fix_duplicates,
    fix_files,
    fix_unlabelled,
)
from services.dataset.fix_images import IMAGE_FIXES
from services.dataset.found import Places, read_places
from services.dataset.mending import Work, mend_images, mend_labels
from services.dataset.options import FixOptions, read_options
from services.dataset.sources import draft_of_folder, draft_of_manifest
from services.dataset.task import Task
from services.dataset.understanding import understand

MOST_LEFT = 1000

DESCRIPTION_FIXES = frozenset(
    {"yaml_non_utf8", "train_missing", "val_missing", "val_key_misnamed", "nc_names_mismatch"}
    | {"names_index_gap", "names_wrong_type", "names_not_strings", "absolute_path_missing"}
    | {"txt_list_missing_image", "txt_list_duplicate_entry"}
)
"""Mended by the data.yaml that every version gets: it is written from what was understood."""

FIXABLE = LABEL_FIXES | IMAGE_FIXES | FILE_FIXES | DESCRIPTION_FIXES


async def fix(task: Task) -> None:
    """Mend the rules that were asked for, or all whose fix is safe."""
    options = read_options(FixOptions, task.request.options)
    places = await read_places(task.attempt.deps, options.validation_id, task.scratch)
    wanted = choose(places, options.rules)
    await task.attempt.progress(done=0, of=1, stage="reading")
    base, problems = await _open(task, options.name)
    edition = Edition(base.draft, task.contents())
    work = Work(edition, places, wanted, Rules(CATALOGUE, options.overrides))
    await edition.contents.fetch(
        content
        for picture in base.draft.pictures.values()
        for content in (picture.label,)
        if isinstance(content, Blob)
    )
    await edition.contents.fetch(base.draft.strays.values())
    await asyncio.to_thread(fix_files, edition, places, wanted, work.left)
    await mend_images(work, wanted & IMAGE_FIXES, task.progress("mending images"))
    await mend_labels(work, wanted & LABEL_FIXES, task.progress("mending labels"))
    await asyncio.to_thread(_mend_whole, work, problems)
    changes = {rule: count for rule, count in edition.changes.items() if count}
    refuse_nothing(changes, options.dry_run, "what these rules ask for is so already")
    await conclude(
        task,
        base,
        edition.draft,
        edition.contents,
        changes,
        rules=sorted(wanted),
        unfixed=_listed(work.left),
        unfixed_total=sum(map(len, work.left.values())),
    )


def choose(places: Places, asked: Sequence[str]) -> frozenset[str]:
    """The rules to mend: those asked for, else all that were found and are safe.

    Raises:
        BadInput: a rule is not known or has no fix, or there is nothing to mend.
    """
    fixes = {rule.id: rule.fix for rule in CATALOGUE}
    for rule in asked:
        if rule not in fixes:
            raise BadInput(f"There is no rule '{rule[:60]}'.", code="no_such_rule")
        if rule not in FIXABLE:
            raise BadInput(
                f"'{rule}' has no fix that is safe: it takes a person to decide.", code="no_fix"
            )
    wanted = asked or [rule for rule in places.counts if fixes.get(rule) == "auto"]
    found = frozenset(rule for rule in wanted if places.counts[rule])
    if not found:
        raise BadInput(
            "The check found nothing of these rules to mend. Rules whose fix is 'opt' have to be "
            "named.",
            code="nothing_to_fix",
        )
    return found


async def _open(task: Task, name: str | None) -> tuple[Base, frozenset[str]]:
    """What is mended, and the rules that its description would still break when written anew."""
    ref = task.request.dataset
    if ref.version:
        manifest, _ = await read_manifest(ref, task.attempt.deps.artifacts)
        return Base(name or ref.name, draft_of_manifest(manifest), ref.version), frozenset()
    path, roots = await task.folder()
    survey: Survey = await asyncio.to_thread(understand, path, roots, task.scratch)
    if not any(survey.splits.values()):
        raise BadInput(
            "No image of the dataset can be found, however its description is read: correct the "
            "paths in data.yaml.",
            code="no_images",
        )
    draft = await asyncio.to_thread(draft_of_folder, survey, roots)
    home = name or home_of(await task.registry.log(), task)
    return Base(home, draft, None, keep=True), frozenset(p.rule for p in survey.problems)


def _mend_whole(work: Work, problems: frozenset[str]) -> None:
    wanted, edition = work.wanted, work.edition
    fix_duplicates(edition, work.places, wanted, work.left)
    if "image_without_label" in wanted:
        fix_unlabelled(edition)
    for rule in wanted & DESCRIPTION_FIXES:
        if rule in problems:
            work.not_mended(rule, "data.yaml", "nothing else it could mean was found")
        else:
            edition.changes[rule] += work.places.counts[rule]
    fix_classes(edition, wanted, work.left)


def _listed(left: dict[str, list[str]]) -> list[dict[str, Any]]:
    rows = [{"rule": rule, "why": why} for rule, reasons in left.items() for why in reasons]
    return rows[:MOST_LEFT]
