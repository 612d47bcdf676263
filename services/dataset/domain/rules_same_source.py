"""Images of one source in two splits, by their names: frames of a video, copies of a photo."""

from collections.abc import Iterator
from itertools import pairwise

from services.dataset.domain.findings import Hit, Rules
from services.dataset.domain.groups import (
    may_have_sequences,
    may_have_sources,
    sequences,
    source_of,
)
from services.dataset.domain.paths import shown
from services.dataset.domain.scanned import Place, Scanned


def check_same_source(scanned: Scanned, _: Rules) -> Iterator[Place]:
    """Val and test images whose video or photo is in an earlier split too."""
    if len(scanned.splits) < 2:
        return
    said: dict[int, str] = {}
    if may_have_sources(scanned.paths.blob):
        said = {
            row: source for row, name in enumerate(_names(scanned)) if (source := source_of(name))
        }
    numbered: dict[str, str] = {}
    if said or may_have_sequences(scanned.paths):
        names = enumerate(_names(scanned))
        numbered = sequences(name for row, name in names if row not in said)
    if not said and not numbered:
        return
    home: dict[str, int] = {}
    for row, name in enumerate(_names(scanned)):
        source = said.get(row) or numbered.get(name)
        if source is None:
            continue
        first = home.setdefault(source, row)
        if scanned.images["split"][first] == scanned.images["split"][row]:
            continue
        shown = scanned.file_of(first)
        kind = {"photo": "photo", "burst": "second"}.get(source.partition(":")[0], "video")
        text = (
            f"By its name it comes from the same {kind} as {shown}: the figures will be too good. "
            "Keep what comes from one source in one split."
        )
        hit = Hit("same_source_across_splits", text, value=shown)
        yield scanned.split_of(row), scanned.file_of(row), hit


def _names(scanned: Scanned) -> Iterator[str]:
    paths = scanned.paths
    if not paths.blob.isascii():
        return (shown(raw[raw.rfind(b"/") + 1 :]) for raw in paths.raws())
    text = paths.blob.decode()
    return (text[max(a, text.rfind("/", a, b) + 1) : b] for a, b in pairwise(paths.ends.tolist()))
