"""Rules over images that belong to two splits at once: the same folders, nested ones, lists."""

from collections.abc import Iterator
from itertools import combinations

from services.dataset.domain.findings import Hit, Rules
from services.dataset.domain.scanned import Place, Scanned


def check_shared_images(scanned: Scanned, _: Rules) -> Iterator[Place]:
    """Splits that name the same files. One cause, one rule: equal, nested, or listed twice."""
    for one, other in combinations(scanned.splits, 2):
        sources = [scanned.tree.sources.get(split, ()) for split in (one, other)]
        if _are_apart(*sources):
            continue
        rows, others = scanned.rows_of(one), scanned.rows_of(other)
        shared = _shared(scanned, rows.tolist(), others.tolist())
        if not shared:
            continue
        if (one, other) == ("train", "val") and len(shared) == len(rows) == len(others):
            text = "Train and val name the same images: the figures say nothing. Split the dataset."
            yield "val", None, Hit("train_equals_val", text, value=str(len(shared)))
            continue
        folders = _nested(*sources)
        if folders:
            text = (
                f"'{folders[1]}' lies in '{folders[0]}': {len(shared)} images belong to both {one} "
                f"and {other}, and the figures are too good. Give each split its own folder."
            )
            yield other, folders[1], Hit("split_overlap_parent", text, value=folders[0])
            continue
        listing = next((s for s in sources[1] if s.endswith(".txt")), None)
        for row in shared:
            name = scanned.file_of(row)
            text = f"'{name}' is in {one} and in {other}: the figures are too good. Keep it in one."
            yield other, listing or name, Hit("txt_list_overlap", text, value=name)


def _are_apart(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two splits are of folders alone, none of which lies in another's."""
    plain = all(not s.endswith(".txt") and not s.startswith("/") for s in (*one, *other))
    return bool(one and other) and plain and _nested(one, other) is None


def _shared(scanned: Scanned, rows: list[int], others: list[int]) -> list[int]:
    """Rows of `others` whose path is among those of `rows`."""
    hashes = {hash(scanned.paths.raw(row)) for row in rows}
    found = [row for row in others if hash(scanned.paths.raw(row)) in hashes]
    if not found:
        return []
    paths = {scanned.paths.raw(row) for row in rows}
    return [row for row in found if scanned.paths.raw(row) in paths]


def _nested(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, str] | None:
    """The outer and the inner folder, of the first pair that lies one in the other."""
    for a in one:
        for b in other:
            if a == b or b.startswith(f"{a}/"):
                return a, b
            if a.startswith(f"{b}/"):
                return b, a
    return None
