"""After a scan in full mode: look closer at images that may show the same, and at boxes."""

import asyncio
import os

import numpy as np

from services.dataset.compare import Question, compare
from services.dataset.crops import Cut, Hunt, describe, hunt
from services.dataset.described import DescribedBoxes, key_of
from services.dataset.domain.doubted import Doubt
from services.dataset.domain.doubts import Search, searches, verdicts
from services.dataset.domain.findings import Rules
from services.dataset.domain.look_alikes import MOST_BOXES, sampled_images
from services.dataset.domain.scanned import FORMATS, TWIN, Crops, Scanned, Table
from services.dataset.domain.twins import IDENTICAL, MIRRORED, candidates
from services.dataset.scan import StageProgress
from services.dataset.workers import Workers

PAIRS_AT_ONCE = 64
IMAGES_AT_ONCE = 32


async def find_twins(
    scanned: Scanned, rules: Rules, workers: Workers, progress: StageProgress
) -> Table:
    """The pairs of images that show the same scene, of those whose hashes are near."""
    pairs = await asyncio.to_thread(candidates, scanned, rules)
    pairs = pairs[np.argsort(pairs["first"], kind="stable")]  # an image is read once in a part
    kept: list[Table] = [np.zeros(0, TWIN)]
    keys = [_pair_key(scanned, *row) for row in pairs[["first", "other", "kind"]].tolist()]
    answers = {key: workers.remembered.get(key) for key in keys}
    fresh = [at for at, key in enumerate(keys) if answers[key] is None]
    step = PAIRS_AT_ONCE * workers.processes
    for start in range(0, len(fresh), step):
        part = fresh[start : start + step]
        asked = [
            workers.run(compare, _questions(scanned, pairs[part[at : at + PAIRS_AT_ONCE]]))
            for at in range(0, len(part), PAIRS_AT_ONCE)
        ]
        verdicts = [verdict for told in await asyncio.gather(*asked) for verdict in told]
        for at, verdict in zip(part, verdicts, strict=True):
            answers[keys[at]] = verdict
            workers.remember(keys[at], verdict)
        await progress(start + len(part), len(fresh), "comparing images that look alike")
    for at, key in enumerate(keys):
        answer = answers[key]
        if answer and answer.same:
            twin = pairs[at : at + 1]
            twin["kind"] = IDENTICAL if answer.identical else twin["kind"]
            kept.append(twin)
    return np.concatenate(kept)


def _pair_key(scanned: Scanned, first: int, other: int, kind: int) -> tuple[bytes, bytes, int]:
    digests = scanned.images["digest"]
    return digests[first].tobytes(), digests[other].tobytes(), kind


def _questions(scanned: Scanned, pairs: Table) -> tuple[Question, ...]:
    home = os.fsencode(scanned.root)
    sizes = scanned.images[["width", "height"]]
    jpeg = scanned.images["format"] == FORMATS.index("jpeg")
    return tuple(
        Question(
            os.path.join(home, scanned.paths.raw(first)),  # noqa: PTH118 (bytes)
            os.path.join(home, scanned.paths.raw(other)),  # noqa: PTH118
            kind == MIRRORED,
            bool(sizes[first] == sizes[other]),
            bool(jpeg[first] == jpeg[other]),
        )
        for first, other, _, kind in pairs.tolist()
    )


async def describe_boxes(
    scanned: Scanned,
    workers: Workers,
    progress: StageProgress,
    kept: DescribedBoxes | None = None,
) -> Crops:
    """What the boxes of a sample of images show; what is `kept` of earlier checks still holds."""
    rows = await asyncio.to_thread(sampled_images, scanned)
    first = scanned.first_box
    boxes: list[np.ndarray] = [np.zeros(0, np.intp)]
    told: list[np.ndarray] = [describe(())]
    keys = {row: _boxes_key(scanned, row) for row in rows.tolist()}
    answers = {key: workers.remembered.get(key) for key in keys.values()}
    if kept and any(answer is None for answer in answers.values()):
        before = await asyncio.to_thread(kept.load)
        answers |= {key: before[key] for key in answers.keys() & before.keys()}
    fresh = [row for row, key in keys.items() if answers[key] is None]
    step = IMAGES_AT_ONCE * workers.processes
    for start in range(0, len(fresh), step):
        part = fresh[start : start + step]
        groups = [part[at : at + IMAGES_AT_ONCE] for at in range(0, len(part), IMAGES_AT_ONCE)]
        asked = [workers.run(describe, _cuts(scanned, group)) for group in groups]
        for group, vectors in zip(groups, await asyncio.gather(*asked), strict=True):
            ends = np.cumsum([first[row + 1] - first[row] for row in group])[:-1]
            for row, own in zip(group, np.split(vectors, ends), strict=True):
                answers[keys[row]] = own
                workers.remember(keys[row], own)
        await progress(start + len(part), len(fresh), "comparing boxes")
    if kept and fresh:
        await asyncio.to_thread(
            kept.keep, {k: own for k, own in answers.items() if own is not None}
        )
    for row, key in keys.items():
        if (known := answers[key]) is not None:
            told.append(known)
            boxes.append(np.arange(first[row], first[row + 1]))
    vectors, which = np.concatenate(told), np.concatenate(boxes)
    seen = np.flatnonzero(np.isfinite(vectors).all(axis=1))
    if len(seen) > MOST_BOXES:
        seen = seen[np.linspace(0, len(seen) - 1, MOST_BOXES).astype(np.intp)]
    return Crops(which[seen], vectors[seen])


def _boxes_key(scanned: Scanned, row: int) -> bytes:
    """Of the image's bytes and its boxes in their order."""
    boxes = scanned.boxes[scanned.first_box[row] : scanned.first_box[row + 1]]
    places = np.column_stack([boxes[name] for name in ("x", "y", "width", "height")])
    return key_of(scanned.images["digest"][row].tobytes(), places.tobytes())


def _cuts(scanned: Scanned, rows: list[int]) -> tuple[Cut, ...]:
    home, first = os.fsencode(scanned.root), scanned.first_box
    columns = ("x", "y", "width", "height")
    cuts = []
    for row in rows:
        boxes = scanned.boxes[first[row] : first[row + 1]]
        path = os.path.join(home, scanned.paths.raw(row))  # noqa: PTH118 (bytes)
        cuts.append(Cut(path, np.column_stack([boxes[column] for column in columns])))
    return tuple(cuts)


async def search_objects(
    scanned: Scanned, workers: Workers, progress: StageProgress
) -> tuple[Doubt, ...]:
    """Look for the objects of boxes that look odd, and for classes that are missing."""
    asked = await asyncio.to_thread(searches, scanned)
    home = os.fsencode(scanned.root)
    keys = [_search_key(scanned, search) for search in asked]
    fresh = [at for at, key in enumerate(keys) if key not in workers.remembered]
    found = {key: workers.remembered[key] for key in keys if key in workers.remembered}
    for start in range(0, len(fresh), workers.processes):
        part = fresh[start : start + workers.processes]
        hunts = [
            Hunt(
                os.path.join(home, scanned.paths.raw(search.image)),  # noqa: PTH118 (bytes)
                search.size,
                search.near,
                search.exemplars,
            )
            for search in (asked[at] for at in part)
        ]
        told = await asyncio.gather(*(workers.run(hunt, each) for each in hunts))
        for at, answer in zip(part, told, strict=True):
            found[keys[at]] = answer
            workers.remember(keys[at], answer)
        await progress(start + len(part), len(fresh), "searching for objects")
    return verdicts(scanned, asked, [found[key] for key in keys])


def _search_key(scanned: Scanned, search: Search) -> bytes:
    """Of the image's bytes and all that is asked of them."""
    question = repr((search.size, search.near)).encode() + search.exemplars.tobytes()
    return key_of(scanned.images["digest"][search.image].tobytes(), question)
